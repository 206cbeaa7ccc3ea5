"""Losses of decisions for classes that know chance or rarity: balanced error, Matthews correlation, kappa."""

from __future__ import annotations

from typing import Annotated, Any

import numpy as np

from losscli.contract.class_terms import PerClass, averaged, if_several, sum_of
from losscli.contract.kinds import Array, Binary, ClassId, Prob, ProbVector, Real
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import SINGLE, SINGLE_COUNTS, Preset, without_weights
from losscli.contract.scores import Score
from losscli.losses._decided import COUNTS, SAYS, counts, decided

TASKS = ("binary classification", "multiclass classification", "ordinal classification")

Threshold = Annotated[float, Param(SAYS, ge=0, le=1)]


@loss(
    formula="""
    said = decision(pred, threshold)
    missed: {target: 0 if said == target else 1}
    true: {target: 1}
    value: if_several(averaged("macro", missed, true, true), true)
    """,
    same_as={"catboost": Preset(notes=SINGLE)},
    cite="Brodersen et al. 2010, doi:10.1109/ICPR.2010.764",
    worst=1.0,
    exact=True,
    labels="classes",
    scores=(
        Score(
            "balanced_accuracy",
            """Balanced accuracy: the mean of the recalls of all classes. Higher is better.

            All classes count the same, however rare one is. It is undefined where fewer than two classes have rows:
            scikit-learn takes the lone class there.

            >>> sorted(balanced_accuracy([0.9, 0.2], [1, 0]))
            ['missed', 'true']
            """,
            same_as={
                "catboost": Preset(notes=SINGLE),
                "sklearn": Preset(notes="where a single class has rows, the library takes its recall"),
            },
        ),
    ),
)
def balanced_error(pred: ProbVector | Prob, target: ClassId | Binary, *, threshold: Threshold = 0.5) -> Any:
    """Balanced error rate: the mean over classes of the share of their rows that are missed.

    All classes count the same, however rare one is; one without rows is left out, and where fewer than two have rows,
    it is undefined. The decision is the class with the largest probability, or a predicted label. There is no gradient.

    >>> {name: term.values.tolist() for name, term in balanced_error([0.9, 0.2, 0.3], [1, 0, 1]).items()}
    {'missed': [0.0, 0.0, 1.0], 'true': [1.0, 1.0, 1.0]}
    """
    said, true = decided(pred, target, threshold)
    return {"missed": Term((said != true).astype(np.float64), by=true), "true": Term(np.ones(len(true)), by=true)}


@balanced_error.value
def _(missed: PerClass, true: PerClass) -> Any:
    return if_several(averaged("macro", missed, true, weight=true), true)


@loss(
    formula=COUNTS + "value: 1 - (sum_of(hits) - sum_of(said * true)) "
    "/ sqrt((1 - sum_of(said * said)) * (1 - sum_of(true * true)))",
    cite="Gorodkin 2004, doi:10.1016/j.compbiolchem.2004.09.006; of two classes: Matthews 1975, "
    "doi:10.1016/0005-2795(75)90109-9",
    worst=2.0,
    exact=True,
    labels="classes",
    scores=(
        Score(
            "mcc",
            """Matthews correlation coefficient of decisions and targets, of two or more classes. Higher is better.

            1 is right everywhere, 0 as good as chance. It is undefined where all rows are of one class, or all are said
            to be: scikit-learn gives 0 there.

            >>> sorted(mcc([0.9, 0.8, 0.2], [1, 0, 1]))
            ['hits', 'said', 'true']
            """,
            same_as={
                "torchmetrics": without_weights(notes=SINGLE_COUNTS),
                "catboost": Preset(notes=SINGLE),
                "sklearn": "",
            },
            aliases=("matthews_correlation",),
        ),
    ),
)
def mcc_loss(pred: ProbVector | Prob, target: ClassId | Binary, *, threshold: Threshold = 0.5) -> Any:
    """1 less the Matthews correlation coefficient of decisions and targets: 0 if all are right.

    Of two classes it is the phi coefficient, of more Gorodkin's R_K. It is undefined where all rows are of one class,
    or all are said to be. There is no gradient: decisions are flat.

    >>> sorted(mcc_loss([0.9, 0.8, 0.2], [1, 0, 1]))
    ['hits', 'said', 'true']
    """
    return counts(pred, target, threshold)


@mcc_loss.value
def _(hits: PerClass, said: PerClass, true: PerClass) -> Any:
    return 1 - (sum_of(hits) - sum_of(said * true)) / np.sqrt(
        (1 - sum_of(said * said)) * (1 - sum_of(true * true))
    )  # fmt: skip


@loss(
    formula=COUNTS + "value: (1 - sum_of(hits)) / (1 - sum_of(said * true))",
    cite="Cohen 1960, doi:10.1177/001316446002000104",
    worst=2.0,
    exact=True,
    labels="classes",
    scores=(
        Score(
            "cohen_kappa",
            """Cohen's kappa: how much more often two raters agree than by chance. Higher is better.

            1 is agreement everywhere, 0 that of independent raters with the same frequencies. It is undefined where
            both sides are the same one class. `qwk` weighs by squared distance.

            >>> sorted(cohen_kappa([0.9, 0.8, 0.2], [1, 0, 1]))
            ['hits', 'said', 'true']
            """,
            aliases=("kappa",),
            same_as={
                "torchmetrics": without_weights(notes=SINGLE_COUNTS),
                "catboost": Preset(notes=SINGLE),
                "sklearn": "",
            },
        ),
    ),
)
def kappa_loss(pred: ProbVector | Prob, target: ClassId | Binary, *, threshold: Threshold = 0.5) -> Any:
    """1 less Cohen's kappa: the disagreement over that of independent raters with the same frequencies.

    It is undefined where both sides are the same one class. There is no gradient: decisions are flat.

    >>> sorted(kappa_loss([0.9, 0.8, 0.2], [1, 0, 1]))
    ['hits', 'said', 'true']
    """
    return counts(pred, target, threshold)


@kappa_loss.value
def _(hits: PerClass, said: PerClass, true: PerClass) -> Any:
    return (1 - sum_of(hits)) / (1 - sum_of(said * true))


def _rated(values: Array) -> tuple[Array, tuple[str, ...]]:
    """Ratings as classes, which are called by their numbers."""
    found, places = np.unique(values, return_inverse=True)
    return places, tuple(str(int(one)) if one == int(one) else repr(one) for one in found.tolist())


@loss(
    formula="""
    error: {target: abs(pred - target)}
    true: {target: 1}
    value: averaged("macro", error, true, true)
    """,
    cite="Baccianella et al. 2009, doi:10.1109/ISDA.2009.230",
    exact=True,
)
def macro_mae(pred: Real, target: Real) -> Any:
    """Macro-averaged mean absolute error: the MAE of each rating of the target, averaged over the ratings.

    Ratings are numbers; rare ones count as much as others. The gradient at an error of 0 is 0.

    >>> {name: term.values.tolist() for name, term in macro_mae([1.0, 2.5, 4.0], [1, 2, 2]).items()}
    {'error': [0.0, 0.5, 2.0], 'true': [1.0, 1.0, 1.0]}
    """
    true, names = _rated(target)
    return {"error": Term(np.abs(pred - target), by=true, names=names),
            "true": Term(np.ones(len(true)), by=true, names=names)}  # fmt: skip


@macro_mae.value
def _(error: PerClass, true: PerClass) -> Any:
    return averaged("macro", error, true, weight=true)


@macro_mae.gradient("pred")
def _(pred: Array, target: Array) -> dict[str, Array]:
    return {"error": np.sign(pred - target)}
