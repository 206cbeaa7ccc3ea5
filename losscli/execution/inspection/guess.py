"""A first configuration of the best fit: what `check --init` writes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from losscli.binding.default_names import DEFAULT_NAMES
from losscli.errors import DataError
from losscli.execution.inspection.fits import sample_and_fits
from losscli.execution.inspection.inspect import fit_result, slice_columns
from losscli.execution.inspection.sample import Sample
from losscli.lazy import dataclass


@dataclass(frozen=True)
class Guess:
    """Roles and losses.

    `preds` are models. `named` says that the target has a default name; otherwise it was guessed from its values alone.
    `groups` says that a loss is a batch loss. `settings` are further keys of the suite.
    """

    losses: tuple[str, ...]
    target: str | None
    preds: tuple[str, ...]
    columns: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, str] = field(default_factory=dict)
    named: bool = False
    groups: bool = False
    slices: tuple[str, ...] = ()
    weights: tuple[str, ...] = ()


def guess(sample: Sample, path: str) -> Guess:
    """Guess roles and losses from the values; a DataError if no column looks like a prediction of another."""
    sample, fits = sample_and_fits(sample)
    if not fits:
        raise DataError("no column looks like a prediction of another", path=path, code="DATA_MISMATCH",
                        hint="a suite names them: target = …, pred = …; see 'losscli help config'")  # fmt: skip
    fit = fits[0]
    found = fit_result(fit, sample)
    target = found.roles.get("target")
    # Gates on the scores of losses would say the same again.
    chosen = [one for one in fit.assignments if one.loss.score_of is None or one.leads] or fit.assignments
    batched = any(one.loss.scope == "group" for one in chosen)
    settings = {key: value for key, value in found.settings.items() if key != "batch-by" or batched}
    return Guess(
        losses=tuple(one.spec for one in chosen), target=target, preds=found.preds,
        columns={role: cols for role, cols in found.roles.items() if role not in ("target", "pred")},
        settings=settings, named=target is None or target in DEFAULT_NAMES["target"], groups=batched,
        slices=tuple(column.cols for column in slice_columns(sample, fit)),
        weights=tuple(c.cols for c in sample.numbers if "weight" in c.cols.lower() or c.cols == "w"),
    )  # fmt: skip
