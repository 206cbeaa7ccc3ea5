"""From a request to a run that may start: sources opened, columns bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import field, replace
from itertools import combinations
from typing import TYPE_CHECKING, Any, Literal

from losscli.binding.bind import bind
from losscli.binding.derived_columns import refuse_derived_keys
from losscli.binding.nested_columns import inside_hint, with_nested_columns
from losscli.binding.plan import Matrix, Plan, Table
from losscli.binding.request import MatrixSource, Request, Unmatched
from losscli.binding.validate import check
from losscli.contract.history import HISTORY
from losscli.contract.kinds import Array
from losscli.errors import DataError, Location, UsageError, did_you_mean
from losscli.execution.held_rows import held_in_memory
from losscli.io.arrow.buffers import Mask
from losscli.io.arrow.decode import NumberFormat
from losscli.io.files.found import FoundFile
from losscli.io.files.identity import check_once, identity_of, refuse_same
from losscli.io.files.inputs import readable_once
from losscli.io.files.open import open_source
from losscli.io.remote.address import REMOTE_URL, local_path, redacted
from losscli.io.sides import JoinKind, KeyDifference
from losscli.io.source import ReadOptions, Source
from losscli.lazy import dataclass

if TYPE_CHECKING:
    import pyarrow as pa

    from losscli.binding.expressions import Filter
    from losscli.execution.history import History
    from losscli.io.files.checksums import Checksums
    from losscli.io.files.planned import PlannedFiles


@dataclass(frozen=True)
class Data:
    """Where rows come from: paths, or a table in memory. Targets may be in another file, which is joined by key."""

    paths: tuple[str, ...] = ()
    memory: Any = None
    options: ReadOptions = field(default_factory=ReadOptions)
    targets: Any = None
    on: tuple[str, ...] = ()
    targets_on: tuple[str, ...] = ()
    unmatched: Unmatched = "error"
    join: JoinKind | None = None
    key_match: tuple[KeyDifference, ...] = ()
    tables: Mapping[MatrixSource, Any] = field(default_factory=dict)  # those that are in memory
    named: tuple[tuple[str, Any], ...] = ()  # models with files, or tables in memory, of their own
    beside: tuple[tuple[str | None, Any], ...] = ()  # files side by side with the source, and new names of columns
    planned: PlannedFiles | None = None  # those of a plan of shards, in place of paths

    def readable_once(self, *, spooled: bool) -> list[str]:
        """What can be read only once; a pipe that is spooled can be read again."""
        return readable_once([self.memory, *self.paths, *(one for _, one in self.named), self.targets], spooled=spooled)


@dataclass(frozen=True)
class Prepared:
    """A run that is bound and may start; nothing but headers has been read."""

    plan: Plan
    source: Source
    arrays: Mapping[Table, Array]
    warned: Counter[str] = field(default_factory=Counter, compare=False)  # filled while rows without a report are read
    hashes: Mapping[str, str] = field(default_factory=dict)  # SHA-256 of files, by path, where these were asked for

    @property
    def files(self) -> list[str]:
        """The files that the run reads, each under its own name: those of folders and globs, and joined ones, too."""
        named = (path for fragment in self.source.fragments for path in fragment.paths)
        return list(dict.fromkeys([*named, *self.source.identities.values()]))

    @property
    def doubled(self) -> tuple[str, ...]:
        """Which files are the same under several names, or are given more than once; this is among the notes, too."""
        return self.source.doubled

    @property
    def notes(self) -> tuple[str, ...]:
        """Notes that come before the number: how columns were found, what is held in memory, what a sum has."""
        said = [*self.plan.notes, *self.source.notes]
        groups = sorted({j.spec.loss.name for j in self.plan.jobs if j.spec.loss.batched})
        if groups and self.plan.request.batch_size is None:
            what = f"the rows of every '{self.plan.batch_by}'" if self.plan.batch_by else "the whole table"
            said.append(f"{', '.join(groups)}: holds {what} in memory")
        said += held_in_memory(self.plan)
        if self.plan.request.reduction == "sum":
            said += [f"{spec.text}: the constant is added once to the sum, not for each row"
                     for spec in self.plan.request.losses if spec.constant]  # fmt: skip
        return tuple(said)


def prepare(request: Request, data: Data) -> Prepared:
    """Open the sources, read the tables, decide what every column is for."""
    check_request(request, data)
    _check_pipes(request, data)
    verifier = _verifier(data.options)
    data = replace(data, options=replace(data.options, verifier=verifier))
    request, source = _source(request, data)
    number_format = number_format_of(data.options)
    if request.where is not None:
        request.where.check_texts(number_format)
    history, tables = _history(request, source, data, number_format), {}
    for matrix in request.tables:
        if history is None or matrix.role != HISTORY:
            table = Table(matrix.role, matrix.model, redacted(matrix.path))
            from losscli.binding.matrices import read_table

            tables[table] = read_table(table, _table(matrix, request, data), request.columns, number_format)
    try:
        plan = _bound(request, source, tables, history, number_format)
    except DataError as error:
        # The binding knows names, not files; the error is about the source that lacks them.
        error.path = error.path or _lacking(source, data, error.column)
        if error.code == "DATA_MISSING_COLUMN" and error.column is not None:
            error.hint = inside_hint(source, error.column) or error.hint
        raise
    if request.skill_against is not None:
        check_reference(plan, request.skill_against)
    if request.worst_slices:
        from losscli.aggregate.slice_search import searched_lines  # few runs ask for them
        from losscli.binding.searched_columns import with_searched

        once = data.readable_once(spooled=data.options.spool)
        plan = with_searched(source.columns, source.types, plan, once, means=bool(searched_lines(plan)))
    if not plan.is_pinned or request.skill:
        _refuse_one_pass(plan, data)
    if source.sides is not None:
        source, plan = _with_shared_keys(source, plan)
    if history is not None:
        source = history.beside(source)
    if verifier is not None:
        verifier.refuse_unused()
    arrays = {table: matrix.values for table, matrix in plan.tables.items()}
    return Prepared(plan, source, arrays, hashes={} if verifier is None else verifier.found)


def _table(matrix: MatrixSource, request: Request, data: Data) -> Source:
    return with_nested_columns(_opened(data.tables.get(matrix, matrix.path), data.options), request)


def _history(request: Request, source: Source, data: Data, number_format: NumberFormat) -> History | None:
    """What the table of past values gives; None where no loss takes anything of one."""
    matrix = next((matrix for matrix in request.tables if matrix.role == HISTORY), None)
    if matrix is None:
        return None
    from losscli.execution.history import read_history  # few runs have one

    opened = _table(matrix, request, data)
    return read_history(request, source, opened, redacted(matrix.path), number_format)


def _bound(
    request: Request, source: Source, tables: Mapping[Table, Matrix], history: History | None,
    number_format: NumberFormat,
) -> Plan:  # fmt: skip
    if history is None:
        plan = bind(request, source.columns, source.types, tables, source.sides)
    else:
        more = history.beside(source)
        plan = bind(request, more.columns, more.types, tables, source.sides, history.roles)
        plan = replace(plan, notes=(*plan.notes, *history.notes))
    return replace(plan, number_format=number_format)


def _lacking(source: Source, data: Data, column: str | None) -> str | None:
    """The file in which a column was looked for: that of the targets if its name says so, else the first."""
    if source.sides is not None and isinstance(data.targets, str) and (column or "").startswith("targets."):
        return redacted(data.targets)
    return next((fragment.path for fragment in source.fragments), None)


def number_format_of(options: ReadOptions) -> NumberFormat:
    """How the files spell numbers and missing cells."""
    return NumberFormat(frozenset(options.null_values), options.decimal, options.thousands)


@dataclass(frozen=True)
class _Where:
    """The filter, for a join that judges no row which it leaves out."""

    filter: Filter
    number_format: NumberFormat

    @property
    def columns(self) -> Mapping[str, object]:
        return self.filter.columns

    def only(self, known: Callable[[str], bool]) -> _Where | None:
        found = self.filter.only(known)
        return None if found is None else _Where(found, self.number_format)

    def mask(self, data: pa.RecordBatch, location: Location) -> Mask:
        return self.filter.mask(data, location, self.number_format)


def _with_shared_keys(source: Source, plan: Plan) -> tuple[Source, Plan]:
    """The source and the plan that know which columns tell predictions with the same key apart."""
    from losscli.io.join.join import telling_rows_apart
    from losscli.io.sides import REPEATS

    asked = [name for item in plan.inputs if not item.parameter for name in item.columns]
    asked += [] if plan.weight is None else [plan.weight]
    values = plan.derived.columns_of(asked) - plan.derived.columns_of(key.column for key in plan.slice_keys)
    values |= {name for name, alone in plan.shown.items() if alone} | plan.searched_alone
    source, shares = telling_rows_apart(source, [name for name in plan.projection if name not in values])
    if not shares:
        return source, plan
    return source, replace(plan, shares_keys=True, projection={**plan.projection, REPEATS: "number"})


def _verifier(options: ReadOptions) -> Checksums | None:
    if not options.sha256 and options.checksums is None:
        return None
    from losscli.io.files.checksums import Checksums

    return Checksums(options.sha256, options.checksums)


def check_reference(plan: Plan, reference: str) -> None:
    """A UsageError unless the model is one of the run, beside others."""
    models = list(dict.fromkeys(line.model for line in plan.lines if line.model is not None))
    if reference not in models:
        raise UsageError(f"--skill-against: unknown model '{reference}'",
                         hint=did_you_mean(reference, models, f"the models are: {', '.join(models)}"),
                         code="USAGE_BAD_VALUE")  # fmt: skip
    if len(models) < 2:
        raise UsageError(f"--skill-against needs another model beside '{reference}'", hint="-p NAME=COLS for each",
                         code="USAGE_INCOMPLETE")  # fmt: skip


def paired(prepared: Prepared, against: str | None = None, *, pairs: bool = False) -> Prepared:
    """The same run, with every model compared to one of them, on the same rows: to `against`, or to the first.

    With `pairs`, every two models are compared, and all are ranked; `against` scales their relative skill.
    """
    plan = prepared.plan
    models = list(dict.fromkeys(line.model for line in plan.lines if line.model is not None))
    if len(models) < 2:
        raise UsageError(f"a comparison needs at least two models; got {models[0] if models else 'none'}",
                         hint="-p NAME=COLS for each model", code="USAGE_INCOMPLETE")  # fmt: skip
    if against is not None and against not in models:
        raise UsageError(f"unknown model '{against}'",
                         hint=did_you_mean(against, models, f"the models are: {', '.join(models)}"),
                         code="USAGE_BAD_VALUE")  # fmt: skip
    if pairs and plan.request.mean_of is not None:
        raise UsageError("--pairs ranks models by their rows, and --mean-of has groups as units",
                         hint="without --pairs, models are compared with one of them",
                         code="USAGE_CONFLICT")  # fmt: skip
    reference = models[0] if against is None else against
    asked = tuple((model, reference) for model in models if model != reference)
    if pairs:
        asked = tuple((later, earlier) for earlier, later in combinations(models, 2))
    scaled_by = against if pairs else None
    inference = replace(plan.request.inference, pairs=asked, ranked=pairs, scaled_by=scaled_by)
    return replace(prepared, plan=replace(plan, request=replace(plan.request, inference=inference)))


def check_request(request: Request, data: Data) -> None:
    """Raise the UsageError of what can be refused before a file is opened."""
    check(request)
    refuse_derived_keys(request.lets, (*data.on, *data.targets_on))
    if data.key_match and not data.on:
        raise UsageError("--key-match needs --on KEY, the columns by which rows are joined", code="USAGE_INCOMPLETE")
    if data.targets is not None and not data.on:
        raise UsageError("--targets needs --on KEY, the column that both files share",
                         hint="rows are paired by row order only where --beside FILE asks for it",
                         code="USAGE_INCOMPLETE")  # fmt: skip
    if data.targets is None:
        if data.on and not data.named:
            raise UsageError("--on needs --targets FILE, the file with the targets", code="USAGE_INCOMPLETE")
        if data.targets_on:
            raise UsageError("--on KEY=KEY needs --targets FILE, which has the second name", code="USAGE_INCOMPLETE")
        if data.unmatched == "drop-targets":
            raise UsageError("--unmatched drop-targets needs --targets FILE, the file with the targets",
                             code="USAGE_INCOMPLETE")  # fmt: skip
        if data.join is not None:
            raise UsageError("--join needs --targets FILE, the file with the targets", code="USAGE_INCOMPLETE")


def _source(request: Request, data: Data) -> tuple[Request, Source]:
    """The source of the rows, and the request on it: models with files of their own change its columns."""
    needs_rows = any(part.loss.source_roles for spec in request.losses for _, part in spec.parts)
    # A cell that is no number may be in a row that a filter or a weight of 0 leaves out; this is known only later.
    options = replace(
        data.options, lenient=request.where is not None or request.weight is not None or bool(request.lets)
    )
    targets = None
    if data.named:
        from losscli.binding.model_files import side_by_side

        opened = [(name, with_nested_columns(_opened(given, options), request, data.on)) for name, given in data.named]
        targets, told = _targets(request, data, options), _paired_by(request, opened, data.join)
        unmatched: Literal["error", "drop"] = "drop" if data.unmatched == "drop" else "error"
        others = _beside(request, data, options)
        request, source = side_by_side(request, opened, unmatched, targets, told, data.key_match, others)
    elif data.memory is not None:
        source = _opened(data.memory, data.options)
    elif data.planned is not None:
        from losscli.io.files.planned import open_planned  # few runs are shards

        source = open_planned(data.planned, options)
    elif data.paths:
        source = open_source(data.paths, options)
    elif needs_rows:
        raise UsageError("no SOURCE was given", hint="name a file of predictions, or - for standard input",
                         code="USAGE_INCOMPLETE")  # fmt: skip
    else:
        source = Source((), (), {})
    if not data.named:
        source = with_nested_columns(source, request, data.on)
        source = _with_others(source, _beside(request, data, options))
    if data.targets is None:
        return request, source
    from losscli.io.join.join import join  # not on the way of a run without a join

    targets = targets or _targets(request, data, options)
    assert targets is not None
    refuse_same(source.identities, targets.identities)
    where = None if request.where is None else _Where(request.where, number_format_of(data.options))
    joined = join(source, targets, data.on, data.unmatched, data.targets_on, data.join, where, data.key_match)
    return request, replace(joined, identities={**source.identities, **targets.identities})


def _beside(request: Request, data: Data, options: ReadOptions) -> list[tuple[str | None, Source]]:
    """The files side by side with the source, and what their columns are called by."""
    if data.beside and not (data.paths or data.named or data.memory is not None):
        raise UsageError("--beside needs a SOURCE, beside which it is read", code="USAGE_INCOMPLETE")
    opened = ((name, _opened(given, options)) for name, given in data.beside)
    return [(name, with_nested_columns(source, request, data.on)) for name, source in opened]


def _with_others(source: Source, others: Sequence[tuple[str | None, Source]]) -> Source:
    """The source with the columns of files side by side with it."""
    if not others:
        return source
    from losscli.io.join.beside import beside  # not on the way of a run with one file

    return beside(source, others)


def _targets(request: Request, data: Data, options: ReadOptions) -> Source | None:
    """The targets, if they stand in a file of their own."""
    if data.targets is None:
        return None
    return with_nested_columns(_opened(data.targets, options), request, data.targets_on or data.on)


def _paired_by(request: Request, opened: Sequence[tuple[str, Source]], kind: JoinKind | None) -> tuple[str, ...]:
    """The columns by which rows of several files are paired beside the keys, where several rows have one target."""
    if kind != "many-to-one":
        return ()

    def in_all(name: str) -> bool:
        return all(name in source.columns for _, source in opened)

    told = [name for name in request.key_columns(in_all) if name != request.inference.time]
    told += request.parameter_columns
    told += () if request.where is None else request.where.columns
    return tuple(dict.fromkeys(n for n in told if n is not None and n not in request.on and in_all(n)))


def _check_pipes(request: Request, data: Data) -> None:
    """What can be read only once is named once, under whatever name and for whatever purpose."""
    tables = (matrix.path for matrix in request.tables if matrix not in data.tables)
    named = [*data.paths, *(path for _, path in data.named), data.targets, *tables, *(path for _, path in data.beside)]
    named = [local_path(path) for path in named if isinstance(path, str)]
    local = [path for path in named if not REMOTE_URL.match(path)]
    if len(local) > 1:
        check_once([(path, identity_of(FoundFile(path))) for path in local])


def _refuse_one_pass(plan: Plan, data: Data) -> None:
    """Quantiles of the data are found before the run itself, so the data is read at least twice."""
    once = data.readable_once(spooled=plan.is_pinned and data.options.spool)
    if once and plan.is_pinned:
        raise UsageError(f"--skill reads the data three times, and {once[0]} can be read only once",
                         hint="save it to a file first", code="USAGE_CONFLICT")  # fmt: skip
    if once:
        key = next(key for key in plan.slice_keys if not key.is_pinned)
        raise UsageError(f"--by '{key.name}' reads the data twice, and {once[0]} can be read only once",
                         hint=f"save it to a file first, or give edges: --by '{key.column}:18|65'",
                         code="USAGE_CONFLICT")  # fmt: skip


def _opened(given: Any, options: ReadOptions) -> Source:
    """A path, or a table in memory."""
    if isinstance(given, str):
        return open_source([given], options)
    from losscli.io.formats.in_memory import from_memory  # most runs read files, and start-up is a feature

    return replace(from_memory(given), identities={("memory", id(given)): "<memory>"})
