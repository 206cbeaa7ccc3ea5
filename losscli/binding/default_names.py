"""The names that columns of targets and predictions usually have: what is tried where none is given."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from losscli.contract.kinds import Kind

DEFAULT_NAMES = {
    "target": ("target", "y_true", "label", "actual", "y"),
    "pred": ("pred", "prediction", "y_pred", "y_hat", "prob", "score"),
}

FURTHER_NAMES = {
    "target": ("observed", "obs", "truth"),
    "pred": ("predicted", "yhat", "y_prob", "proba", "logits"),
}
"""Names that are tried only where no column has one of the others."""

_LOGITS, _PROBABILITIES = {"logits"}, {"y_prob", "proba"}


def further_names(role: str, columns: Collection[str], kinds: Sequence[Kind] | None = None) -> list[str]:
    """The columns with one of these names that can be of these kinds: logits are no probabilities."""
    found = [name for name in FURTHER_NAMES.get(role, ()) if name in columns]
    if kinds is None:
        return found
    refused = set() if any(kind.logit for kind in kinds) else _LOGITS
    refused = refused | (_PROBABILITIES if all(kind.logit for kind in kinds) else set())
    return [name for name in found if name not in refused]


PROBABILITY_NAMES = frozenset({"prob", "probs", "proba", "probability"})
LOGIT_NAMES = frozenset({"logit", "logits"})
"""Words in names of columns that say what their numbers are."""

ROLE_NAMES = {
    "pred": ("risk", "risk_score", "hazard", "log_hazard", "partial_hazard"),
    "time": ("duration", "survival_time", "time_to_event", "tte", "followup"),
    "event": ("observed", "status", "died", "death"),
    "scale": ("sigma", "std", "sd", "stddev", "pred_std"),
    "variance": ("var", "pred_var", "pred_variance"),
    "lower": ("lo", "low", "lwr", "lower_bound", "yhat_lower", "pred_lower"),
    "upper": ("hi", "high", "upr", "upper_bound", "yhat_upper", "pred_upper"),
    "logprob": ("log_prob", "logp"),
    "query": ("query_id", "qid", "query", "srch_id", "session_id", "batch"),
}
"""Names that tell `inspect` what a column may be, beside the name of its role. No run takes a column by these."""
