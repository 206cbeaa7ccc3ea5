"""Scores of each class against all others, averaged over classes: F-beta, precision, recall, Jaccard."""

from __future__ import annotations

from typing import Annotated, Any

from losscli.contract.class_terms import Average, PerClass, averaged
from losscli.contract.kinds import Binary, ClassId, Prob, ProbVector
from losscli.contract.loss import Param, loss
from losscli.contract.presets import SINGLE, SINGLE_COUNTS, SINGLE_STEPS, Preset, without_weights
from losscli.contract.scores import Score
from losscli.losses._decided import COUNTS, SAYS, counts

TASKS = ("multiclass classification",)

_MEAN = "mean over classes (macro), weighted by how many targets they have (weighted), or of all together (micro)"
_FAWCETT = "Fawcett 2006, doi:10.1016/j.patrec.2005.10.010"
_JACCARD = "Jaccard 1912, doi:10.1111/j.1469-8137.1912.tb05611.x"
_RIJSBERGEN = "van Rijsbergen 1979, Information Retrieval, 2nd ed., chapter 7"

AverageParam = Annotated[Average, Param(_MEAN)]
Undefined = Annotated[
    float | None, Param("the number of a class that is 0/0 (none: it is left out)", ge=0, le=1)
]  # fmt: skip
Threshold = Annotated[float, Param(SAYS, ge=0, le=1)]


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
            same_as={"torchmetrics": without_weights(notes=SINGLE_COUNTS), "sklearn": ""},
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
            same_as={
                "torchmetrics": without_weights(notes=SINGLE_COUNTS),
                "catboost": Preset(notes=SINGLE),
                "sklearn": "",
            },
            first="classes",
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


@loss(
    formula=COUNTS + "value: 1 - averaged(average, hits, said, true, zero_division)",
    cite=_FAWCETT,
    worst=1.0,
    exact=True,
    labels="classes",
    scores=(
        Score(
            "multiclass_precision",
            """Precision of several classes, averaged over classes. Higher is better.

            Of each class it is the share of the rows said to be of a class that are.
            A class that is 0/0 is left out; `zero_division` counts it with a number of its own, as scikit-learn's 0.

            >>> sorted(multiclass_precision([[0.2, 0.8], [0.6, 0.4]], [1, 1]))
            ['hits', 'said', 'true']
            """,
            same_as={
                "torchmetrics": without_weights("zero_division=0", notes=SINGLE_COUNTS),
                "sklearn": "zero_division=0",
            },
        ),
    ),
)
def multiclass_precision_error(
    pred: ProbVector | Prob,
    target: ClassId | Binary,
    *,
    average: AverageParam = "macro",
    zero_division: Undefined = None,
    threshold: Threshold = 0.5,
) -> Any:
    """1 less the precision of several classes, averaged over classes.

    Of each class it is the share of the rows said to be of a class that are.
    The decision is the class with the largest probability (the first at a tie), or a predicted label. There is no
    gradient: decisions are flat.

    >>> sorted(multiclass_precision_error([[0.2, 0.8], [0.6, 0.4]], [1, 1]))
    ['hits', 'said', 'true']
    """
    return counts(pred, target, threshold)


@multiclass_precision_error.value
def _(hits: PerClass, said: PerClass, true: PerClass, *, average: str, zero_division: float | None) -> Any:
    return 1 - averaged(average, hits, said, weight=true, undefined=zero_division)


@loss(
    formula=COUNTS + "value: 1 - averaged(average, hits, true, true, zero_division, said)",
    cite=_FAWCETT,
    worst=1.0,
    exact=True,
    labels="classes",
    scores=(
        Score(
            "multiclass_recall",
            """Recall of several classes, averaged over classes. Higher is better.

            Of each class it is the share of the rows of a class that are said to be.
            A class that is 0/0 is left out; `zero_division` counts it with a number of its own, as scikit-learn's 0.

            >>> sorted(multiclass_recall([[0.2, 0.8], [0.6, 0.4]], [1, 1]))
            ['hits', 'said', 'true']
            """,
            same_as={
                "torchmetrics": without_weights("zero_division=0", notes=SINGLE_COUNTS),
                "sklearn": "zero_division=0",
            },
        ),
    ),
)
def multiclass_recall_error(
    pred: ProbVector | Prob,
    target: ClassId | Binary,
    *,
    average: AverageParam = "macro",
    zero_division: Undefined = None,
    threshold: Threshold = 0.5,
) -> Any:
    """1 less the recall of several classes, averaged over classes.

    Of each class it is the share of the rows of a class that are said to be.
    The decision is the class with the largest probability (the first at a tie), or a predicted label. There is no
    gradient: decisions are flat.

    >>> sorted(multiclass_recall_error([[0.2, 0.8], [0.6, 0.4]], [1, 1]))
    ['hits', 'said', 'true']
    """
    return counts(pred, target, threshold)


@multiclass_recall_error.value
def _(hits: PerClass, said: PerClass, true: PerClass, *, average: str, zero_division: float | None) -> Any:
    return 1 - averaged(average, hits, true, weight=true, undefined=zero_division, among=said)


@loss(
    formula=COUNTS + "value: 1 - averaged(average, hits, said + true - hits, true)",
    cite=_JACCARD,
    worst=1.0,
    exact=True,
    labels="classes",
    scores=(
        Score(
            "multiclass_jaccard_score",
            """Jaccard index of several classes, averaged over classes. Higher is better.

            Of each class it is rows rightly said to be of a class over those that are or are said to be.
            A class that occurs neither among targets nor predictions is left out.

            >>> sorted(multiclass_jaccard_score([[0.2, 0.8], [0.6, 0.4]], [1, 1]))
            ['hits', 'said', 'true']
            """,
            same_as={
                "keras": Preset(notes=SINGLE_STEPS),
                "torchmetrics": without_weights(notes=SINGLE_COUNTS),
                "sklearn": "",
            },
        ),
    ),
)
def multiclass_jaccard_error(
    pred: ProbVector | Prob,
    target: ClassId | Binary,
    *,
    average: AverageParam = "macro",
    threshold: Threshold = 0.5,
) -> Any:
    """1 less the jaccard index of several classes, averaged over classes.

    Of each class it is rows rightly said to be of a class over those that are or are said to be.
    The decision is the class with the largest probability (the first at a tie), or a predicted label. There is no
    gradient: decisions are flat.

    >>> sorted(multiclass_jaccard_error([[0.2, 0.8], [0.6, 0.4]], [1, 1]))
    ['hits', 'said', 'true']
    """
    return counts(pred, target, threshold)


@multiclass_jaccard_error.value
def _(hits: PerClass, said: PerClass, true: PerClass, *, average: str) -> Any:
    return 1 - averaged(average, hits, said + true - hits, weight=true)
