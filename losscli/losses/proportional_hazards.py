"""Cox' partial likelihood: of who has the event at its time, among all who are still at risk."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np

from losscli.contract import kinds
from losscli.contract.kinds import Array, Event, Time
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import SINGLE_STEPS, without_weights
from losscli.lazy import dataclass
from losscli.losses._math import softplus

TASKS = ("survival",)


@dataclass(frozen=True)
class _Risks:
    """Rows by falling time, in groups of one time, and logs of the sums of e^pred over who is at risk."""

    order: Array
    pred: Array
    event: Array
    starts: Array  # where each group begins
    group: Array  # of each row
    risk: Array  # of each row: log of the sum over all at risk at its time
    excess: Array  # the same less the row's own score
    events: Array  # how many events each group has

    @classmethod
    def of(cls, pred: Array, time: Array, event: Array) -> _Risks:
        order = np.argsort(-time, kind="stable")
        h, t, seen = pred[order], time[order], event[order] == 1
        first = np.append(True, t[1:] != t[:-1])
        starts, group = np.flatnonzero(first), np.cumsum(first) - 1
        ends = np.append(starts[1:], len(h)) - 1
        # The largest score so far stands apart from the sum of the others, so that a row that has nearly all of the
        # risk keeps its digits.
        top = np.maximum.accumulate(h)
        rest = np.append(-np.inf, np.logaddexp.accumulate(np.minimum(h[1:], top[:-1])))
        top, rest = top[ends][group], rest[ends][group]
        over = np.where(np.isneginf(rest), 0.0, softplus(np.where(np.isneginf(rest), 0.0, rest) - top))
        excess = (top - h) + over
        return cls(order, h, seen, starts, group, top + over, excess, np.add.reduceat(seen.astype(np.float64), starts))

    def efron(self) -> tuple[Array, Array, Array]:
        """For each event: the log of the risk that it is drawn from, its group's part of it that is left, its row."""
        rows = np.flatnonzero(self.event)
        group = self.group[rows]
        rank = np.arange(len(rows)) - (np.cumsum(self.events) - self.events)[group]
        tied = np.logaddexp.reduceat(np.where(self.event, self.pred, -np.inf), self.starts)
        plain = np.logaddexp.reduceat(np.where(self.event, -np.inf, self.pred), self.starts)
        whole = np.logaddexp.accumulate(np.logaddexp(tied, plain))
        others = np.logaddexp(np.append(-np.inf, whole[:-1]), plain)
        left = 1 - rank / self.events[group]
        return np.logaddexp(others[group], tied[group] + np.log(left)), left, rows


@loss(
    formula="""
    risk = sum(exp(o.pred) for o in everyone if o.time >= time)
    tied = [exp(o.pred) for o in everyone if o.time == time and o.event]
    drawn = range(len(tied)) if ties == "efron" else [0]
    logs = [log((risk - k / len(tied) * sum(tied)) / exp(pred)) for k in drawn] if event else []
    sum(logs) / len(logs) if event else skip
    """,
    same_as={"xgboost": without_weights(notes=SINGLE_STEPS)},
    cite="Cox 1972, doi:10.1111/j.2517-6161.1972.tb00899.x; ties: Efron 1977, doi:10.1080/01621459.1977.10480613",
    scope="group",
    optimum=None,
    first=True,
)
def cox(
    pred: kinds.Score,
    time: Time,
    event: Event,
    *,
    ties: Annotated[
        Literal["breslow", "efron"], Param("events of one time are drawn from all at risk, or one after the other")
    ] = "breslow",
) -> Term:
    """Cox loss: minus the log partial likelihood of log hazards, a mean over the events.

    `pred` is the logarithm of the hazard: high where the event is early. `event` is 1 where it was seen at `time`, and
    0 where the time is censored there. By default all rows are at risk together; --batch-by makes strata. Censored rows
    take no part and are counted. A row's weight is that of its own event: it does not change the risk of others, as
    weights do in lifelines. lifelines has Efron's ties and a sum; XGBoost takes the hazards themselves; pycox takes
    rows of one time in the order in which they stand, which is another number wherever there are ties.

    >>> term = cox([0.5, 1.0, -1.0], [2.0, 3.0, 1.0], [1, 0, 1])
    >>> term.values[term.where].round(6)
    array([0.974077, 2.554957])
    """
    risks = _Risks.of(pred, time, event)
    values = np.empty(len(pred))
    values[risks.order] = risks.excess
    if ties == "efron" and (risks.events > 1).any():
        logs, _, rows = risks.efron()
        group = risks.group[rows]
        means = np.bincount(group, logs, len(risks.starts)) / np.maximum(risks.events, 1)
        tied = rows[risks.events[group] > 1]
        values[risks.order[tied]] = means[risks.group[tied]] - risks.pred[tied]
    return Term(values, event == 1)


@cox.gradient("pred")
def _(pred: Array, time: Array, event: Array, *, upstream: Array, ties: str) -> Array:
    slope = np.zeros(len(pred))
    if len(pred):
        risks = _Risks.of(pred, time, event)
        given = np.where(risks.event, upstream[risks.order], 0.0)
        for sign in (1.0, -1.0):  # sums of logarithms are of numbers above 0
            slope[risks.order] += sign * _slope(risks, np.maximum(sign * given, 0.0), ties == "efron")
    return slope


def _slope(risks: _Risks, given: Array, efron: bool) -> Array:
    """The slope by each row of the sum of factor * value over the events; factors are at least 0."""
    h, group, events = risks.pred, risks.group, np.maximum(risks.events, 1)
    factors = np.bincount(group, given, len(risks.starts))
    if efron:
        logs, left, rows = risks.efron()
    else:
        rows = np.flatnonzero(risks.event)
        logs, left = risks.risk[rows], np.ones(len(rows))
    drawn = np.log(factors / events)[group[rows]] - logs
    per_group = np.full(len(risks.starts), -np.inf)
    np.logaddexp.at(per_group, group[rows], drawn)
    # An event takes from all with a time of at least its own: the groups from its own to the first.
    later = np.logaddexp.accumulate(per_group[::-1])[::-1]
    shared = np.exp(h + np.append(later[1:], -np.inf)[group])
    own = np.full(len(risks.starts), -np.inf)
    np.logaddexp.at(own, group[rows], drawn + np.log(left))
    of_event = np.exp(h + own[group]) - given
    # Alone at its time, an event has 1 less its share of the risk: that of the others.
    alone = given * np.expm1(-risks.excess)
    one = risks.events[group] == 1
    tied = of_event if efron else (factors[group] - given) * np.exp(-risks.excess) + alone
    return np.asarray(shared + np.where(risks.event, np.where(one, alone, tied), np.exp(h + per_group[group])))
