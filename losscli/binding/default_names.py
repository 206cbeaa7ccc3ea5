"""The names that columns of targets and predictions usually have: what is tried where none is given."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from losscli.contract.kinds import Kind

DEFAULT_NAMES = {
    "target": ("target", "y_true", "label", "actual", "y"),
    "pred": ("pred", "prediction", "y_pred", "y_hat", "prob", "score"),
}

LESS_USUAL_NAMES = {
    "target": ("observed", "obs", "truth"),
    "pred": ("predicted", "yhat", "y_prob", "proba", "logits"),
}
"""Names that are tried only where no column has one of the others."""

_LOGITS, _PROBABILITIES = {"logits"}, {"y_prob", "proba"}


def less_usual(role: str, columns: Collection[str], kinds: Sequence[Kind] | None = None) -> list[str]:
    """The columns with a less usual name, of those that can be of these kinds: logits are no probabilities."""
    found = [name for name in LESS_USUAL_NAMES.get(role, ()) if name in columns]
    if kinds is None:
        return found
    refused = set() if any(kind.logit for kind in kinds) else _LOGITS
    refused = refused | (_PROBABILITIES if all(kind.logit for kind in kinds) else set())
    return [name for name in found if name not in refused]
