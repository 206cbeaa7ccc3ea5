"""The tables of results that people read, as rows and columns: for the terminal, Markdown and HTML.

With several models or slices, losses are columns and each model and slice is a row, so that numbers to compare are in
one column. Otherwise, beside a baseline, and on a terminal that is too narrow for this, each result is a row.
Cells contain raw text from data; each renderer sanitizes and escapes it in its own way.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Literal

from losscli.lazy import dataclass
from losscli.report.view import distinguishable, exact, has_models, percent, short, signed, slice_names
from losscli.results import ComparisonResult, Evaluation, LossResult, PartResult
from losscli.results.columns import examples
from losscli.results.directions import compared, is_lower_better

_WHOLE = "(all)"
_Key = tuple[str | None, tuple[str | None, ...]]


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes
    ----------
    text : str
        Raw text.
    best : bool
        Whether it is the value of the best model.
    part : bool
        Whether it is about one loss of a composite loss, below the line of the composite loss.
    verdict : str
        "good" or "bad" where the cell is a verdict.
    """

    text: str = ""
    best: bool = False
    part: bool = False
    verdict: Literal["", "good", "bad"] = ""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    title : str
        The heading.
    number : bool
        Whether its cells are numbers, which are aligned to the right.
    title_from_data : bool
        Whether the heading is a spec or comes from data.
    fixed_words : bool
        Whether its cells only contain words of ours.
    """

    title: str
    number: bool = False
    title_from_data: bool = False
    fixed_words: bool = False


@dataclass(frozen=True)
class Layout:
    """A table: its columns, and the cells of each row."""

    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]

    @property
    def has_best(self) -> bool:
        """Whether any cell is the value of the best model."""
        return any(cell.best for row in self.rows for cell in row)


@dataclass(frozen=True)
class _ExtraColumn:
    """A column after the value of a loss, and the cell that a result has in it."""

    column: Column
    cell: Callable[[LossResult], Cell]


def layout_of(evaluation: Evaluation, *, brief: bool = False) -> Layout:
    """The table of a run: losses as columns if it has several models or slices, and otherwise results as rows.

    Without standard errors and their degrees of freedom if `brief`.
    """
    make = losses_as_columns if compares_values(evaluation) else results_as_rows
    return make(evaluation, brief=brief)


def compares_values(evaluation: Evaluation) -> bool:
    """Whether there are several models or slices to compare with each other, and no baseline."""
    subjects = SubjectColumns.of(evaluation)
    return not _with_baseline(evaluation) and len({subjects.key(result) for result in evaluation.results}) > 1


def results_as_rows(evaluation: Evaluation, *, brief: bool = False) -> Layout:
    """One row per result, and below a composite loss one per loss of it."""
    best = _best(evaluation)
    subjects = SubjectColumns.of(evaluation)
    extras = (
        *_skill(evaluation),
        *_uncertainty(evaluation, brief),
        *_counts(evaluation),
        *(_BASELINE if _with_baseline(evaluation) else ()),
    )
    rows: list[tuple[Cell, ...]] = []
    for result in evaluation.results:
        value = Cell(_value(result, brief), best=id(result) in best)
        labels = subjects.labels(result.model, result.by)
        rows.append((*labels, Cell(result.spec), value, *(extra.cell(result) for extra in extras)))
        for part in result.parts or ():
            values = _part_label(part), Cell(short(part.value), part=True)
            rows.append((*(Cell() for _ in subjects.columns), *values, *(Cell() for _ in extras)))
    columns = (*subjects.columns, Column("loss"), Column("value", number=True), *(extra.column for extra in extras))
    return Layout(columns, tuple(rows))


def losses_as_columns(evaluation: Evaluation, *, brief: bool = False) -> Layout:
    """One column per loss, one row per model and slice, and below it one row per loss of each composite loss."""
    subjects = SubjectColumns.of(evaluation)
    rows: dict[_Key, dict[str, LossResult]] = {}
    for result in evaluation.results:
        rows.setdefault(subjects.key(result), {})[result.spec] = result
    specs = tuple(dict.fromkeys(result.spec for result in evaluation.results))
    # If an extra number is the same for all losses of each row, it has one column instead of one per loss.
    each: list[_ExtraColumn] = []
    last: list[_ExtraColumn] = []
    for extra in (*_skill(evaluation), *_uncertainty(evaluation, brief), *_counts(evaluation)):
        shared = all(len({extra.cell(result) for result in row.values()}) == 1 for row in rows.values())
        (last if shared else each).append(extra)
    columns = list(subjects.columns)
    for spec in specs:
        columns += [Column(spec, number=True, title_from_data=True), *(extra.column for extra in each)]
    columns += [extra.column for extra in last]
    best = _best(evaluation)
    grid = _Grid(specs, len(subjects.columns), tuple(each), tuple(last), brief)
    cells: list[tuple[Cell, ...]] = []
    for row in rows.values():
        some = next(iter(row.values()))
        cells.append((*subjects.labels(some.model, some.by), *grid.values(row, best)))
        cells += [grid.part(spec, part) for spec in specs if spec in row for part in row[spec].parts or ()]
    return Layout(tuple(columns), tuple(cells))


def footnotes(evaluation: Evaluation, *more: str) -> str:
    """What belongs below the table of results: the number of rows, what the renderer adds, and explanations."""
    effective = any(result.n_eff is not None for result in examples(evaluation.results))
    explained = "n_eff: effective sample size (Kish)" if effective else ""
    named = f"from the environment: {', '.join(evaluation.environment)}" if evaluation.environment else ""
    skilled = "skill: 1 - loss / loss of the reference" if _skill(evaluation) else ""
    notes = [evaluation.rows.text, *more, explained, skilled, _interval_note(evaluation), named]
    return "; ".join(filter(None, notes))


_METHODS = {"hall": "Student's t, corrected for skewness (Hall)", "wilson": "Wilson's score",
            "clopper-pearson": "Clopper-Pearson", "permutation": "permutation test", "wild": "wild cluster bootstrap",
            "score": "score test (Tango)"}  # fmt: skip


_BOOTSTRAPS = {"bootstrap-t": "studentised bootstrap", "bootstrap-percentile": "percentile bootstrap"}


def _interval_note(evaluation: Evaluation) -> str:
    """How the confidence intervals were estimated; empty if there are none."""
    results = [*examples(evaluation.results)]
    found = [result.uncertainty for result in results]
    found += [comparison.uncertainty for comparison in evaluation.comparisons]
    found += [result.between.uncertainty for result in results if result.between is not None]
    notes = []
    for how in filter(None, found):
        bootstrap = f"{_BOOTSTRAPS.get(how.method, 'bootstrap')} ({how.resamples} resamples, seed {how.seed})"
        method = _METHODS.get(how.method, "Student's t") if how.resamples is None else bootstrap
        if how.method.startswith("sequential"):
            method = "confidence sequence, for repeated looks" + (", exact" if how.method.endswith("exact") else "")
        if how.block is not None:
            method += f", blocks of {how.block} of {how.count} times"
        if how.lag is not None:
            author = "Newey-West" if how.kernel == "bartlett" else "Diebold-Mariano"
            method += f", {author} standard errors of {how.count} times (lag {how.lag})"
        together = f", simultaneous for {how.simultaneous}" if (how.simultaneous or 1) > 1 else ""
        notes.append(f"{percent(how.level)} confidence intervals (CI): {method}, unit: {how.units}{together}")
    return "; ".join(dict.fromkeys(notes))


@dataclass(frozen=True)
class _Grid:
    specs: tuple[str, ...]
    labels: int
    each: tuple[_ExtraColumn, ...]
    last: tuple[_ExtraColumn, ...]
    brief: bool

    def values(self, row: dict[str, LossResult], best: frozenset[int]) -> list[Cell]:
        cells: list[Cell] = []
        for spec in self.specs:
            result = row.get(spec)
            cells.append(Cell(_value(result, self.brief), best=id(result) in best) if result else Cell())
            cells += [extra.cell(result) if result else Cell() for extra in self.each]
        return cells + [extra.cell(next(iter(row.values()))) for extra in self.last]

    def part(self, spec: str, part: PartResult) -> tuple[Cell, ...]:
        cells = [_part_label(part), *(Cell() for _ in range(self.labels - 1))]
        for other in self.specs:
            cells.append(Cell(short(part.value), part=True) if other == spec else Cell())
            cells += [Cell() for _ in self.each]
        return tuple(cells + [Cell() for _ in self.last])


@dataclass(frozen=True)
class SubjectColumns:
    """The columns for the model and the slice of a row."""

    model: bool
    names: tuple[str, ...]

    @staticmethod
    def of(evaluation: Evaluation) -> SubjectColumns:
        """The columns that the results of a run need."""
        return SubjectColumns(has_models(evaluation), slice_names(evaluation))

    @property
    def columns(self) -> tuple[Column, ...]:
        """The column of the model, if the run has models, and one column per slice column."""
        model = (Column("model"),) if self.model else ()
        return (*model, *(Column(name, title_from_data=True) for name in self.names))

    def labels(self, model: str | None, by: Mapping[str, str]) -> list[Cell]:
        """The cells of these columns for a model and a slice; `(all)` where a slice column is not restricted."""
        return [Cell(model or "")] * self.model + [Cell(by.get(name, _WHOLE)) for name in self.names]

    def key(self, result: LossResult) -> _Key:
        """The model and the slice values of a result; None where it has none. Results with one key share a row."""
        return result.model, tuple(result.by.get(name) for name in self.names)


def _with_baseline(evaluation: Evaluation) -> bool:
    return any(result.baseline is not None for result in examples(evaluation.results))


def _counts(evaluation: Evaluation) -> tuple[_ExtraColumn, ...]:
    """The columns for counts and effective sample sizes, where the note below the table does not tell them."""
    counted = any(result.count != evaluation.rows.used for result in evaluation.results)
    effective = any(result.n_eff is not None for result in examples(evaluation.results))
    return (_COUNT,) * counted + (_EFFECTIVE,) * effective


def _skill(evaluation: Evaluation) -> tuple[_ExtraColumn, ...]:
    """The column of the skill, where it was asked for."""
    return (_SKILL,) * any(result.skill is not None for result in examples(evaluation.results))


def _uncertainty(evaluation: Evaluation, brief: bool) -> tuple[_ExtraColumn, ...]:
    """The columns of standard errors and their degrees of freedom, if there are any."""
    results = [*examples(evaluation.results)]
    has_df = any(result.uncertainty is not None and result.uncertainty.df is not None for result in results)
    has_se = any(result.stderr is not None for result in results)
    return () if brief or not has_se else (_SE, _DF) if has_df else (_SE,)


def standard_error(of: LossResult | ComparisonResult) -> str:
    """The standard error, in few digits; empty where there is none."""
    return "" if of.stderr is None else short(of.stderr)


def degrees_of_freedom(of: LossResult | ComparisonResult) -> str:
    """The degrees of freedom of the standard error, to a tenth; empty where there are none."""
    df = None if of.uncertainty is None else of.uncertainty.df
    return "" if df is None else f"{df:.1f}".removesuffix(".0")


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


_SKILL = _ExtraColumn(
    Column("skill", number=True), lambda result: Cell("" if result.skill is None else short(result.skill.skill))
)
_SE = _ExtraColumn(Column("SE", number=True), lambda result: Cell(standard_error(result)))
_DF = _ExtraColumn(Column("df", number=True), lambda result: Cell(degrees_of_freedom(result)))
_COUNT = _ExtraColumn(Column("count", number=True), lambda result: Cell(str(int(result.count))))
_EFFECTIVE = _ExtraColumn(
    Column("n_eff", number=True), lambda result: Cell("" if result.n_eff is None else short(result.n_eff))
)
_BASELINE = (
    _ExtraColumn(Column("baseline", number=True), _baseline_value),
    _ExtraColumn(Column("change", number=True), lambda result: Cell(change(result))),
    _ExtraColumn(Column("verdict", fixed_words=True), _verdict),
)


def _value(result: LossResult, brief: bool) -> str:
    value = short(result.value) if result.baseline is None else distinguishable(result.value, result.baseline.value)[0]
    if result.interval is not None:
        return f"{value} [{short(result.interval[0])}, {short(result.interval[1])}]"
    return value + (f" (se {standard_error(result)})" if brief and result.stderr is not None else "")


def _part_label(part: PartResult) -> Cell:
    # The value is that before the factor is applied, so the label must not read like a product.
    factor = exact(part.factor).removesuffix(".0")
    return Cell(f"{part.spec} (factor {factor})", part=True)


def _best(evaluation: Evaluation) -> frozenset[int]:
    """The `id` of each result that is the best of several models for its loss and slice; NaN is ignored."""
    groups: dict[tuple[object, ...], list[LossResult]] = {}
    for result in evaluation.results:
        if result.model is not None and result.value == result.value:
            groups.setdefault((result.spec, tuple(result.by.items())), []).append(result)
    best: set[int] = set()
    for results in groups.values():
        direction = results[0].direction
        values = [compared(direction, result.value) for result in results]
        if min(values) < max(values):
            top = min(values) if is_lower_better(direction) else max(values)
            best.update(id(result) for result, value in zip(results, values, strict=True) if value == top)
    return frozenset(best)
