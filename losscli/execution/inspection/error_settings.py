"""Parameters of losses that go with the size of errors, such as the delta of the Huber loss."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from losscli.contract.loss import Loss
from losscli.execution.inspection.columns import Candidate

_NORMAL_MAD = 0.6745  # the median absolute deviation of a normal distribution of standard deviation 1


def settings_for_errors(loss: Loss, columns: Mapping[str, Candidate]) -> str:
    """The settings for these errors, such as `delta=50`: 1 is a large error of some targets, and none of others."""
    factors = {name: spec.param.in_errors for name, spec in loss.params.items() if spec.param.in_errors}
    if not factors or not {"pred", "target"} <= columns.keys():
        return ""
    targets, preds = columns["target"].values, columns["pred"].values
    if targets is None or preds is None or targets.shape != preds.shape:
        return ""
    errors = (targets - preds)[np.isfinite(targets) & np.isfinite(preds)]
    deviation = float(np.median(np.abs(errors - np.median(errors)))) / _NORMAL_MAD if errors.size else 0.0
    if not 0 < deviation < np.inf:
        return ""
    return ",".join(f"{name}={float(f'{times * deviation:.2g}'):g}" for name, times in factors.items())
