"""From files to what `losscli inspect` shows: a sample, the fits in it, and results as plain values."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from losscli.contract.traits import trait_of
from losscli.execution.inspection.columns import Candidate
from losscli.execution.inspection.domains import accepts, is_named, is_narrow
from losscli.execution.inspection.findings import findings
from losscli.execution.inspection.fits import Assignment, Fit, sample_and_fits
from losscli.execution.inspection.profiles import ColumnProfile, commonest, histogram
from losscli.execution.inspection.sample import Sample, TargetsFile, read_sample
from losscli.io.source import ReadOptions
from losscli.lazy import dataclass, pattern
from losscli.losses import every
from losscli.results.inspections import (
    ColumnResult,
    FitResult,
    HistogramResult,
    Inspection,
    LossChoice,
    RoleResult,
)

_BINS = 16
_VALUES = 5  # texts of a column that are shown
_MOST_FITS = 4
_MAX_SLICES = 20  # different values in a column that is suggested for slices
_DATE = pattern(r"\d{4}-\d{2}-\d{2}([T ].*)?")


@dataclass(frozen=True)
class Analysis:
    """A sample of files and the fits in it, best first."""

    sample: Sample
    fits: Sequence[Fit]


def analysed(
    paths: Sequence[str], options: ReadOptions, limit: int | None, targets: TargetsFile | None = None
) -> Analysis:
    """Read the first `limit` rows of these files, or all, and find what fits."""
    sample, fits = sample_and_fits(read_sample(paths, options, limit, targets))
    return Analysis(sample, fits[:_MOST_FITS])


def inspected(analysis: Analysis, limit: int | None) -> Inspection:
    """What is in the files, as plain values."""
    sample, fits = analysis.sample, analysis.fits
    return Inspection(
        tuple((fragment.path, fragment.format) for fragment in sample.source.fragments),
        sample.rows, limit, sample.complete,
        columns=tuple(_column(profile, sample, fits) for profile in sample.profiles.values()),
        fits=tuple(fit_result(fit, sample) for fit in fits),
        findings=tuple(findings(sample, fits)), unseen=sample.unseen,
    )  # fmt: skip


def slice_columns(sample: Sample, fit: Fit) -> list[Candidate]:
    """Texts of few values that play no role: the rows of each are a slice. Another form of the target is none."""
    target = fit.columns.get("target")
    return [
        column for column in sample.texts
        if column not in fit.used and 2 <= len(column.classes) <= min(_MAX_SLICES, column.rows // 2)
        and (target is None or target.is_vector or not _is_same(column, target))
    ]  # fmt: skip


def _is_same(column: Candidate, target: Candidate) -> bool:
    """Whether each value of a column goes with one of the target, and each of these with one of the column."""
    pairs = set(zip(column.cells, target.cells, strict=True))
    return len(pairs) == len(set(column.cells)) == len(set(target.cells))


def _column(profile: ColumnProfile, sample: Sample, fits: Sequence[Fit]) -> ColumnResult:
    ends = profile.ends
    single = sample.single.get(profile.name)
    bars, texts = None, []
    if single is not None and single.is_number and single.values is not None:
        finite = single.values[np.isfinite(single.values)]
        if len(finite):
            edges, counts = histogram(finite, _BINS)
            bars = HistogramResult(tuple(edges), tuple(counts))
    elif single is not None and single.texts is not None:
        texts = commonest(single.texts, _VALUES)
    return ColumnResult(
        profile.name, profile.type, profile.missing, profile.nan, profile.infinite,
        profile.distinct.count if profile.counted else None, profile.distinct.exact,
        None if ends is None else ends[0], None if ends is None else ends[1],
        bars, tuple(texts), tuple(_roles(profile, sample, fits)), _group(profile.name, sample),
    )  # fmt: skip


def _group(name: str, sample: Sample) -> str | None:
    return next((one.cols for one in sample.candidates.values() if len(one.members) > 1 and name in one.members), None)


def _roles(profile: ColumnProfile, sample: Sample, fits: Sequence[Fit]) -> Iterator[RoleResult]:
    """What a column can play: roles of the fits that have it, else what its values allow."""
    name, seen = profile.name, set()
    for fit in fits:
        for role, column in _played(fit):
            if name in column.members and role not in seen:
                seen.add(role)
                kind = fit.best.kinds[role]
                why = "a label" if fit.best.labels else kind.says
                yield RoleResult(role, f"{why}, by its name too" if is_named(role, column) else why)
    if profile.type == "date":
        yield RoleResult("time", "dates")
    own = next((one for one in sample.candidates.values() if name in one.members), None)
    if not seen and own is not None:
        yield from _other_roles(profile, own)


def _other_roles(profile: ColumnProfile, column: Candidate) -> Iterator[RoleResult]:
    """Roles outside losses, then those that the values of a column allow."""
    name, rows = profile.name.lower(), profile.rows
    if "weight" in name or name == "w":
        yield RoleResult("weight", "by its name")
    if column.texts is not None and all(_DATE.fullmatch(text) for text in column.classes):
        yield RoleResult("time", "dates")
    elif column.texts is not None and 2 <= len(column.classes) <= min(_MAX_SLICES, column.rows // 2):
        yield RoleResult("by", f"{len(column.classes)} different texts: slices")
    distinct = profile.distinct.exact and profile.distinct.count == rows > 1
    if distinct and profile.type in ("text", "integer"):
        yield RoleResult("key", "different in all rows")
        return
    yield from _narrowest(column)


def _narrowest(column: Candidate) -> Iterator[RoleResult]:
    """Target and prediction, if there is a loss whose kind takes the values; the narrowest kind says why."""
    for role in ("target", "pred"):
        kinds = [kind for loss in every().values() if loss.first and role in loss.roles
                 for kind in loss.roles[role].kinds if accepts(kind, column)]  # fmt: skip
        if kinds:
            best = max(kinds, key=is_narrow)
            yield RoleResult(role, best.says)


def _played(fit: Fit) -> Iterator[tuple[str, Candidate]]:
    yield from fit.columns.items()
    yield from (("pred", column) for column in fit.preds)


def fit_result(fit: Fit, sample: Sample) -> FitResult:
    """A fit as plain values."""
    roles = {role: column.cols for role, column in fit.columns.items()}
    texts = fit.pred_texts
    if "pred" in roles and texts:
        roles["pred"] = texts[0]
    slices = tuple(column.cols for column in slice_columns(sample, fit))
    return FitResult(roles, texts, tuple(map(_choice, fit.assignments)), _settings(fit, sample), slices)


def _settings(fit: Fit, sample: Sample) -> dict[str, str]:
    """The options that a run needs, beside the columns."""
    found = {}
    if fit.positive is not None:
        found["positive"] = fit.positive
    if fit.first_class is not None:
        found["first-class"] = str(fit.first_class)
    if fit.class_names is not None:
        found["classes"] = ",".join(fit.class_names)
    if fit.batched and fit.query is not None:
        found["batch-by"] = fit.query.cols
    profiles = [sample.profiles[name] for column in fit.used for name in column.members]
    if any(profile.missing for profile in profiles):
        found["missing"] = "drop"
    if any(profile.nan for profile in profiles) or any(
        column.is_vector and column.missing_or_nan[1] for column in fit.used
    ):
        found["nan"] = "drop"
    return found


def _choice(one: Assignment) -> LossChoice:
    loss = one.loss
    kinds = "; ".join(f"{role}: {kind.says}" for role, kind in one.kinds.items())
    trait = trait_of(loss.name, loss.first)
    why = kinds if trait is None else trait.says
    return LossChoice(one.spec, loss.summary, loss.direction, why, loss.scope == "group")
