"""Losses that compare predictions with the variance of the target, or with its order: R², correlation, agreement.

Variances and covariances are made of means of products. These go in exactly, as a double and its rest, so that no
digit is lost however far the data is from 0.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np

from losscli.contract.kinds import Array, Real
from losscli.contract.loss import Param, Term, loss
from losscli.contract.presets import SEVERAL_OUTPUTS, SINGLE, Preset, Refusal, without_weights
from losscli.contract.scores import Score
from losscli.losses._moments import product

TASKS = ("regression",)

_ONE_EACH = Refusal((SEVERAL_OUTPUTS,), "scikit-learn averages one number for each output")
_EACH_OUTPUT = Refusal((SEVERAL_OUTPUTS,), "the library averages one number for each output")
_ONE_COLUMN = Refusal((SEVERAL_OUTPUTS,), "the library gives one number for each column, or takes one")
_SQUARES = """
    p: pred
    y: target
    pp: double(pred**2)
    pp_rest: pred**2 - double(pred**2)
    yy: double(target**2)
    yy_rest: target**2 - double(target**2)
    py: double(pred * target)
    py_rest: pred * target - double(pred * target)
"""


@loss(
    formula="""
    error: (pred - target)**2
    y: target
    yy: double(target**2)
    yy_rest: target**2 - double(target**2)
    value: error / (yy + yy_rest - y**2)
    """,
    cite="Nash & Sutcliffe 1970, doi:10.1016/0022-1694(70)90255-6",
    consistent_for="mean(target)",
    exact=True,
    scores=(
        Score(
            "r2",
            """R², the coefficient of determination (in hydrology, Nash-Sutcliffe efficiency). Higher is better.

            1 is a perfect prediction, 0 as good as the mean of the target on these rows, and below 0 worse than it.
            Where the target is constant there is no finite number: scikit-learn gives 0 or 1 there.

            >>> sorted(r2([1.0, 2.0], [1.0, 3.0]))
            ['error', 'y', 'yy', 'yy_rest']
            """,
            same_as={
                "keras": Preset(refuses=(_EACH_OUTPUT,)),
                "sklearn": Preset(refuses=(_ONE_EACH,)),
                "catboost": Preset(notes=SINGLE),
            },
            aliases=("nse", "nash_sutcliffe", "coefficient_of_determination"),
            first=True,
        ),
    ),
)
def relative_squared_error(pred: Real, target: Real) -> Any:
    """Relative squared error: the squared error over that of the target's mean, or 1 - R².

    The mean of the target is that of the rows (or of the slice). Several outputs are pooled: one mean for all of them.
    Where the target is constant there is no finite number.

    >>> terms = relative_squared_error([1.0, 2.5], [1.0, 3.0])
    >>> {name: terms[name].values.tolist() for name in ("error", "yy")}
    {'error': [0.0, 0.25], 'yy': [1.0, 9.0]}
    """
    square, rest = product(target, target)
    return {"error": Term(np.square(pred - target)), "y": Term(target), "yy": Term(square), "yy_rest": Term(rest)}


@relative_squared_error.value
def _(error: Any, y: Any, yy: Any, yy_rest: Any) -> Any:
    return error / (yy + yy_rest - y**2)


@relative_squared_error.gradient("pred")
def _(pred: Array, target: Array) -> dict[str, Array]:
    nothing = np.zeros_like(pred)
    return {"error": 2 * (pred - target), "y": nothing, "yy": nothing, "yy_rest": nothing}


def _products(pred: Array, target: Array) -> dict[str, Term]:
    found = {"p": Term(pred), "y": Term(target)}
    for name, one, other in (("pp", pred, pred), ("yy", target, target), ("py", pred, target)):
        value, rest = product(one, other)
        found |= {name: Term(value), f"{name}_rest": Term(rest)}
    return found


def _slopes(pred: Array, target: Array) -> dict[str, Array]:
    # A double that is rounded stays where it is while pred moves: the rest has the slope.
    nothing = np.zeros_like(pred)
    return {
        "p": np.ones_like(pred), "y": nothing, "pp": nothing, "pp_rest": 2 * pred, "yy": nothing, "yy_rest": nothing,
        "py": nothing, "py_rest": target + nothing,
    }  # fmt: skip


@loss(
    formula=f"""{_SQUARES}
    value: 1 - (py + py_rest - p * y) / sqrt((pp + pp_rest - p**2) * (yy + yy_rest - y**2))
    """,
    cite="Pearson 1896, doi:10.1098/rsta.1896.0007",
    worst=2.0,
    exact=True,
    scores=(
        Score(
            "pearson",
            """Pearson's correlation of prediction and target, from -1 to 1. Higher is better.

            It does not see errors of level or scale. It is undefined where either side is constant.

            >>> sorted(pearson([1.0, 2.0], [1.0, 3.0]))
            ['p', 'pp', 'pp_rest', 'py', 'py_rest', 'y', 'yy', 'yy_rest']
            """,
            same_as={"keras": without_weights("", _ONE_COLUMN), "torchmetrics": without_weights("", _ONE_COLUMN)},
            aliases=("correlation",),
        ),
    ),
)
def correlation_loss(pred: Real, target: Real) -> Any:
    """1 less Pearson's correlation of prediction and target: 0 where one is a rising line of the other.

    It is undefined where either side is constant. Several outputs are pooled.

    >>> {name: term.values.tolist() for name, term in correlation_loss([1.0, 2.0], [1.0, 3.0]).items() if name < "pq"}
    {'p': [1.0, 2.0], 'pp': [1.0, 4.0], 'pp_rest': [0.0, 0.0]}
    """
    return _products(pred, target)


@correlation_loss.value
def _(p: Any, y: Any, pp: Any, pp_rest: Any, yy: Any, yy_rest: Any, py: Any, py_rest: Any) -> Any:
    return 1 - (py + py_rest - p * y) / np.sqrt((pp + pp_rest - p**2) * (yy + yy_rest - y**2))


correlation_loss.gradient("pred")(_slopes)


@loss(
    formula=f"""{_SQUARES}
    value: 1 - 2 * (py + py_rest - p * y) / (pp + pp_rest - p**2 + (yy + yy_rest - y**2) + (p - y)**2)
    """,
    cite="Lin 1989, doi:10.2307/2532051",
    worst=2.0,
    exact=True,
    aliases=("qwk_loss",),
    scores=(
        Score(
            "ccc",
            """Lin's concordance correlation coefficient, from -1 to 1. Higher is better.

            Unlike Pearson's, it counts errors of level and scale. Variances are divided by the number of rows.

            >>> sorted(ccc([1.0, 2.0], [1.0, 3.0]))
            ['p', 'pp', 'pp_rest', 'py', 'py_rest', 'y', 'yy', 'yy_rest']
            """,
            aliases=("concordance_correlation",),
        ),
        Score(
            "qwk",
            """Cohen's kappa with quadratic weights (QWK), of ratings that are numbers. Higher is better.

            It is the number of `ccc`: of whole ratings, the squared distance over that of independent raters with the
            same frequencies. Ratings that are predicted as decimals are to be rounded first, if whole ones are meant.

            >>> sorted(qwk([1, 2], [1, 3]))
            ['p', 'pp', 'pp_rest', 'py', 'py_rest', 'y', 'yy', 'yy_rest']
            """,
            same_as={"catboost": without_weights(notes=SINGLE), "sklearn": Preset(refuses=(_ONE_COLUMN,))},
            aliases=("quadratic_weighted_kappa",),
            cite="Cohen 1968, doi:10.1037/h0026256",
            first="grades",
        ),
    ),
)
def ccc_loss(pred: Real, target: Real) -> Any:
    """1 less Lin's concordance correlation: the squared error over that of a shuffled prediction.

    It is undefined where prediction and target are the same constant. Several outputs are pooled.

    >>> {name: term.values.tolist() for name, term in ccc_loss([1.0, 2.0], [1.0, 3.0]).items() if name < "pq"}
    {'p': [1.0, 2.0], 'pp': [1.0, 4.0], 'pp_rest': [0.0, 0.0]}
    """
    return _products(pred, target)


@ccc_loss.value
def _(p: Any, y: Any, pp: Any, pp_rest: Any, yy: Any, yy_rest: Any, py: Any, py_rest: Any) -> Any:
    return 1 - 2 * (py + py_rest - p * y) / (pp + pp_rest - p**2 + (yy + yy_rest - y**2) + (p - y) ** 2)


ccc_loss.gradient("pred")(_slopes)


@loss(
    formula=f"""{_SQUARES}
    value: (pp + pp_rest - p**2 + (yy + yy_rest - y**2) - 2 * (py + py_rest - p * y)) / (yy + yy_rest - y**2)
    """,
    cite="Kent 1983, doi:10.1093/biomet/70.1.163; sklearn.metrics.explained_variance_score",
    exact=True,
    scores=(
        Score(
            "explained_variance",
            """Explained variance: 1 less the variance of the error over that of the target. Higher is better.

            Unlike r2 it does not see a constant error. Where the target is constant there is no finite number.

            >>> sorted(explained_variance([1.0, 2.0], [1.0, 3.0]))
            ['p', 'pp', 'pp_rest', 'py', 'py_rest', 'y', 'yy', 'yy_rest']
            """,
            same_as={"torchmetrics": without_weights("", _ONE_COLUMN), "sklearn": Preset(refuses=(_ONE_EACH,))},
        ),
    ),
)
def explained_variance_loss(pred: Real, target: Real) -> Any:
    """Unexplained variance: that of the error over that of the target, or 1 less the explained variance.

    Unlike relative_squared_error it does not see a constant error. Several outputs are pooled.

    >>> terms = explained_variance_loss([1.0, 2.0], [1.0, 3.0])
    >>> {name: term.values.tolist() for name, term in terms.items() if name < "pq"}
    {'p': [1.0, 2.0], 'pp': [1.0, 4.0], 'pp_rest': [0.0, 0.0]}
    """
    return _products(pred, target)


@explained_variance_loss.value
def _(p: Any, y: Any, pp: Any, pp_rest: Any, yy: Any, yy_rest: Any, py: Any, py_rest: Any) -> Any:
    return (pp + pp_rest - p**2 + (yy + yy_rest - y**2) - 2 * (py + py_rest - p * y)) / (yy + yy_rest - y**2)


explained_variance_loss.gradient("pred")(_slopes)


_VARIANCE, _TRUE = "(pp + pp_rest - p**2)", "(yy + yy_rest - y**2)"
_KGE = (
    f"sqrt(((py + py_rest - p * y) / sqrt({_VARIANCE} * {_TRUE}) - 1)**2"
    f" + (sqrt({_VARIANCE} / {_TRUE}) * (y / p if variability == 'relative' else 1) - 1)**2 + (p / y - 1)**2)"
)


@loss(
    formula=f"""{_SQUARES}
    value: {_KGE}
    """,
    cite="Gupta et al. 2009, doi:10.1016/j.jhydrol.2009.08.003; Kling et al. 2012, doi:10.1016/j.jhydrol.2012.01.011",
    exact=True,
    scores=(
        Score(
            "kge",
            """Kling-Gupta efficiency of hydrology: 1 is a perfect prediction. Higher is better.

            The mean of the target has about -0.41.

            >>> sorted(kge([1.0, 2.0], [1.0, 3.0]))
            ['p', 'pp', 'pp_rest', 'py', 'py_rest', 'y', 'yy', 'yy_rest']
            """,
            same_as={"hydroeval": without_weights("", _ONE_COLUMN)},
            aliases=("kling_gupta",),
        ),
    ),
)
def kge_loss(
    pred: Real,
    target: Real,
    *,
    variability: Annotated[
        Literal["absolute", "relative"],
        Param("what is compared: standard deviations (2009), or those over their means (2012)"),
    ] = "absolute",
) -> Any:
    """1 less the Kling-Gupta efficiency: how far correlation, variability and mean are from the best, in one distance.

    hydroeval and `scores` have the form of 2009 by default, permetrics that of 2012. It is undefined where a mean
    that is divided by, or a standard deviation, is 0. Several outputs are pooled.

    >>> terms = kge_loss([1.0, 2.0], [1.0, 3.0])
    >>> {name: term.values.tolist() for name, term in terms.items() if name < "pq"}
    {'p': [1.0, 2.0], 'pp': [1.0, 4.0], 'pp_rest': [0.0, 0.0]}
    """
    return _products(pred, target)


@kge_loss.value
def _(p: Any, y: Any, pp: Any, pp_rest: Any, yy: Any, yy_rest: Any, py: Any, py_rest: Any, *, variability: str) -> Any:
    own, true = pp + pp_rest - p**2, yy + yy_rest - y**2
    correlation = (py + py_rest - p * y) / np.sqrt(own * true)
    alpha = np.sqrt(own / true) * (y / p if variability == "relative" else 1)
    return np.sqrt((correlation - 1) ** 2 + (alpha - 1) ** 2 + (p / y - 1) ** 2)


@kge_loss.gradient("pred")
def _(pred: Array, target: Array, *, variability: str) -> dict[str, Array]:
    return _slopes(pred, target)
