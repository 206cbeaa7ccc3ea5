"""Results and comparisons as lines of cells, for formats that programs read: the columns, and their cells.

A run that compares models has one line per comparison instead of one per result: a pipe needs rows of one kind, and
these have the values of both models. The suites of a check share their columns, and the name of the suite comes first.
A suite that ended in an error has no line: standard error and the exit code tell. Verdicts of gates are in the formats
for CI.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from losscli.lazy import dataclass
from losscli.report.extra_columns import verdict_texts
from losscli.report.suites import evaluated
from losscli.report.view import exact, exacts, slice_headers, slice_text
from losscli.results import (
    BaselineResult,
    ComparisonResult,
    LossResult,
    PairedTest,
    RowCounts,
    SliceDifference,
    SuiteResult,
)
from losscli.results.columns import BaselineColumns, SliceColumns, examples, parts_of


class Subject(Protocol):
    """What results and comparisons have in common."""

    @property
    def model(self) -> str | None:
        """The model; None where no model is named."""
        ...

    @property
    def by(self) -> Mapping[str, str]:
        """The slice: column name to value."""
        ...


@dataclass(frozen=True)
class Field:
    """A column: its title, what is in its cells, and whether that is a text that may come from data.

    `cells` are those of results in columns; None: they share the cell.
    """

    title: str
    cell: Callable[[Any], str]
    from_data: bool = False
    cells: Callable[[SliceColumns], list[str]] | None = None


Lines = Iterator[list[tuple[str, bool]]]
"""The header, then lines of cells, each with whether it is text that may come from data."""

Blocks = Iterator[list[tuple["str | list[str]", bool]]]
"""The same, where several lines may be in one block: a cell that they share, or a list of the cells of each line."""


def examples_of(suites: Sequence[SuiteResult]) -> list[LossResult]:
    """The results of all suites; of those that differ in slice and numbers alone, the first."""
    return [result for _, evaluation in evaluated(suites) for result in examples(evaluation.results)]


def as_lines(blocks: Blocks) -> Lines:
    """One line after the other."""
    for block in blocks:
        many = next((cells for cells, _ in block if isinstance(cells, list)), None)
        for at in range(1 if many is None else len(many)):
            yield [(cells[at] if isinstance(cells, list) else cells, from_data) for cells, from_data in block]


def optional_fields(suites: Sequence[SuiteResult]) -> list[Field]:
    """The columns that a run only has with weights or a baseline."""
    results = examples_of(suites)
    effective = any(result.n_eff is not None for result in results)
    based = any(result.baseline is not None for result in results)
    between = any(result.between is not None for result in results)
    skilled = any(result.skill is not None for result in results)
    added = [*([_EFFECTIVE] * effective), *(_BASELINE if based else ()), *(_BETWEEN if between else ())]
    return [*added, *(_SKILL if skilled else ())]


def _number(value: float | None) -> str:
    return "" if value is None else exact(value)


def _numbers(name: str) -> Callable[[SliceColumns], list[str]]:
    """The cells of what intervals in columns have."""

    def cells(found: SliceColumns) -> list[str]:
        if found.intervals is None:
            return [""] * len(found)
        return ["" if number is None else repr(float(number)) for number in found.intervals.numbers(name)]

    return cells


def _end(at: int) -> Callable[[LossResult | ComparisonResult | SliceDifference], str]:
    return lambda found: "" if found.interval is None else exact(found.interval[at])


def _of_baseline(cell: Callable[[BaselineResult], str]) -> Callable[[LossResult], str]:
    return lambda result: "" if result.baseline is None else cell(result.baseline)


def _of_baselines(cells: Callable[[BaselineColumns], list[str]]) -> Callable[[SliceColumns], list[str]]:
    """The cells of what results in columns have beside a baseline; empty where it does not have the slice."""

    def of_columns(columns: SliceColumns) -> list[str]:
        beside = columns.baselines
        if beside is None:
            return [""] * len(columns)
        found = cells(beside)
        for at in beside.new():
            found[at] = ""
        return found

    return of_columns


def _of_slices(cell: Callable[[SliceDifference], str]) -> Callable[[LossResult], str]:
    return lambda result: "" if result.between is None else cell(result.between)


def _p(test: str, which: str) -> Callable[[ComparisonResult], str]:
    def cell(comparison: ComparisonResult) -> str:
        found: PairedTest | None = getattr(comparison, test)
        return "" if found is None else exact(getattr(found, which))

    return cell


def _whole(name: str) -> Callable[[Any], str]:
    return lambda found: "" if getattr(found, name) is None else str(int(getattr(found, name)))


MODEL = Field("model", lambda found: found.model or "", from_data=True)
SPEC = Field("spec", lambda found: found.spec, from_data=True)
VALUE = Field("value", lambda found: exact(found.value), cells=lambda found: exacts(found.values))
COUNT = Field("count", _whole("count"), cells=lambda found: list(map(str, found.counts)))
INTERVAL = (
    Field("stderr", lambda found: _number(found.stderr), cells=_numbers("stderr")),
    Field("low", _end(0), cells=_numbers("low")),
    Field("high", _end(1), cells=_numbers("high")),
)
_EFFECTIVE = Field("n_eff", lambda result: _number(result.n_eff), cells=_numbers("n_eff"))
_BASELINE = (
    Field(
        "baseline",
        _of_baseline(lambda baseline: exact(baseline.value)),
        cells=_of_baselines(lambda found: exacts(found.values)),
    ),
    Field(
        "change",
        _of_baseline(lambda baseline: exact(baseline.change)),
        cells=_of_baselines(lambda found: exacts(found.changes)),
    ),
    Field(
        "verdict",
        _of_baseline(lambda baseline: baseline.verdict),
        cells=_of_baselines(lambda found: verdict_texts(found, "")),
    ),
)
_BETWEEN = (
    Field("between_against", _of_slices(lambda found: slice_text(found.against)), from_data=True),
    Field("between_value", _of_slices(lambda found: exact(found.value))),
    Field("between_difference", _of_slices(lambda found: exact(found.difference))),
    Field("between_stderr", _of_slices(lambda found: _number(found.stderr))),
    Field("between_low", _of_slices(_end(0))),
    Field("between_high", _of_slices(_end(1))),
    Field("between_p", _of_slices(lambda found: _number(found.p))),
    Field("between_p_adjusted", _of_slices(lambda found: _number(found.p_adjusted))),
    Field("between_verdict", _of_slices(lambda found: found.verdict)),
)
_SKILL = (
    Field("skill_reference", lambda found: "" if found.skill is None else found.skill.reference, from_data=True),
    Field("skill_value", lambda found: "" if found.skill is None else exact(found.skill.value)),
    Field("skill", lambda found: "" if found.skill is None else exact(found.skill.skill)),
)
COMPARISON = (
    *(Field("loss", lambda found: found.spec, from_data=True), VALUE),
    *(Field("against_value", lambda found: exact(found.against_value)), COUNT),
    *(Field("difference", lambda found: exact(found.difference)), *INTERVAL),
    *(Field("p_t", _p("t_test", "p")), Field("holm_t", _p("t_test", "holm"))),
    *(Field("p_permutation", _p("permutation", "p")), Field("holm_permutation", _p("permutation", "holm"))),
    *(Field("wins", _whole("wins")), Field("losses", _whole("losses")), Field("ties", _whole("ties"))),
    Field("df", lambda found: _number(found.uncertainty and found.uncertainty.df)),
    Field("test", lambda found: "" if found.decision is None else found.decision.test),
    Field("p", lambda found: _number(found.decision and found.decision.p)),
    Field("holm", lambda found: _number(found.decision and found.decision.holm)),
    Field("verdict", lambda found: found.verdict),
)
_ADJUSTED = tuple(Field(f"adjusted_{title}", _p(test, "decisive"))
                  for title, test in (("t", "t_test"), ("permutation", "permutation")))  # fmt: skip
_PAIR = (MODEL, Field("against", lambda found: found.against or "", from_data=True))


_DETECTION = (
    Field("effect_size", lambda found: _number(found.effect_size)),
    Field("minimal_detectable", lambda found: _number(found.detection and found.detection.minimal_difference)),
    Field("units_needed", lambda found: "" if found.detection is None else _whole("units_needed")(found.detection)),
)


def has_comparisons(suites: Sequence[SuiteResult]) -> bool:
    """Whether the lines are comparisons: all suites with results have some."""
    found = [bool(evaluation.comparisons) for _, evaluation in evaluated(suites)]
    return bool(found) and all(found)


def result_blocks(
    suites: Sequence[SuiteResult], front: Sequence[Field], back: Sequence[Field], *, with_rows: bool = False
) -> Blocks:
    """The header, then the results; with the rows that were left out where any were, if `with_rows`."""
    groups = [(name, parts_of(evaluation.results), evaluation.rows) for name, evaluation in evaluated(suites)]
    return _blocks(groups, front, back, with_rows)


def comparison_blocks(suites: Sequence[SuiteResult], *, with_rows: bool = False) -> Blocks:
    """The header, then the comparisons; with the rows that were left out where any were, if `with_rows`."""
    groups = [(name, [evaluation.comparisons], evaluation.rows) for name, evaluation in evaluated(suites)]
    planned = any(one.detection is not None for _, (found,), _ in groups for one in found)
    adjusted = any(one.adjustment != "holm" for _, (found,), _ in groups for one in found)
    *fields, verdict = COMPARISON
    fields += [
        *(_ADJUSTED if adjusted else ()),
        *_skills(examples_of(suites)),
        verdict,
    ]
    fields += _DETECTION if planned else ()
    return _blocks(groups, _PAIR, fields, with_rows)


def _skills(results: Sequence[LossResult]) -> Iterator[Field]:
    """The relative skill of both models of a comparison, where models are ranked."""
    found = {(one.model, one.spec, tuple(one.by.items())): one.ranking for one in results if one.ranking is not None}

    def skill(side: str) -> Callable[[ComparisonResult], str]:
        def cell(one: ComparisonResult) -> str:
            ranking = found.get((getattr(one, side), one.spec, tuple(one.by.items())))
            return "" if ranking is None else _number(ranking.relative_skill)

        return cell

    if found:
        yield Field("relative_skill", skill("model"))
        yield Field("against_relative_skill", skill("against"))


def _blocks(
    groups: Sequence[tuple[str | None, Sequence[Sequence[Subject]], RowCounts]],
    front: Sequence[Field],
    back: Sequence[Field],
    with_rows: bool,
) -> Blocks:
    suite = ["suite"] if any(name is not None for name, *_ in groups) else []
    # The slices of a part that is columns have the names of the first of them.
    subjects = (one for _, parts, _ in groups for part in parts for one in _examples(part))
    names = tuple(dict.fromkeys(column for one in subjects for column in one.by))
    counts = tuple(dict.fromkeys(name for *_, rows in groups for name in rows.names)) if with_rows else ()
    taken = [*suite, *(field.title for field in front), *(field.title for field in back)]
    titles = [(title, True) for title in slice_headers(names, ["suite", "model", *taken])]
    ours = [*((t, False) for t in suite), *((f.title, False) for f in front)]
    yield [*ours, *titles, *((f.title, False) for f in back), *((f"rows_{name}", True) for name in counts)]
    for name, parts, rows in groups:
        ends = [(str(rows.names.get(count, 0)), False) for count in counts]
        for part in parts:
            for one, columns in _alike(part):
                by: Mapping[str, Any] = one.by if columns is None else columns.by
                block: list[tuple[str | list[str], bool]] = [(name or "", True) for _ in suite]
                block += [(_cells(field, one, columns), field.from_data) for field in front]
                block += [(by.get(column, ""), True) for column in names]
                block += [(_cells(field, one, columns), field.from_data) for field in back]
                yield [*block, *ends]


def _alike(part: Sequence[Subject]) -> Iterator[tuple[Any, SliceColumns | None]]:
    """Subjects one by one; the first of columns together with them."""
    if isinstance(part, SliceColumns):
        yield from ((one, part) for one in part[:1])
    else:
        yield from ((one, None) for one in part)


def _examples(part: Sequence[Subject]) -> Iterator[Subject]:
    return (one for one, _ in _alike(part))


def _cells(field: Field, one: Subject, columns: SliceColumns | None) -> str | list[str]:
    return field.cell(one) if columns is None or field.cells is None else field.cells(columns)
