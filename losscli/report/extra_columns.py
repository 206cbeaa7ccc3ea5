"""The columns after the value of a loss: standard errors, counts, the skill, and the change from a baseline."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from losscli.lazy import dataclass
from losscli.report.cells import Cell, Cells, Column
from losscli.report.view import distinguishable, percent, short, signed
from losscli.results import ComparisonResult, Evaluation, LossResult
from losscli.results.columns import VERDICTS, BaselineColumns, SliceColumns, examples, parts_of


@dataclass(frozen=True)
class ExtraColumn:
    """A column after the value of a loss.

    Attributes
    ----------
    column : Column
        Its title, and how it is aligned.
    cell : callable
        The cell of one result.
    texts : callable, optional
        The texts of the cells of results in columns. None: their cells are made one by one.
    marked : callable
        Those of the cells of results in columns that have a mark, by their positions; their texts are in `texts`.
    """

    column: Column
    cell: Callable[[LossResult], Cell]
    texts: Callable[[SliceColumns], list[str]] | None = None
    marked: Callable[[SliceColumns], dict[int, Cell]] = lambda _: {}

    def cells(self, results: Sequence[LossResult]) -> Cells:
        """The cells of these results."""
        if isinstance(results, SliceColumns) and self.texts is not None:
            return Cells(self.texts(results), self.marked(results))
        cells = list(map(self.cell, results))
        return Cells([cell.text for cell in cells], {at: cell for at, cell in enumerate(cells) if cell.verdict})


def with_baseline(evaluation: Evaluation) -> bool:
    """Whether results have the numbers of a baseline."""
    return any(result.baseline is not None for result in examples(evaluation.results))


def counts(evaluation: Evaluation) -> tuple[ExtraColumn, ...]:
    """The columns for counts and effective sample sizes, where the note below the table does not tell them."""
    used = evaluation.rows.used
    counted = any(
        any(count != used for count in part.counts) if isinstance(part, SliceColumns)
        else any(result.count != used for result in part)
        for part in parts_of(evaluation.results)
    )  # fmt: skip
    effective = any(result.n_eff is not None for result in examples(evaluation.results))
    return (_COUNT,) * counted + (_EFFECTIVE,) * effective


def skill(evaluation: Evaluation) -> tuple[ExtraColumn, ...]:
    """The column of the skill, where it was asked for."""
    return (_SKILL,) * any(result.skill is not None for result in examples(evaluation.results))


def uncertainty(evaluation: Evaluation, brief: bool) -> tuple[ExtraColumn, ...]:
    """The columns of standard errors and their degrees of freedom, if there are any."""
    results = [*examples(evaluation.results)]
    has_df = any(result.uncertainty is not None and result.uncertainty.df is not None for result in results)
    has_se = any(result.stderr is not None for result in results)
    return () if brief or not has_se else (_SE, _DF) if has_df else (_SE,)


def _shorts(name: str) -> Callable[[SliceColumns], list[str]]:
    """The texts of what intervals in columns have."""

    def texts(results: SliceColumns) -> list[str]:
        if results.intervals is None:
            return [""] * len(results)
        return ["" if number is None else short(number) for number in results.intervals.numbers(name)]

    return texts


def _dfs(results: SliceColumns) -> list[str]:
    """The degrees of freedom of the standard errors of results in columns."""
    known = results.intervals
    if known is None:
        return [""] * len(results)
    return [degrees_of_freedom(results[at]) if at in known.others else _df_text(df) for at, df in enumerate(known.df)]


def standard_error(of: LossResult | ComparisonResult) -> str:
    """The standard error, in few digits; empty where there is none."""
    return "" if of.stderr is None else short(of.stderr)


def degrees_of_freedom(of: LossResult | ComparisonResult) -> str:
    """The degrees of freedom of the standard error, to a tenth; empty where there are none."""
    df = None if of.uncertainty is None else of.uncertainty.df
    return "" if df is None else _df_text(df)


def _df_text(df: float) -> str:
    return f"{df:.1f}".removesuffix(".0")


def change(result: LossResult) -> str:
    """The change from the baseline: this value minus that of the baseline, and in percent of the latter."""
    return "" if result.baseline is None else _change_text(result.baseline.change, result.baseline.relative)


def _change_text(change: float, relative: float | None) -> str:
    return signed(change) + ("" if relative is None else f" ({percent(relative, '+')})")


def _changes(results: SliceColumns) -> list[str]:
    """The changes of results in columns."""
    found = results.baselines
    if found is None:
        return [""] * len(results)
    rows = zip(found.changes, found.relatives, strict=True)
    texts = [_change_text(change, None if math.isnan(relative) else relative) for change, relative in rows]
    for at in found.new():
        texts[at] = ""
    return texts


_NEW = "new"
_MARKS: dict[str, Cell] = {"better": Cell(verdict="good"), "worse": Cell(verdict="bad"),
                           "undefined": Cell(verdict="bad")}  # fmt: skip


def _verdict(result: LossResult) -> Cell:
    word = _NEW if result.baseline is None else result.baseline.verdict
    return Cell(word, verdict=_MARKS[word].verdict if word in _MARKS else "")


def verdict_texts(baselines: BaselineColumns, new: str) -> list[str]:
    """The verdicts on results in columns; `new` where the baseline does not have the slice."""
    return list(map({**dict(enumerate(VERDICTS)), baselines.NEW: new}.__getitem__, baselines.verdicts))


def _verdicts(results: SliceColumns) -> list[str]:
    return [_NEW] * len(results) if results.baselines is None else verdict_texts(results.baselines, _NEW)


def _marked_verdicts(results: SliceColumns) -> dict[int, Cell]:
    return {at: _MARKS[word] for at, word in enumerate(_verdicts(results)) if word in _MARKS}


def _baseline_value(result: LossResult) -> Cell:
    return Cell() if result.baseline is None else Cell(distinguishable(result.value, result.baseline.value)[1])


def beside_baseline(results: SliceColumns) -> list[Sequence[str]]:
    """The values of results in columns and of the baseline, with so many digits that different ones look different."""
    found = results.baselines
    if found is None:
        return [(short(value), "") for value in results.values]
    texts: list[Sequence[str]] = list(map(distinguishable, results.values, found.values))
    for at in found.new():
        texts[at] = short(results.values[at]), ""
    return texts


def _baseline_values(results: SliceColumns) -> list[str]:
    return [base for _, base in beside_baseline(results)]


_SKILL = ExtraColumn(
    Column("skill", number=True), lambda result: Cell("" if result.skill is None else short(result.skill.skill))
)
_SE = ExtraColumn(Column("SE", number=True), lambda result: Cell(standard_error(result)), _shorts("stderr"))
_DF = ExtraColumn(Column("df", number=True), lambda result: Cell(degrees_of_freedom(result)), _dfs)
_COUNT = ExtraColumn(Column("count", number=True), lambda result: Cell(str(int(result.count))),
                      lambda results: list(map(str, results.counts)))  # fmt: skip
_EFFECTIVE = ExtraColumn(
    Column("n_eff", number=True), lambda result: Cell("" if result.n_eff is None else short(result.n_eff)),
    _shorts("n_eff"),
)  # fmt: skip
BASELINE = (
    ExtraColumn(Column("baseline", number=True), _baseline_value, _baseline_values),
    ExtraColumn(Column("change", number=True), lambda result: Cell(change(result)), _changes),
    ExtraColumn(Column("verdict", fixed_words=True), _verdict, _verdicts, _marked_verdicts),
)
