"""The tables of results that people read, as rows and columns: for the terminal, Markdown and HTML.

With several models or slices, losses are columns and each model and slice is a row, so that numbers to compare are in
one column. Otherwise, beside a baseline, and on a terminal that is too narrow for this, each result is a row.
Cells contain raw text from data; each renderer sanitizes and escapes it in its own way. The rows of very many slices
are made column by column.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence

from losscli.lazy import dataclass
from losscli.report.cells import Block, Cell, Cells, Column, Layout, one_row
from losscli.report.extra_columns import (
    BASELINE,
    ExtraColumn,
    beside_baseline,
    counts,
    skill,
    uncertainty,
    with_baseline,
)
from losscli.report.view import distinguishable, exact, has_models, percent, short, slice_names
from losscli.results import Evaluation, LossResult, PartResult
from losscli.results.columns import SliceColumns, examples, parts_of
from losscli.results.directions import compared, is_lower_better

_WHOLE = "(all)"
_Key = tuple[str | None, tuple[str | None, ...]]


def layout_of(evaluation: Evaluation, *, brief: bool = False) -> Layout:
    """The table of a run: losses as columns if it has several models or slices, and otherwise results as rows.

    Without standard errors and their degrees of freedom if `brief`.
    """
    make = losses_as_columns if compares_values(evaluation) else results_as_rows
    return make(evaluation, brief=brief)


def compares_values(evaluation: Evaluation) -> bool:
    """Whether there are several models or slices to compare with each other, and no baseline."""
    subjects = SubjectColumns.of(evaluation)
    if with_baseline(evaluation):
        return False
    # The slices of columns differ from each other, so two of them tell.
    some = (part[:2] if isinstance(part, SliceColumns) else part for part in parts_of(evaluation.results))
    return len({subjects.key(result) for part in some for result in part}) > 1


def results_as_rows(evaluation: Evaluation, *, brief: bool = False) -> Layout:
    """One row per result, and below a composite loss one per loss of it."""
    best = _Best(evaluation)
    subjects = SubjectColumns.of(evaluation)
    extras = (
        *skill(evaluation),
        *uncertainty(evaluation, brief),
        *counts(evaluation),
        *(BASELINE if with_baseline(evaluation) else ()),
    )
    blocks: list[Block] = []
    for results in _alike(evaluation):
        values = best.cells(results, brief)
        front = [*subjects.cells(results), Cells([results[0].spec] * len(results), {}), values]
        blocks.append([*front, *(extra.cells(results) for extra in extras)])
        for part in results[0].parts or ():
            cells = _part_label(part), Cell(short(part.value), part=True)
            blocks.append(one_row([*(Cell() for _ in subjects.columns), *cells, *(Cell() for _ in extras)]))
    columns = (*subjects.columns, Column("loss"), Column("value", number=True), *(extra.column for extra in extras))
    return Layout.of_blocks(columns, blocks)


def losses_as_columns(evaluation: Evaluation, *, brief: bool = False) -> Layout:
    """One column per loss, one row per model and slice, and below it one row per loss of each composite loss."""
    subjects = SubjectColumns.of(evaluation)
    rows: dict[object, dict[str, Sequence[LossResult]]] = {}
    for results in _alike(evaluation):
        # Columns of one run are about the same slices, and no other results are about any of these.
        key = (results.shared.model,) if isinstance(results, SliceColumns) else subjects.key(results[0])
        rows.setdefault(key, {})[results[0].spec] = results
    specs = tuple(dict.fromkeys(spec for row in rows.values() for spec in row))
    # If an extra number is the same for all losses of each row, it has one column instead of one per loss.
    each: list[ExtraColumn] = []
    last: list[ExtraColumn] = []
    for extra in (*skill(evaluation), *uncertainty(evaluation, brief), *counts(evaluation)):
        shared = all(_are_equal(extra.cells(results).texts for results in row.values()) for row in rows.values())
        (last if shared else each).append(extra)
    columns = list(subjects.columns)
    for spec in specs:
        columns += [Column(spec, number=True, title_from_data=True), *(extra.column for extra in each)]
    columns += [extra.column for extra in last]
    best = _Best(evaluation)
    grid = _Grid(specs, len(subjects.columns), tuple(each), tuple(last), brief)
    blocks: list[Block] = []
    for row in rows.values():
        some = next(iter(row.values()))
        blocks.append([*subjects.cells(some), *grid.values(row, best)])
        blocks += [grid.part(spec, part) for spec in specs if spec in row for part in row[spec][0].parts or ()]
    return Layout.of_blocks(columns, blocks)


def _alike(evaluation: Evaluation) -> Iterator[Sequence[LossResult]]:
    """Results in columns, whose rows are made together, and others one by one.

    Slices of composite losses have rows of their losses between them; and where some slices are in no columns, the
    losses of a slice are brought together one by one.
    """
    parts = parts_of(evaluation.results)
    columns = [part for part in parts if isinstance(part, SliceColumns)]
    together = all(part.shared.parts is None and part.by == columns[0].by for part in columns)
    together &= not any(result.by for part in parts if not isinstance(part, SliceColumns) for result in part)
    for part in parts:
        if together and isinstance(part, SliceColumns):
            yield from [part] if part else ()
        else:
            yield from ([result] for result in part)


def _are_equal(found: Iterable[Sequence[str]]) -> bool:
    first, *others = found
    return all(one == first for one in others)


def footnotes(evaluation: Evaluation, *more: str) -> str:
    """What belongs below the table of results: the number of rows, what the renderer adds, and explanations."""
    effective = any(result.n_eff is not None for result in examples(evaluation.results))
    explained = "n_eff: effective sample size (Kish)" if effective else ""
    named = f"from the environment: {', '.join(evaluation.environment)}" if evaluation.environment else ""
    skilled = "skill: 1 - loss / loss of the reference" if skill(evaluation) else ""
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
    each: tuple[ExtraColumn, ...]
    last: tuple[ExtraColumn, ...]
    brief: bool

    def values(self, row: Mapping[str, Sequence[LossResult]], best: _Best) -> list[Cells]:
        cells: list[Cells] = []
        some = next(iter(row.values()))
        for spec in self.specs:
            results = row.get(spec)
            if results is None:
                cells += [Cells([""] * len(some), {})] * (1 + len(self.each))
            else:
                cells += [best.cells(results, self.brief), *(extra.cells(results) for extra in self.each)]
        return cells + [extra.cells(some) for extra in self.last]

    def part(self, spec: str, part: PartResult) -> Block:
        cells = [_part_label(part), *(Cell() for _ in range(self.labels - 1))]
        for other in self.specs:
            cells.append(Cell(short(part.value), part=True) if other == spec else Cell())
            cells += [Cell() for _ in self.each]
        return one_row(cells + [Cell() for _ in self.last])


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

    def cells(self, results: Sequence[LossResult]) -> list[Cells]:
        """The cells of these columns for one result, or for results in columns."""
        if isinstance(results, SliceColumns):
            model = [Cells([results.shared.model or ""] * len(results), {})] * self.model
            return model + [Cells(results.by.get(name) or [_WHOLE] * len(results), {}) for name in self.names]
        return one_row(self.labels(results[0].model, results[0].by))

    def key(self, result: LossResult) -> _Key:
        """The model and the slice values of a result; None where it has none. Results with one key share a row."""
        return result.model, tuple(result.by.get(name) for name in self.names)


_BEST = Cell(best=True)


class _Best:
    """Which results are the best of several models for their loss and slice; NaN is ignored."""

    def __init__(self, evaluation: Evaluation) -> None:
        groups: dict[tuple[object, ...], list[Sequence[LossResult]]] = {}
        for results in _alike(evaluation):
            if results[0].model is not None:
                slice_ = None if isinstance(results, SliceColumns) else tuple(results[0].by.items())
                groups.setdefault((results[0].spec, slice_), []).append(results)
        self._places: dict[int, list[int]] = {}
        for models in groups.values():
            if len(models) > 1:
                self._find(models)

    def _find(self, models: Sequence[Sequence[LossResult]]) -> None:
        """Note the places of the best values of these models, which are about the same slices."""
        direction = models[0][0].direction
        best = min if is_lower_better(direction) else max
        columns = [[compared(direction, value) for value in _values_of(results)] for results in models]
        places: list[list[int]] = [[] for _ in models]
        for at, values in enumerate(zip(*columns, strict=True)):
            known = [value for value in values if value == value]
            if known and min(known) < max(known):
                top = best(known)
                for model, value in enumerate(values):
                    if value == top:
                        places[model].append(at)
        self._places.update((_identity(results), own) for results, own in zip(models, places, strict=True))

    def cells(self, results: Sequence[LossResult], brief: bool) -> Cells:
        """The values, of which the best are marked."""
        return Cells(_values(results, brief), dict.fromkeys(self._places.get(_identity(results), ()), _BEST))


def _identity(results: Sequence[LossResult]) -> int:
    return id(results if isinstance(results, SliceColumns) else results[0])


def _values_of(results: Sequence[LossResult]) -> Sequence[float]:
    return results.values if isinstance(results, SliceColumns) else [result.value for result in results]


def _values(results: Sequence[LossResult], brief: bool) -> list[str]:
    """The values of results, with their intervals."""
    if not isinstance(results, SliceColumns):
        return [_value(result, brief) for result in results]
    texts, known = [value for value, _ in beside_baseline(results)], results.intervals
    if known is not None:
        for at, (text, stderr) in enumerate(zip(texts, known.stderr, strict=True)):
            texts[at] = _with_interval(text, known.interval(at), stderr, brief)
        for at in known.others:
            texts[at] = _value(results[at], brief)
    return texts


def _value(result: LossResult, brief: bool) -> str:
    value = short(result.value) if result.baseline is None else distinguishable(result.value, result.baseline.value)[0]
    return _with_interval(value, result.interval, result.stderr, brief)


def _with_interval(value: str, interval: tuple[float, float] | None, stderr: float | None, brief: bool) -> str:
    if interval is not None:
        return f"{value} [{short(interval[0])}, {short(interval[1])}]"
    return value + (f" (se {short(stderr)})" if brief and stderr is not None else "")


def _part_label(part: PartResult) -> Cell:
    # The value is that before the factor is applied, so the label must not read like a product.
    factor = exact(part.factor).removesuffix(".0")
    return Cell(f"{part.spec} (factor {factor})", part=True)
