"""Which number stands where, for readers: shared by the table on a terminal, Markdown and HTML.

With several models or slices the losses are columns and each model and slice is a row, so that what is compared stands
below each other. Else, beside a baseline, and where a terminal is too narrow for that, each result is a row.
Cells hold raw text from data; the renderer makes it harmless in its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from losscli.report.view import apart, exact, has_models, percent, short, signed, slice_names
from losscli.results import Evaluation, LossResult, PartResult

_WHOLE = "(all)"
_Key = tuple[str | None, tuple[str | None, ...]]


@dataclass(frozen=True)
class Cell:
    """One place in a layout; `best` marks the better model, `part` the lines below a blend, `mood` a verdict."""

    text: str = ""
    best: bool = False
    part: bool = False
    mood: Literal["", "good", "bad"] = ""


@dataclass(frozen=True)
class Column:
    """A heading. `foreign`: its words are a spec or come from data; `own`: the words in its cells are all ours."""

    title: str
    number: bool = False
    foreign: bool = False
    own: bool = False


@dataclass(frozen=True)
class Layout:
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def starred(self) -> bool:
        """Whether any cell is marked as the best."""
        return any(cell.best for row in self.rows for cell in row)


@dataclass(frozen=True)
class _Extra:
    """A column beside the value."""

    column: Column
    cell: Callable[[LossResult], Cell]


def compared(evaluation: Evaluation) -> bool:
    """Whether there is more than one model or slice to set against each other, and no baseline beside each."""
    front = Front.of(evaluation)
    return not _with_baseline(evaluation) and len({front.key(result) for result in evaluation.results}) > 1


def by_result(evaluation: Evaluation) -> Layout:
    """One row a result, and below a blend one a part."""
    best = _best(evaluation)
    front = Front.of(evaluation)
    extras = (*_counts(evaluation), *(_BASELINE if _with_baseline(evaluation) else ()))
    rows: list[tuple[Cell, ...]] = []
    for result in evaluation.results:
        value = Cell(_value(result), best=id(result) in best)
        labels = front.labels(result.model, result.by)
        rows.append((*labels, Cell(result.spec), value, *(extra.cell(result) for extra in extras)))
        for part in result.parts or ():
            values = _part_label(part), Cell(short(part.value), part=True)
            rows.append((*(Cell() for _ in front.columns), *values, *(Cell() for _ in extras)))
    columns = (*front.columns, Column("loss"), Column("value", number=True), *(extra.column for extra in extras))
    return Layout(columns, tuple(rows))


def by_loss(evaluation: Evaluation) -> Layout:
    """One column a loss, one row a model and slice, and below it one row a part of each blend."""
    front = Front.of(evaluation)
    rows: dict[_Key, dict[str, LossResult]] = {}
    for result in evaluation.results:
        rows.setdefault(front.key(result), {})[result.spec] = result
    specs = tuple(dict.fromkeys(result.spec for result in evaluation.results))
    # Where all losses of a row saw the same number, that number is said once.
    each: list[_Extra] = []
    last: list[_Extra] = []
    for extra in _counts(evaluation):
        shared = all(len({extra.cell(result) for result in row.values()}) == 1 for row in rows.values())
        (last if shared else each).append(extra)
    columns = list(front.columns)
    for spec in specs:
        columns += [Column(spec, number=True, foreign=True), *(extra.column for extra in each)]
    columns += [extra.column for extra in last]
    best = _best(evaluation)
    grid = _Grid(specs, len(front.columns), tuple(each), tuple(last))
    cells: list[tuple[Cell, ...]] = []
    for row in rows.values():
        some = next(iter(row.values()))
        cells.append((*front.labels(some.model, some.by), *grid.values(row, best)))
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


def how_sure(evaluation: Evaluation) -> str:
    """How the intervals were made, in words; empty where there are none."""
    hows = [result.uncertainty for result in evaluation.results]
    hows += [comparison.uncertainty for comparison in evaluation.comparisons]
    said = []
    for how in filter(None, hows):
        way = "t" if how.resamples is None else f"bootstrap of {how.resamples}, seed {how.seed}"
        said.append(f"{percent(how.level)} intervals: {way}, by {how.units}")
    return "; ".join(dict.fromkeys(said))


@dataclass(frozen=True)
class _Grid:
    specs: tuple[str, ...]
    labels: int
    each: tuple[_Extra, ...]
    last: tuple[_Extra, ...]

    def values(self, row: dict[str, LossResult], best: frozenset[int]) -> list[Cell]:
        cells: list[Cell] = []
        for spec in self.specs:
            result = row.get(spec)
            cells.append(Cell(_value(result), best=id(result) in best) if result else Cell())
            cells += [extra.cell(result) if result else Cell() for extra in self.each]
        return cells + [extra.cell(next(iter(row.values()))) for extra in self.last]

    def part(self, spec: str, part: PartResult) -> tuple[Cell, ...]:
        cells = [_part_label(part), *(Cell() for _ in range(self.labels - 1))]
        for other in self.specs:
            cells.append(Cell(short(part.value), part=True) if other == spec else Cell())
            cells += [Cell() for _ in self.each]
        return tuple(cells + [Cell() for _ in self.last])


@dataclass(frozen=True)
class Front:
    """The columns that say whom a row is about."""

    model: bool
    names: tuple[str, ...]

    @staticmethod
    def of(evaluation: Evaluation) -> Front:
        """Those of the results."""
        return Front(has_models(evaluation), slice_names(evaluation))

    @property
    def columns(self) -> tuple[Column, ...]:
        model = (Column("model"),) if self.model else ()
        return (*model, *(Column(name, foreign=True) for name in self.names))

    def labels(self, model: str | None, by: Mapping[str, str]) -> list[Cell]:
        return [Cell(model or "")] * self.model + [Cell(by.get(name, _WHOLE)) for name in self.names]

    def key(self, result: LossResult) -> _Key:
        return result.model, tuple(result.by.get(name) for name in self.names)


def _with_baseline(evaluation: Evaluation) -> bool:
    return any(result.baseline is not None for result in evaluation.results)


def _counts(evaluation: Evaluation) -> tuple[_Extra, ...]:
    """On how much each number stands, where the line below the table does not say so."""
    counted = any(result.count != evaluation.rows.used for result in evaluation.results)
    effective = any(result.n_eff is not None for result in evaluation.results)
    return (_COUNT,) * counted + (_EFFECTIVE,) * effective


def change(result: LossResult) -> str:
    """The change from the baseline: ours minus theirs, and in percent of theirs."""
    if result.baseline is None:
        return ""
    relative = result.baseline.relative
    return signed(result.baseline.change) + ("" if relative is None else f" ({percent(relative, '+')})")


def _verdict(result: LossResult) -> Cell:
    if result.baseline is None:
        return Cell("new")
    word = result.baseline.verdict
    return Cell(word, mood="good" if word == "better" else "" if word == "same" else "bad")


def _beside(result: LossResult) -> Cell:
    return Cell() if result.baseline is None else Cell(apart(result.value, result.baseline.value)[1])


_COUNT = _Extra(Column("count", number=True), lambda result: Cell(str(int(result.count))))
_EFFECTIVE = _Extra(
    Column("n_eff", number=True), lambda result: Cell("" if result.n_eff is None else short(result.n_eff))
)
_BASELINE = (
    _Extra(Column("baseline", number=True), _beside),
    _Extra(Column("change", number=True), lambda result: Cell(change(result))),
    _Extra(Column("verdict", own=True), _verdict),
)


def _value(result: LossResult) -> str:
    value = short(result.value) if result.baseline is None else apart(result.value, result.baseline.value)[0]
    if result.interval is not None:
        return f"{value} [{short(result.interval[0])}, {short(result.interval[1])}]"
    return value + (f" (se {short(result.stderr)})" if result.stderr is not None else "")


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
