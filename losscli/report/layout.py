"""Which number stands where, for readers: shared by the table on a terminal and the one in Markdown.

With several models or slices the losses are columns and each model and slice is a row, so that what is compared stands
below each other. Else, and where a terminal is too narrow for that, each result is a row.
Cells hold raw text from data; the renderer makes it harmless in its own way.
"""

from __future__ import annotations

from dataclasses import dataclass

from losscli.report.view import exact, has_models, short, slice_names
from losscli.result import Evaluation, GateResult, LossResult, PartResult

_WHOLE = "(all)"
_Key = tuple[str | None, tuple[str | None, ...]]


@dataclass(frozen=True)
class Cell:
    """One place in a layout; `best` marks the better model, `part` the lines below a blend."""

    text: str = ""
    best: bool = False
    part: bool = False


@dataclass(frozen=True)
class Column:
    """A heading; `foreign` says that its words are a spec or come from data."""

    title: str
    number: bool = False
    foreign: bool = False


@dataclass(frozen=True)
class Layout:
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def starred(self) -> bool:
        """Whether any cell is marked as the best."""
        return any(cell.best for row in self.rows for cell in row)


def compared(evaluation: Evaluation) -> bool:
    """Whether there is more than one model or slice to set against each other."""
    front = _front_of(evaluation)
    return len({front.key(result) for result in evaluation.results}) > 1


def by_result(evaluation: Evaluation) -> Layout:
    """One row a result, and below a blend one a part."""
    best = _best(evaluation)
    front = _front_of(evaluation)
    count_column = (Column("count", number=True),) if _counted(evaluation) else ()
    rows: list[tuple[Cell, ...]] = []
    for result in evaluation.results:
        count = tuple(Cell(str(result.count)) for _ in count_column)
        value = Cell(_value(result), best=id(result) in best)
        rows.append((*front.labels(result), Cell(result.spec), value, *count))
        for part in result.parts or ():
            values = _part_label(part), Cell(short(part.value), part=True)
            rows.append((*(Cell() for _ in front.columns), *values, *(Cell() for _ in count_column)))
    return Layout((*front.columns, Column("loss"), Column("value", number=True), *count_column), tuple(rows))


def by_loss(evaluation: Evaluation) -> Layout:
    """One column a loss, one row a model and slice, and below it one row a part of each blend."""
    front = _front_of(evaluation)
    rows: dict[_Key, dict[str, LossResult]] = {}
    for result in evaluation.results:
        rows.setdefault(front.key(result), {})[result.spec] = result
    specs = tuple(dict.fromkeys(result.spec for result in evaluation.results))
    counted = _counted(evaluation)
    # Where all losses of a row saw the same number, that number is said once.
    shared = all(len({result.count for result in row.values()}) == 1 for row in rows.values())
    per_loss = counted and not shared
    columns = list(front.columns)
    for spec in specs:
        columns += [Column(spec, number=True, foreign=True), *([Column("count", number=True)] if per_loss else [])]
    if counted and shared:
        columns.append(Column("count", number=True))
    best = _best(evaluation)
    grid = _Grid(specs, len(front.columns), per_loss, counted and shared)
    cells: list[tuple[Cell, ...]] = []
    for row in rows.values():
        cells.append((*front.labels(next(iter(row.values()))), *grid.values(row, best)))
        cells += [grid.part(spec, part) for spec in specs if spec in row for part in row[spec].parts or ()]
    return Layout(tuple(columns), tuple(cells))


def footer(evaluation: Evaluation) -> str:
    """How many rows the numbers stand on."""
    rows = evaluation.rows
    used = f"{rows.used} row{'' if rows.used == 1 else 's'}"
    if rows.used == rows.read:
        return used
    dropped = f", {rows.dropped} dropped" if rows.dropped else ""
    return f"{used} of {rows.read}{dropped}"


def gate_row(gate: GateResult) -> tuple[str, str, str, str]:
    """The verdict in words, the gate, whom it is about, and the value with every digit that decided it."""
    about = [*([gate.model] if gate.model is not None else []), *(f"{name}={value}" for name, value in gate.by.items())]
    return "pass" if gate.passed else "FAIL", gate.gate, " ".join(about), exact(gate.value)


@dataclass(frozen=True)
class _Grid:
    specs: tuple[str, ...]
    labels: int
    count_per_loss: bool
    count_last: bool

    def values(self, row: dict[str, LossResult], best: frozenset[int]) -> list[Cell]:
        cells: list[Cell] = []
        for spec in self.specs:
            result = row.get(spec)
            cells.append(Cell(_value(result), best=id(result) in best) if result else Cell())
            if self.count_per_loss:
                cells.append(Cell(str(result.count)) if result else Cell())
        return cells + ([Cell(str(next(iter(row.values())).count))] if self.count_last else [])

    def part(self, spec: str, part: PartResult) -> tuple[Cell, ...]:
        cells = [_part_label(part), *(Cell() for _ in range(self.labels - 1))]
        for other in self.specs:
            cells.append(Cell(short(part.value), part=True) if other == spec else Cell())
            cells += [Cell()] if self.count_per_loss else []
        return tuple(cells + ([Cell()] if self.count_last else []))


@dataclass(frozen=True)
class _Front:
    """The columns that say whom a row is about."""

    model: bool
    names: tuple[str, ...]

    @property
    def columns(self) -> tuple[Column, ...]:
        model = (Column("model"),) if self.model else ()
        return (*model, *(Column(name, foreign=True) for name in self.names))

    def labels(self, result: LossResult) -> list[Cell]:
        model = [Cell(result.model or "")] if self.model else []
        return model + [Cell(result.by.get(name, _WHOLE)) for name in self.names]

    def key(self, result: LossResult) -> _Key:
        return result.model, tuple(result.by.get(name) for name in self.names)


def _front_of(evaluation: Evaluation) -> _Front:
    return _Front(has_models(evaluation), slice_names(evaluation))


def _counted(evaluation: Evaluation) -> bool:
    """Whether the counts say more than the line below the table."""
    return any(result.count != evaluation.rows.used for result in evaluation.results)


def _value(result: LossResult) -> str:
    if result.interval is not None:
        return f"{short(result.value)} [{short(result.interval[0])}, {short(result.interval[1])}]"
    return short(result.value) + (f" (se {short(result.stderr)})" if result.stderr is not None else "")


def _part_label(part: PartResult) -> Cell:
    # The value of a part stands before its factor, so the label must not read like a product.
    factor = exact(part.factor).removesuffix(".0")
    return Cell(f"{part.spec} (factor {factor})", part=True)


def _best(evaluation: Evaluation) -> frozenset[int]:
    """The `id` of each result that beats another model's on the same loss and slice; NaN takes no part."""
    groups: dict[tuple[object, ...], list[LossResult]] = {}
    for result in evaluation.results:
        if result.model is not None and result.value == result.value:
            groups.setdefault((result.spec, tuple(result.by.items())), []).append(result)
    best: set[int] = set()
    for results in groups.values():
        values = [result.value for result in results]
        if min(values) < max(values):
            top = min(values) if results[0].direction == "lower" else max(values)
            best.update(id(result) for result in results if result.value == top)
    return frozenset(best)
