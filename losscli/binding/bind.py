"""Which column plays which role, for every loss and model of a run."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from losscli.binding.align_classes import align
from losscli.binding.class_weights import weighted_class_column
from losscli.binding.column_names import ColumnSet, ColumnsPattern, exact_columns, missing_column, resolve
from losscli.binding.column_shapes import ColumnShapes
from losscli.binding.default_names import DEFAULT_NAMES, further_names
from losscli.binding.derived_columns import derived_columns, unused_notes
from losscli.binding.label_settings import refuse_unused_labels
from losscli.binding.levels import at_levels, levels_of
from losscli.binding.nested_columns import is_text_inside
from losscli.binding.plan import Input, Job, Line, Matrix, Plan, ReadAs, Table
from losscli.binding.predicted_labels import with_labels
from losscli.binding.preset_checks import asked_of, asked_of_columns, overridden, refuse
from losscli.binding.ragged_lists import with_ragged
from losscli.binding.request import Request, RoleBinding
from losscli.binding.role_names import unused
from losscli.binding.shown_columns import with_shown
from losscli.binding.spec import LossSpec, Spec
from losscli.binding.table_roles import is_matrix, missing_table, unknown_table
from losscli.binding.unit_keys import slice_keys, unit_keys
from losscli.contract.history import HISTORY, LookedUp
from losscli.contract.loss import Role
from losscli.errors import DataError, UsageError
from losscli.io.arrow.spelled_vectors import form_of_type
from losscli.io.arrow.types import fields_of
from losscli.io.sides import Sides


class Binder:
    """Resolves names against one source's columns, and remembers what was used."""

    def __init__(
        self, request: Request, columns: Sequence[str], types: Mapping[str, Any], tables: Mapping[Table, Matrix],
        sides: Sides | None = None, looked_up: Sequence[LookedUp] = (),
    ) -> None:  # fmt: skip
        self.looked_up = {(one.loss, one.forecast, one.role): one.column for one in looked_up}
        self.takes_history = False
        self.request, self.columns, self.types, self.tables, self.sides = request, columns, types, tables, sides
        self.shapes = ColumnShapes(request, types)
        self.used: set[RoleBinding | Table] = set()
        self.notes: dict[str, None] = {}
        self.pairings: dict[str, None] = {}
        of_tables = {
            *(table.role for table in tables),
            *([HISTORY] if self.looked_up else []),
        }  # what is about these is bound where they are read
        named = [*map(self._pred, request.preds), *request.columns]
        bindings = [own for binding in named for own in self._each_model(binding)]
        self.bindings = [b for b in bindings if b.role.partition(".")[0] not in of_tables]
        repeated = [binding for binding in self.bindings if self._is_repeated(binding)]
        if repeated:
            whose = "" if repeated[0].model is None else f" of model '{repeated[0].model}'"
            raise UsageError(f"the role '{repeated[0].role}'{whose} is given more than once",
                             hint="give each model its own name: -p NAME=COLS", code="USAGE_COLUMNS")  # fmt: skip
        if request.target is not None:
            self.bindings.append(RoleBinding("target", None, request.target))
        models = [*(binding.model for binding in self.bindings), *(table.model for table in tables)]
        self.models = list(dict.fromkeys(model for model in models if model is not None))

    def _is_repeated(self, binding: RoleBinding) -> bool:
        return sum((other.role, other.model) == (binding.role, binding.model) for other in self.bindings) > 1

    def _pred(self, binding: RoleBinding) -> RoleBinding:
        """The prediction with its model's name; a column whose name is the whole text wins."""
        literal = binding.literal
        if literal is not None and literal.text in self.columns:
            return RoleBinding(binding.role, literal.name, literal)
        if binding.model is None:
            return RoleBinding(binding.role, binding.columns.name, binding.columns)
        if not binding.model:
            raise UsageError(f"'{binding.text}' has no model name before '='", code="USAGE_COLUMNS")
        return binding

    def _each_model(self, binding: RoleBinding) -> Iterator[RoleBinding]:
        """The binding, or one for each of the models that it names."""
        if binding.many is None:
            yield binding
            return
        from losscli.binding.many_models import each_model, note, taken  # not on the way of a run that names its models

        columns, wanted = self._resolve(binding.role, binding.columns), self.request.target
        defaults = [name for name in DEFAULT_NAMES["target"] if name in self._side_of("target")]
        targets = defaults if wanted is None else self._resolve("target", wanted).names
        yield from each_model(binding, columns, taken(self.request, self.columns, targets))
        self.notes[note(binding, columns)] = None

    def lines(self) -> tuple[Line, ...]:
        """Every spec for every model that it depends on."""
        lines: dict[Line, None] = {}
        for asked in self.request.losses:
            models: list[str | None] = [*self.models] or [None]
            for model, spec in ((each, own) for each in models for own in self._by_level(asked, each)):
                own, jobs = False, []
                for _, part in spec.parts:
                    job, specific = self.job(part, model)
                    own |= specific
                    jobs.append(job)
                lines[Line(model if own else None, spec, tuple(jobs))] = None
        for binding in self.bindings:
            if binding not in self.used:
                raise unused(self.request, binding)
        if self.looked_up and not self.takes_history:
            raise UsageError(f"nothing is taken of the table '{HISTORY}': columns have all that it could give",
                             hint="remove its --table, or -c scale=COL", code="USAGE_CONFLICT")  # fmt: skip
        for table in self.tables:
            if table not in self.used:
                raise unknown_table(table.role, ())
        return tuple(lines)

    def job(self, spec: LossSpec, model: str | None) -> tuple[Job, bool]:
        """One loss's inputs, and whether they belong to this model alone."""
        found = self._found(spec, model)
        if (levelled := levels_of(spec, found)) is not None:
            self.notes[levelled.note] = None
            found |= {role: (found[role][0], columns) for role, columns in levelled.columns_of(spec).items()}
        kinds = self.shapes.kinds(spec, found)
        specific = any(isinstance(who, (Table, RoleBinding)) and who.model is not None for who, _ in found.values())
        like = next((i for i, kind in enumerate(kinds) if kind.shape == "vector"), 0)
        sides: list[Input | Table | None] = []
        for (role, (who, columns)), kind in zip(found.items(), kinds, strict=True):
            if isinstance(who, Table):
                sides.append(who)
            else:
                sides.append(None if columns is None else self.shapes.input(role, columns, kind, like, spec))
        aligned = align(sides, self.tables, self.request.classes, self.request.first_class)
        self.pairings.update(dict.fromkeys(aligned.notes))
        sides = with_ragged(spec.loss, with_labels(spec.loss, aligned.sides), self.types)
        parameters, own = self._parameters(spec, model)
        specific |= own
        job = Job(model if specific else None, spec, (*sides, *parameters))
        if spec.loss.source_roles:
            refuse(spec, [*asked_of(self.request, spec), *asked_of_columns(job)])
            self.notes |= dict.fromkeys(overridden(self.request, spec))
        return job, specific

    def _by_level(self, spec: Spec, model: str | None) -> Iterable[Spec]:
        """The loss, with what names of the columns of its roles say of levels."""
        return at_levels(spec, lambda part: self._found(part, model))

    def _found(self, spec: LossSpec, model: str | None) -> dict[str, tuple[Any, ColumnSet | None]]:
        return {role.name: self._find(spec, role, model) for role in spec.loss.roles.values()}

    def _find(
        self, spec: LossSpec, role: Role, model: str | None
    ) -> tuple[RoleBinding | Table | None, ColumnSet | None]:
        """What plays the role: columns of this model first, then those of all models, then the default names."""
        for wanted in (model, None):
            for table in self.tables:
                if table.role == role.name and table.model == wanted:
                    self.used.add(table)
                    return table, None
            for binding in self.bindings:
                if binding.role == role.name and binding.model == wanted:
                    self.used.add(binding)
                    return binding, self._cells(self._resolve(role.name, binding.columns))
        if (name := self.looked_up.get((spec.loss.name, spec.history, role.name))) is not None:
            self.takes_history = True
            return None, ColumnSet(name, (name,), "one")
        if role.optional:
            return None, None
        if is_matrix(role):
            raise missing_table(spec, role)
        return None, self._by_default_name(spec, role)

    def _parameters(self, spec: LossSpec, model: str | None) -> tuple[list[Input], bool]:
        """The columns of the parameters that rows have, and whether a model has one of its own."""
        found, specific = [], False
        for name, column in spec.row_parameters.items():
            pattern = exact_columns([column])
            for binding in [one for one in self.bindings if one.role == name]:
                if binding.model is None:
                    raise UsageError(f"the column of '{name}' for all models stands in the loss",
                                     hint=f"{name}={{{binding.columns.text}}}", code="USAGE_COLUMNS")  # fmt: skip
                if binding.model == model:
                    self.used.add(binding)
                    pattern, specific = binding.columns, True
            columns = self._cells(self._resolve(name, pattern))
            if len(columns.names) > 1:
                raise UsageError(f"the parameter '{name}' is one column; '{pattern.text}' is {len(columns.names)}",
                                 code="USAGE_COLUMNS")  # fmt: skip
            found.append(Input(name, spec.loss.params[name].kind, columns.names, parameter=True))
        return found, specific

    def _cells(self, columns: ColumnSet) -> ColumnSet:
        """The columns, none of which holds objects."""
        for name in columns.names:
            fields = fields_of(self.types.get(name))
            if fields:
                raise DataError(
                    f"column '{name}' holds objects with the fields {', '.join(fields[:20])}"
                    f"{', …' if len(fields) > 20 else ''}",
                    hint=f"name a field, {name}.{fields[0]}, or all of them, '{name}.*'",
                    column=name, code="DATA_WRONG_TYPE",
                )  # fmt: skip
        return columns

    def _resolve(self, role: str, wanted: ColumnsPattern) -> ColumnSet:
        """The columns of a role; of two joined files, those of its side first."""
        what = f" (for '{role}')"
        if self.sides is None:
            return resolve(wanted, self.columns, what)
        begins = [piece.text for piece in wanted.pieces]
        found = resolve(wanted, self.sides.columns_of(role, begins), what)
        both = [name for name in found.names if self.sides.in_both(name) and name not in self.request.on]
        self.notes |= dict.fromkeys(self.sides.note(name, role) for name in both)
        return replace(found, names=tuple(self.sides.name_for(role, name) for name in found.names))

    def _by_default_name(self, spec: LossSpec, role: Role) -> ColumnSet:
        option = {"target": "-t COLS", "pred": "-p COLS"}.get(role.name, f"-c {role.name}=COLS")
        option += f", or give --table {HISTORY}=FILE" if role.name in spec.loss.from_history else ""
        defaults = DEFAULT_NAMES.get(role.name, ())
        present = [name for name in defaults if name in self._side_of(role.name)]
        present = present or [name for name in defaults if name in self.columns]
        if len(present) == 1:
            return self._guessed(role.name, present[0])
        if not present and defaults and (only := self._only_in_both()) is not None:
            return self._resolve(role.name, exact_columns([only]))
        if not present:
            present = further_names(role.name, self._side_of(role.name), role.kinds)
            present = present or further_names(role.name, self.columns, role.kinds)
            if len(present) == 1:
                return self._guessed(role.name, present[0])
        listed = ", ".join(self.columns[:30])
        why = f"it could be any of the columns {' and '.join(present)}" if present else f"the columns are: {listed}"
        raise UsageError(
            f"'{spec.loss.name}' needs '{role.name}': name its column with {option}", hint=why, code="USAGE_COLUMNS"
        )

    def _guessed(self, role: str, name: str) -> ColumnSet:
        """The column that is used for its name alone, which is said."""
        self.notes[f"using column '{name}' as {role}"] = None
        return self._resolve(role, exact_columns([name]))

    def _side_of(self, role: str) -> Sequence[str]:
        """The columns among which a default name is looked for first."""
        if self.sides is None:
            return self.columns
        return self.sides.targets if role == "target" else self.sides.preds

    def _only_in_both(self) -> str | None:
        """The one column that both files have, as those of a competition do: a solution and a submission."""
        keys = (*self.request.on, *self.request.targets_on)
        return None if self.sides is None else self.sides.only_in_both(keys)


def bind(
    request: Request, columns: Sequence[str], types: Mapping[str, Any], tables: Mapping[Table, Matrix],
    sides: Sides | None = None, looked_up: Sequence[LookedUp] = (),
) -> Plan:  # fmt: skip
    """Decide which columns every loss reads; anything that is not certain is an error that shows both sides.

    `sides` are the two files of which the columns are, if these are joined. `looked_up` are columns for roles of losses
    for which no other is named.
    """
    derived = derived_columns(request.lets, columns, types, sides)
    if derived.types:
        columns, types = (*columns, *derived.types), {**types, **derived.types}
        sides = None if sides is None else replace(sides, derived=tuple(derived.types))
    binder = Binder(request, columns, types, tables, sides, looked_up)
    lines = binder.lines()
    inputs = dict.fromkeys(i for line in lines for job in line.jobs for i in job.inputs if isinstance(i, Input))
    refuse_unused_labels(request, inputs)
    projection: dict[str, ReadAs] = {name: "number" for i in inputs for name in i.columns}
    texts = [
        name
        for i in inputs
        for name in i.columns
        if i.kind.shape == "class" or i.kind.labels or i.kind.sides or i.facing
    ]
    class_column = weighted_class_column(request, lines)
    texts += [i.columns[0] for i in inputs if i.listed and form_of_type(types.get(i.columns[0])) is not None]

    def is_column(name: str) -> bool:
        return name in columns or (sides is not None and sides.is_known(name))

    keys, units = slice_keys(request, is_column), unit_keys(request, is_column)
    for key in keys:
        if key.is_number:
            projection.setdefault(key.column, "number")
    plain = [key.column for key in keys if not key.is_number]
    plain += [*(key.column for key in units.values()), *request.on]
    if request.weight is not None:
        if not is_column(request.weight):
            raise missing_column(request.weight, columns, " (for the weights)")
        projection.setdefault(request.weight, "number")
    for name, want in ({} if request.where is None else request.where.columns).items():
        if want == "any":
            projection.setdefault(name, "text")
        else:
            projection[name] = "text" if want == "text" else projection.get(name, "number")
    for name in [*texts, *plain, *filter(None, [class_column])]:
        projection[name] = "text"
    untyped = frozenset(name for name in projection if _is_untyped(types.get(name)))
    if request.lets:
        projection, derived = derived.projection(projection)
        binder.notes |= dict.fromkeys(unused_notes(request, derived))
    if sides is not None:
        others = [*plain, *(key.column for key in keys), *filter(None, [request.weight])]
        others += () if request.where is None else request.where.columns
        others += [column for name in derived.readings for column in derived.lets[name].columns]
        both = [name for name in dict.fromkeys(others) if sides.in_both(name) and name not in request.on]
        binder.notes |= dict.fromkeys(map(sides.note, both))
    known = set(columns)
    for name in projection:
        if name not in known and not is_column(name):
            raise missing_column(name, columns, derived.said_of(name))
    return with_shown(columns, Plan(
        request, lines, tables, projection, tuple(inputs), request.weight, request.by, request.batch_by,
        class_column, request.on, untyped, tuple(binder.notes),
        cluster=request.inference.grouping, by_time=request.inference.time is not None, slice_keys=keys,
        unit_keys=units, pairings=tuple(binder.pairings),
        texts_inside=frozenset(name for name in columns if name in projection and is_text_inside(name, types)),
        derived=derived, looked_up=tuple(looked_up),
    ))  # fmt: skip


def _is_untyped(kind: Any) -> bool:
    return kind is None or form_of_type(kind) is not None
