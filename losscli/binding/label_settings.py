"""The settings about labels, held against the columns that they are about."""

from __future__ import annotations

from collections.abc import Iterable

from losscli.binding.column_names import ColumnSet
from losscli.binding.plan import Input
from losscli.binding.request import Request
from losscli.contract.kinds import Kind
from losscli.errors import UsageError
from losscli.io.arrow.canonical import canonical_label


def class_labels(
    role: str, columns: ColumnSet, kind: Kind, listed: bool, classes: tuple[str, ...]
) -> tuple[str, ...] | None:
    """What columns, or the numbers of lists, are called: by the stars of a glob, or by --classes."""
    if not (classes and kind.classes and kind.shape == "vector"):
        return columns.labels
    if columns.labels is None:
        if not listed and len(columns.names) != len(classes):
            raise UsageError(
                f"--classes names {len(classes)} classes, but '{role}' has {len(columns.names)} columns: "
                f"{columns.text}",
                code="USAGE_COLUMNS",
            )
        return classes
    if set(map(canonical_label, columns.labels)) != set(map(canonical_label, classes)):
        raise UsageError(
            f"the classes of '{role}' ({columns.text}) are {', '.join(columns.labels)}, which are not those of "
            "--classes",
            hint="remove --classes: the part that * matches names the class",
            code="USAGE_COLUMNS",
        )
    return columns.labels


def refuse_unused_labels(request: Request, inputs: Iterable[Input]) -> None:
    """A UsageError where a setting about labels has nothing to be about."""
    inputs = list(inputs)
    carriers = [item.classes for item in inputs if item.classes is not None and item.classes.carrier is not None]
    why = None
    if request.positive is not None and not any(item.kind.sides for item in inputs):
        why = "--positive is for binary targets, and no loss here has one"
    elif request.classes and not (carriers or any(item.kind.classes for item in inputs)):
        why = "--classes is for losses of several classes, and there is none here"
    elif request.first_class is not None and not carriers:
        why = "--first-class is for class indices, and no loss here has them"
    elif request.first_class is not None and all(classes.sure for classes in carriers):
        why = "--first-class is for class indices, but the classes have names here"
    if why is not None:
        raise UsageError(why, hint=f"remove {why.split()[0]}", code="USAGE_CONFLICT")
