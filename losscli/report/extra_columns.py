"""The columns after the value of a loss: standard errors, counts, the skill, and the change from a baseline."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from losscli.lazy import dataclass
from losscli.report.cells import Cell, Cells, Column
from losscli.report.view import distinguishable, percent, short, signed
from losscli.results import ComparisonResult, Evaluation, LossResult
from losscli.results.columns import SliceColumns, examples, parts_of


@dataclass(frozen=True)
class ExtraColumn:
    """A column after the value of a loss, and the cell that a result has in it; `texts` are those of many slices."""

    column: Column
    cell: Callable[[LossResult], Cell]
    texts: Callable[[SliceColumns], list[str]] | None = None

    def cells(self, results: Sequence[LossResult]) -> Cells:
        """The cells of these results."""
        if isinstance(results, SliceColumns) and self.texts is not None:
            return Cells(self.texts(results), {})
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
    if result.baseline is None:
        return ""
    relative = result.baseline.relative
    return signed(result.baseline.change) + ("" if relative is None else f" ({percent(relative, '+')})")


def _verdict(result: LossResult) -> Cell:
    if result.baseline is None:
        return Cell("new")
    word = result.baseline.verdict
    return Cell(word, verdict="good" if word == "better" else "" if word == "same" else "bad")


def _baseline_value(result: LossResult) -> Cell:
    return Cell() if result.baseline is None else Cell(distinguishable(result.value, result.baseline.value)[1])


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
    ExtraColumn(Column("baseline", number=True), _baseline_value),
    ExtraColumn(Column("change", number=True), lambda result: Cell(change(result))),
    ExtraColumn(Column("verdict", fixed_words=True), _verdict),
)
