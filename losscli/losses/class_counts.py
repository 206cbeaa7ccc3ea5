"""Scores of the classes of a confusion matrix, averaged over classes: F-beta, precision, recall."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.class_terms import Average, PerClass, averaged
from losscli.contract.kinds import Binary, ClassId, Prob, ProbVector
from losscli.contract.loss import Param, Term, loss
from losscli.contract.scores import Score
from losscli.losses._decided import SAYS, decided

_MEAN = "mean over classes (macro), weighted by how many targets they have (weighted), or of all together (micro)"
_RIJSBERGEN = "van Rijsbergen 1979, Information Retrieval, 2nd ed., chapter 7"

AverageParam = Annotated[Average, Param(_MEAN)]
Threshold = Annotated[float, Param(SAYS, ge=0, le=1)]

COUNTS = """
said = decision(pred, threshold)
hits: {target: 1 if said == target else 0}
said: {said: 1}
true: {target: 1}
"""


def counts(pred: Any, target: Any, threshold: float) -> dict[str, Term]:
    """The rows of each class that are right, those said to be of it, and those that are."""
    said, true = decided(pred, target, threshold)
    one = np.ones(len(true))
    return {"hits": Term((said == true).astype(np.float64), by=true), "said": Term(one, by=said),
            "true": Term(one, by=true)}  # fmt: skip


@loss(
    formula=COUNTS + "value: 1 - averaged(average, (1 + beta**2) * hits, said + beta**2 * true, true)",
    cite=_RIJSBERGEN,
    worst=1.0,
    exact=True,
    labels="classes",
    scores=(
        Score(
            "multiclass_f_beta",
            """F-beta score of several classes: that of each class against all others, averaged. Higher is better.

            A class that occurs neither among targets nor predictions is left out.

            >>> sorted(multiclass_f_beta([[0.2, 0.8], [0.6, 0.4]], [1, 1]))
            ['hits', 'said', 'true']
            """,
        ),
        Score(
            "multiclass_f1",
            """F1 score of several classes: that of each class against all others, averaged. Higher is better.

            A class that occurs neither among targets nor predictions is left out. `f1:average=macro` is this score.

            >>> sorted(multiclass_f1([[0.2, 0.8], [0.6, 0.4]], [1, 1]))
            ['hits', 'said', 'true']
            """,
            params={"beta": 1.0},
            aliases=("macro_f1",),
        ),
    ),
)
def multiclass_f_beta_loss(
    pred: ProbVector | Prob,
    target: ClassId | Binary,
    *,
    average: AverageParam = "macro",
    beta: Annotated[float, Param("how many times as much as precision recall counts", ge=0)] = 1.0,
    threshold: Threshold = 0.5,
) -> Any:
    """1 less the F-beta score of several classes, each against all others, averaged.

    The decision is the class with the largest probability (the first at a tie), or a predicted label. A class that
    occurs neither among targets nor predictions is left out. There is no gradient: decisions are flat.

    >>> sorted(multiclass_f_beta_loss([[0.2, 0.8], [0.6, 0.4]], [1, 1]))
    ['hits', 'said', 'true']
    """
    return counts(pred, target, threshold)


@multiclass_f_beta_loss.value
def _(hits: PerClass, said: PerClass, true: PerClass, *, average: str, beta: float) -> Any:
    return 1 - averaged(average, (1 + beta**2) * hits, said + beta**2 * true, weight=true)
