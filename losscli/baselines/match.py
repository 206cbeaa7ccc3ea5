"""A run matched with its baseline: which saved number belongs to which result, and whether the two are comparable.

Results of very many slices stay columns, and so do the numbers of the baseline beside them.
"""

from __future__ import annotations

import math
from array import array
from bisect import bisect_right
from collections.abc import Callable, Hashable, Iterable, Iterator, Sequence
from dataclasses import replace

from losscli.baselines.line_results import Line, LineResults, by_line
from losscli.baselines.signature_differences import difference
from losscli.lazy import dataclass
from losscli.results import BaselineResult, BaselineSource, Evaluation, LossResult
from losscli.results.columns import VERDICTS, BaselineColumns, ResultTable, SliceColumns, examples
from losscli.results.directions import compared, is_lower_better


@dataclass(frozen=True)
class BaselineMatch:
    """A run matched with its baseline.

    `evaluation` is the run; its results have the numbers of the baseline. `reasons` say why the two are not comparable;
    then the results have no such numbers, unless incomparable baselines are allowed. `absent` are results of the
    baseline that the run does not have, under the name that their model has in the run.
    """

    evaluation: Evaluation
    reasons: tuple[str, ...]
    absent: Sequence[LossResult]
    notes: tuple[str, ...]


def match_baseline(evaluation: Evaluation, saved: Evaluation, path: str, allow_incomparable: bool) -> BaselineMatch:
    """Match each result of the run with the saved result of the same model, loss spec and slice.

    If the run and the baseline have one model each, these match whatever their names: an old model and a new one are
    mostly scored in two runs.
    """
    run = [LineResults(some) for some in by_line(evaluation.results)]
    renamed = renamed_models(*([r.model for r in examples(one.results)] for one in (evaluation, saved)))
    baseline = _Baseline(saved, {some.line for some in run}, renamed)
    positions = [baseline.saved_positions(some) for some in run]
    reasons = _incomparable(evaluation, saved, baseline.signatures(run, positions))
    absent, absent_names = baseline.absent(positions)
    source = BaselineSource(path, absent_names, () if allow_incomparable else reasons)
    if not source.incomparable:
        results = _table([baseline.beside(*each) for each in zip(run, positions, strict=True)])
        evaluation = replace(evaluation, results=results)
    notes = [f"the baseline's model '{old}' is compared with '{new}'" for old, new in renamed.items() if old and new]
    if absent_names:
        more = f" and {len(absent_names) - 5} more" if len(absent_names) > 5 else ""
        notes.append(f"this run has no {', '.join(absent_names[:5])}{more}, which the baseline has")
    return BaselineMatch(replace(evaluation, baseline=source), reasons, absent, tuple(notes))


def baseline_models(
    saved: Evaluation, lines: Iterable[tuple[str | None, str]]
) -> dict[tuple[str | None, str], str | None]:
    """Model and spec of this run -> the name of that model in the baseline, by the rule of `match_baseline`."""
    numbers = {(result.model, result.spec) for result in examples(saved.results)}
    single = _single_model(result.model for result in examples(saved.results))
    found = {}
    for model, spec in lines:
        if (model, spec) in numbers:
            found[model, spec] = model
        elif single is not None and (single[0], spec) in numbers:
            found[model, spec] = single[0]
    return found


_Positions = Sequence[int | None]


class _Baseline:
    """The saved results, numbered, by the lines and slices that they have in the run."""

    def __init__(self, saved: Evaluation, lines: set[Line], renamed: dict[str | None, str | None]) -> None:
        self.parts = [LineResults(some) for some in by_line(saved.results)]
        self.starts, self.models = array("q"), list[str | None]()
        self.found: dict[Line, dict[Hashable, int]] = {}
        self.values = array("d")
        for part in self.parts:
            model, spec, names = part.line
            if part.line not in lines:
                model = renamed.get(model, model)
            start = len(self.values)
            self.starts.append(start)
            self.models.append(model)
            self.values.extend(part.values)
            known = self.found.setdefault(Line(model, spec, names), {})
            known.update(zip(part.slices, range(start, len(self.values)), strict=True))

    def saved_positions(self, some: LineResults) -> _Positions:
        """The number of the saved result that belongs to each result; None where there is none."""
        return [*map(self.found.get(some.line, {}).get, some.slices)]

    def signatures(
        self, run: Sequence[LineResults], positions: Sequence[_Positions]
    ) -> Iterator[tuple[LineResults, str]]:
        """The results of the run that have saved ones, and the signatures of these."""
        for some, own in zip(run, positions, strict=True):
            parts = dict.fromkeys(bisect_right(self.starts, position) - 1 for position in own if position is not None)
            yield from ((some, self.parts[part].signature) for part in parts)

    def absent(self, positions: Sequence[_Positions]) -> tuple[Sequence[LossResult], tuple[str, ...]]:
        """The saved results that belong to none, under the models of the run; and their names as they are saved."""
        left = bytearray(b"\x01") * len(self.values)
        for own in positions:
            for position in own:
                if position is not None:
                    left[position] = 0
        found: list[Sequence[LossResult]] = []
        names: list[str] = []
        for part, model, start in zip(self.parts, self.models, self.starts, strict=True):
            some = [at for at, is_left in enumerate(left[start : start + len(part.results)]) if is_left]
            if some:
                found.append(part.of_model(model, some))
                names += part.names(some)
        return _table(found), tuple(names)

    def beside(self, some: LineResults, positions: _Positions) -> Sequence[LossResult]:
        """Results of the run beside those of the baseline that belong to them."""
        values = [None if position is None else self.values[position] for position in positions]
        if some.columns is not None:
            return some.columns.with_baselines(_columns(some.columns, values))
        (result,), (base,) = some.results, values
        return (result.with_baseline(None if base is None else _change(result, base)),)


def _table(parts: Sequence[Sequence[LossResult]]) -> Sequence[LossResult]:
    """All of them, in columns where any are."""
    if any(isinstance(part, SliceColumns) for part in parts):
        return ResultTable(parts)
    return tuple(result for part in parts for result in part)


def renamed_models(run: Iterable[str | None], baseline: Iterable[str | None]) -> dict[str | None, str | None]:
    """Model of the baseline -> model of the run, if each has exactly one and their names differ."""
    new, old = _single_model(run), _single_model(baseline)
    return {old[0]: new[0]} if new is not None and old is not None and new != old else {}


def _single_model(models: Iterable[str | None]) -> tuple[str | None] | None:
    """The only model, whose name may be None; losses of tables alone have no model, so a name takes precedence."""
    found = set(models)
    named = found - {None}
    if len(named) > 1 or not found:
        return None
    return (named.pop() if named else None,)


def _incomparable(
    evaluation: Evaluation, saved: Evaluation, pairs: Iterable[tuple[LineResults, str]]
) -> tuple[str, ...]:
    """Why the run and the baseline are not comparable; each reason shows both sides."""
    reasons = []
    for some, before in pairs:
        reason = difference(some.line[1], some.signature, before)
        if reason is not None:
            reasons.append(reason)
            break  # a difference in one loss is mostly one in all of them
    if evaluation.rows.used != saved.rows.used:
        reasons.append(f"{evaluation.rows.used} rows are used here, {saved.rows.used} in the baseline")
    hashes = {
        "keys of the rows": (evaluation.rows_sha256, saved.rows_sha256),
        "targets": (evaluation.targets_sha256, saved.targets_sha256),
    }
    if evaluation.targets_sha256 == saved.targets_sha256:  # the hashes of these contain the targets
        hashes["weights of the rows"] = (evaluation.weights_sha256, saved.weights_sha256)
        hashes["rows of the batches"] = (evaluation.batches_sha256, saved.batches_sha256)
        if _slice_columns(evaluation) == _slice_columns(saved):
            hashes["rows of the slices"] = (evaluation.slices_sha256, saved.slices_sha256)
    for what, (here, there) in hashes.items():
        if here is not None and there is not None and here != there:
            reasons.append(f"the {what} differ (sha256 {here[:12]}…, in the baseline {there[:12]}…)")
    return tuple(reasons)


def _slice_columns(evaluation: Evaluation) -> set[str]:
    return {name for result in examples(evaluation.results) for name in result.by}


def _change(result: LossResult, base: float) -> BaselineResult:
    """The number of the baseline, and the change from it."""
    change, relative, verdict = _changes(result.direction)(result.value, base)
    return BaselineResult(base, change, None if math.isnan(relative) else relative, verdict)


def _columns(results: SliceColumns, bases: Sequence[float | None]) -> BaselineColumns:
    """The same of results in columns; None where the baseline does not have the slice."""
    change_of, codes = _changes(results.shared.direction), {word: code for code, word in enumerate(VERDICTS)}
    values, changes, relatives = (array("d", [math.nan]) * len(bases) for _ in range(3))
    verdicts = bytearray([BaselineColumns.NEW]) * len(bases)
    for at, (value, base) in enumerate(zip(results.values, bases, strict=True)):
        if base is not None:
            values[at] = base
            changes[at], relatives[at], verdict = change_of(value, base)
            verdicts[at] = codes[verdict]
    return BaselineColumns(values, changes, relatives, bytes(verdicts))


def _changes(direction: str) -> Callable[[float, float], tuple[float, float, str]]:
    """What makes of a value and that of the baseline the change, the relative one (NaN if there is none), a verdict."""
    lower = is_lower_better(direction)

    def change_of(value: float, base: float) -> tuple[float, float, str]:
        if math.isnan(value) or math.isnan(base):
            return math.nan, math.nan, "undefined"
        change = 0.0 if value == base else value - base  # the difference of two equal infinities would be NaN
        relative = change / abs(base) if base and math.isfinite(value) and math.isfinite(base) else math.nan
        if not math.isfinite(relative):
            relative = math.nan
        size, before_size = compared(direction, value), compared(direction, base)
        grown = 0.0 if size == before_size else size - before_size
        if not grown:  # the same, or as far on the other side of 0
            return change, relative, "same"
        return change, relative, "better" if (grown < 0) == lower else "worse"

    return change_of
