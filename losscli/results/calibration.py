"""What calibration found: a map of predictions, the way to it, and the loss before and after."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from losscli.lazy import dataclass
from losscli.results.runs import Evaluation


@dataclass(frozen=True)
class MapResult:
    """A map of predictions.

    Attributes
    ----------
    method : str
        Which map, such as "platt".
    formula : str
        What it does, in words of its parameters.
    link : str
        What it works on: "sigmoid" and "softmax" (the logits of probabilities), "logit" (predicted logits) or
        "identity" (the predictions themselves).
    roles : Sequence[str]
        The roles that the predictions play.
    labels : Sequence[str]
        The names of the numbers of a row: one, or those of classes, columns or ends of an interval.
    loss : str
        The loss that it lowers, as it can be typed.
    parameters : Mapping[str, float]
        Its parameters by name. Empty where it has knots.
    knots : Sequence[tuple[float, float]]
        Of isotonic regression: predictions in ascending order, and what they become.
    rows : int
        The number of rows that it was fitted to.
    """

    method: str
    formula: str
    link: str
    roles: Sequence[str]
    labels: Sequence[str]
    loss: str
    parameters: Mapping[str, float]
    knots: Sequence[tuple[float, float]]
    rows: int


@dataclass(frozen=True)
class DescentStep:
    """One step of a descent: where it begins.

    Attributes
    ----------
    parameters : Mapping[str, float]
        The parameters.
    loss : float
        The loss there, over all rows.
    gradient_norm : float
        The Euclidean norm of its gradient.
    step_size : float or None
        What the direction is multiplied by to go on. None: it does not go on.
    """

    parameters: Mapping[str, float]
    loss: float
    gradient_norm: float
    step_size: float | None


@dataclass(frozen=True)
class DescentResult:
    """The steps of a descent; the last one has the parameters that were found.

    Attributes
    ----------
    method : str
        The map whose parameters these are.
    loss : str
        The loss that is lowered (of a score: raised).
    steps : Sequence[DescentStep]
        The steps.
    converged : bool
        Whether it ended because there was nothing more to gain.
    reason : str
        Why it ended.
    """

    method: str
    loss: str
    steps: Sequence[DescentStep]
    converged: bool
    reason: str


@dataclass(frozen=True)
class MiscalibrationTest:
    """Hotelling's test of the gradient of the loss by a map that changes nothing: without miscalibration it is 0.

    Attributes
    ----------
    f : float
        The statistic, which has an F distribution where there is no miscalibration.
    df, rest_df : int
        Its degrees of freedom: of the parameters, and of the rows that are left.
    p : float
        The p-value.
    """

    f: float
    df: int
    rest_df: int
    p: float


@dataclass(frozen=True)
class Calibration:
    """A map, and what it does to the loss.

    Attributes
    ----------
    map : MapResult
        The map.
    descent : DescentResult or None
        The way to it. None where it needs no descent, or comes from a file.
    folds : int or None
        The number of folds of cross-fitting: each row of `evaluation` was mapped by a map that was fitted without the
        rows of its fold. None: the map comes from a file.
    evaluation : Evaluation or None
        The losses before and after, with confidence intervals and their comparison. None where rows have no target.
    miscalibration : MiscalibrationTest or None
        Whether the first loss could be lowered by such a map but for chance. None where that is not tested: where a map
        needs no descent or comes from a file, and of clusters and batches.
    """

    map: MapResult
    descent: DescentResult | None
    folds: int | None
    evaluation: Evaluation | None
    miscalibration: MiscalibrationTest | None = None
