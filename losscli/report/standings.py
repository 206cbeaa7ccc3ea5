"""The tables of differences between slices, and of many models beside each other, that people read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from losscli.report.cells import Cell, Column, Layout
from losscli.report.layout import SubjectColumns
from losscli.report.view import short, signed, slice_text
from losscli.results import ComparisonResult, Evaluation, LossResult
from losscli.results.columns import examples

_METHODS = {"holm": "Holm", "bh": "BH", "max-t": "max-t"}
_VERDICTS: Mapping[str, Literal["good", "bad"]] = {"better": "good", "worse": "bad"}
_OPPOSITE = {"better": "worse", "worse": "better"}
_WIDEST = 12  # models of a matrix; more are only in the list of comparisons


def has_slice_differences(evaluation: Evaluation) -> bool:
    """Whether slices are compared with each other."""
    return any(result.between is not None for result in examples(evaluation.results))


def slice_differences(evaluation: Evaluation) -> Layout:
    """One row per model, slice and loss: how it differs from the rest, or from another slice."""
    found = [(result, result.between) for result in examples(evaluation.results) if result.between is not None]
    subjects = SubjectColumns.of(evaluation)
    method = _METHODS.get(found[0][1].adjustment)
    columns = [*subjects.columns, Column("loss"), Column("against"), Column("value", number=True)]
    columns += [Column("there", number=True), Column("difference", number=True), Column("p", number=True)]
    columns += [Column(f"p adj. ({method})", number=True)] if method else []
    rows = []
    for result, other in found:
        cells = [*subjects.labels(result.model, result.by), Cell(result.spec), Cell(slice_text(other.against))]
        cells += [Cell(short(result.value)), Cell(short(other.value))]
        cells += [Cell(_with_interval(other.difference, other.interval, other.stderr)), Cell(_p(other.p))]
        cells += [Cell(_p(other.p_adjusted))] if method else []
        rows.append((*cells, Cell(other.verdict, verdict=_VERDICTS.get(other.verdict, ""))))
    return Layout.of((*columns, Column("verdict", fixed_words=True)), rows)


def has_rankings(evaluation: Evaluation) -> bool:
    """Whether models are ranked."""
    return any(result.ranking is not None for result in examples(evaluation.results))


def rankings(evaluation: Evaluation) -> Layout:
    """One row per model, the best of a loss and slice first, and its difference from each of the other models."""
    found = [result for result in examples(evaluation.results) if result.ranking is not None]
    slices = SubjectColumns(False, tuple(dict.fromkeys(name for one in found for name in one.by)))
    models = [model for model in dict.fromkeys(one.model for one in found) if model is not None]
    matrix = models if len(models) <= _WIDEST else []
    pairs = _pairs(evaluation.comparisons)
    columns = [Column("loss"), *slices.columns, Column("rank", number=True), Column("model")]
    columns += [Column("value", number=True), Column("relative skill", number=True)]
    columns += [Column("better than", number=True), Column("worse than", number=True)]
    columns += [Column(model, number=True, title_from_data=True) for model in matrix]
    families: dict[tuple[object, ...], list[LossResult]] = {}
    for one in found:
        families.setdefault((one.spec, *one.by.items()), []).append(one)
    rows = []
    for family in families.values():
        for one in sorted(family, key=_rank):
            ranking = one.ranking
            assert ranking is not None
            cells = [Cell(one.spec), *slices.labels(None, one.by)]
            cells += [Cell("" if ranking.rank is None else str(ranking.rank)), Cell(one.model or "")]
            skill = ranking.relative_skill
            cells += [
                Cell(short(one.value)),
                Cell("" if skill is None else _interval_text(short(skill), ranking.interval)),
            ]
            cells += [Cell(str(ranking.better_than)), Cell(str(ranking.worse_than))]
            rows.append((*cells, *(_cell(pairs, one, model) for model in matrix)))
    return Layout.of(columns, rows)


def note(evaluation: Evaluation) -> str:
    """What the table of ranks shows; empty without one."""
    ranked = next((one.ranking for one in examples(evaluation.results) if one.ranking is not None), None)
    if ranked is None:
        return ""
    scaled = "" if ranked.scaled_by is None else ", as a multiple of that of the model that has 1"
    return (
        f"relative skill: geometric mean of the ratios of a model's value and those of all models{scaled}; the columns "
        "of models: difference, and the adjusted p-value that decides"
    )


_Pairs = dict[tuple[str | None, str | None, str, tuple[object, ...]], tuple[ComparisonResult, int]]


def _pairs(comparisons: Sequence[ComparisonResult]) -> _Pairs:
    """Each pair of models in both orders, with the sign of its difference."""
    found: _Pairs = {}
    for one in comparisons:
        slice_ = tuple(one.by.items())
        found[one.model, one.against, one.spec, slice_] = one, 1
        found[one.against, one.model, one.spec, slice_] = one, -1
    return found


def _cell(pairs: _Pairs, own: LossResult, model: str) -> Cell:
    """The difference of the model of a row from that of a column, with the adjusted p-value and the verdict."""
    found = pairs.get((own.model, model, own.spec, tuple(own.by.items())))
    if found is None:
        return Cell()
    pair, sign = found
    test = pair.decision
    verdict = pair.verdict if sign > 0 else _OPPOSITE.get(pair.verdict, pair.verdict)
    p = "" if test is None else f" (p {test.decisive:.2g})"
    return Cell(signed(sign * pair.difference) + p, verdict=_VERDICTS.get(verdict, ""))


def _rank(one: LossResult) -> float:
    return float("inf") if one.ranking is None or one.ranking.rank is None else one.ranking.rank


def _with_interval(value: float, interval: tuple[float, float] | None, stderr: float | None) -> str:
    if interval is not None:
        return f"{signed(value)} [{signed(interval[0])}, {signed(interval[1])}]"
    return signed(value) + ("" if stderr is None else f" (se {short(stderr)})")


def _interval_text(value: str, interval: tuple[float, float] | None) -> str:
    return value if interval is None else f"{value} [{short(interval[0])}, {short(interval[1])}]"


def _p(p: float | None) -> str:
    return "" if p is None else f"{p:.3g}"
