"""What kind of values the columns of a role hold: numbers, vectors, lists, labels; and so which kinds of a loss fit."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from losscli.binding.column_names import ColumnSet
from losscli.binding.kind_shapes import fits, suits
from losscli.binding.label_settings import class_labels
from losscli.binding.plan import Input
from losscli.binding.request import Request
from losscli.binding.spec import LossSpec
from losscli.contract.kinds import Kind
from losscli.contract.number_lists import entries_of, steps_of
from losscli.errors import UsageError
from losscli.io.arrow.decode import is_text_list, is_vector
from losscli.io.arrow.spelled_vectors import SpelledForm, form_of_type
from losscli.io.arrow.types import is_list


class ColumnShapes:
    """Tells the shapes of columns by their types, and the kinds of a loss that fit them."""

    def __init__(self, request: Request, types: Mapping[str, Any]) -> None:
        self._request, self._types = request, types

    def kinds(self, spec: LossSpec, found: Mapping[str, tuple[Any, ColumnSet | None]]) -> tuple[Kind, ...]:
        """The first combination of kinds whose shapes are those of the columns."""
        roles = spec.loss.roles
        shapes = [None if c is None else self._wide(c, roles[role].kinds) for role, (_, c) in found.items()]
        forms = [None if c is None else self._spelled(c) for _, c in found.values()]
        for likely in (True, False) if any(forms) else (True,):
            for kinds in spec.loss.combinations(spec.params, spec.presets):
                sides = zip(kinds, shapes, forms, strict=True)
                if all(fits(k, wide) if form is None else suits(k, form, likely) for k, wide, form in sides):
                    return kinds
        lines = []
        for (role, (_, columns)), wide in zip(found.items(), shapes, strict=True):
            if columns is not None:
                wanted = " or ".join(kind.says for kind in spec.loss.roles[role].kinds)
                got = (
                    f"{len(columns.names)} columns" if len(columns.names) > 1 else "a vector" if wide else "one column"
                )
                lines.append(f"'{role}' is {wanted}; '{columns.text}' is {got}")
        raise UsageError(f"the columns do not fit '{spec.loss.name}': " + "; ".join(lines), code="USAGE_COLUMNS")

    def _wide(self, columns: ColumnSet, kinds: Sequence[Kind]) -> bool:
        return columns.form != "one" or self._listed(columns, kinds)

    def _listed(self, columns: ColumnSet, kinds: Sequence[Kind]) -> bool:
        """Whether the columns are one column of lists: of numbers or, where these kinds have labels, of texts."""
        type_ = self._types.get(columns.names[0])
        if columns.form != "one" or type_ is None:
            return False
        if (form := form_of_type(type_)) is not None:
            return all(kind.shape != "class" and suits(kind, form, likely=kind.shape == "number") for kind in kinds)
        if is_text_list(type_) and any(kind.shape == "number" for kind in kinds):
            return any(kind.sides or kind.labels for kind in kinds)
        return is_vector(type_) or is_list(type_)

    def input(self, role: str, columns: ColumnSet, kind: Kind, like: int, spec: LossSpec) -> Input:
        """What a kernel takes of these columns as values of this kind."""
        return Input(
            role, kind, columns.names,
            wide=self._wide(columns, [kind]), listed=self._listed(columns, [kind]),
            spelled=self._listed(columns, [kind]) and self._spelled(columns) is not None,
            keyed=self._listed(columns, [kind]) and self._keyed(columns),
            labels=self._labels(role, columns, kind),
            positive=self._request.positive if kind.sides else None,
            like=like if kind.shape == "vectors" else None,
            entries=entries_of(role, spec.loss.params, spec.params),
            steps=steps_of(role, spec.loss.params, spec.params),
        )  # fmt: skip

    def _spelled(self, columns: ColumnSet) -> SpelledForm | None:
        """How the texts of the columns spell vectors, if they are one column of a text file that does."""
        return form_of_type(self._types.get(columns.names[0])) if columns.form == "one" else None

    def _keyed(self, columns: ColumnSet) -> bool:
        """Whether the columns are one column of lists of a label and a number each."""
        kind = self._types.get(columns.names[0])
        if columns.form != "one" or kind is None or not is_list(kind):
            return False
        from losscli.io.arrow.keyed import keyed_fields, labels_of

        return keyed_fields(kind) is not None or labels_of(kind) is not None

    def _labels(self, role: str, columns: ColumnSet, kind: Kind) -> tuple[str, ...] | None:
        """What the columns, or the numbers of lists, are called."""
        found = class_labels(role, columns, kind, self._listed(columns, [kind]), self._request.classes)
        if found is not None or not self._keyed(columns):
            return found
        from losscli.io.arrow.keyed import labels_of

        known = labels_of(self._types[columns.names[0]])
        if known is None:
            raise UsageError(
                f"'{columns.text}' holds lists of a label and a number each, and no row says which labels there are",
                hint="--classes A,B,C", code="USAGE_COLUMNS",
            )  # fmt: skip
        return known
