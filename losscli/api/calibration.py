"""Calibration from Python: `calibrate`, and what it found."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from losscli.api.report import Report
from losscli.errors import UsageError
from losscli.execution.calibration.calibrate import apply as applied
from losscli.execution.calibration.calibrate import calibrate as fitted
from losscli.execution.calibration.map_file import read_map
from losscli.execution.calibration.unlabelled import predictions_alone
from losscli.execution.python_run import engine_of, gathered, observed, prepared
from losscli.io.source import ReadOptions
from losscli.lazy import dataclass
from losscli.losses._loss_name import LossName
from losscli.parallel import available_cores, one_blas_thread, using_threads
from losscli.report import View
from losscli.report.calibration import map_text, parameters_text, render_calibration, sentences
from losscli.results.calibration import Calibration as CalibrationResult
from losscli.results.calibration import DescentResult, MapResult, MiscalibrationTest

_SHARED = frozenset({
    "target", "pred", "columns", "tables", "targets", "on", "unmatched", "join", "key_match", "beside", "weight",
    "class_weight", "divide_by", "reduction", "where", "let", "batch_by", "batch_size", "missing", "nan", "positive",
    "others", "classes", "first_class", "precision", "level", "cluster", "options", "threads", "progress",
})  # fmt: skip
"""The arguments of `evaluate` that a calibration takes: those of its rows and columns."""


@dataclass(frozen=True)
class Calibration:
    """A small map of predictions, what it does to the losses, and the predictions that it makes.

    In a notebook it shows itself as the sections of the HTML report.

    Attributes
    ----------
    result : losscli.results.calibration.Calibration
        All of it as a value: map, descent, folds, evaluation, test of miscalibration.
    predictions : dict of str to array
        The calibrated predictions by the map of all rows: `row`, the row numbers from 1, shape (N,); the key columns of
        a join; and the columns of the predictions under their names, shape (N,), or (N, D) of vectors.

    Examples
    --------
    >>> import losscli
    >>> table = {"y": [1.0, 2.0, 4.0, 5.0, 7.0] * 4, "p": [0.0, 1.5, 3.0, 4.0, 6.5] * 4}
    >>> found = losscli.calibrate(table, "mse", method="shift", target="y", pred="p")
    >>> found.parameters, found.predictions["p"][:3]
    ({'shift': 0.8}, array([0.8, 2.3, 3.8]))
    """

    result: CalibrationResult
    predictions: Mapping[str, Any]

    @property
    def map(self) -> MapResult:
        """The map that was fitted to all rows: `method`, `formula`, `loss`, `parameters`, `knots`, `rows`."""
        return self.result.map

    @property
    def parameters(self) -> dict[str, float]:
        """The parameters of the map by name; empty where it has knots."""
        return dict(self.map.parameters)

    @property
    def descent(self) -> DescentResult | None:
        """The way to the map, step by step; None where it needs no descent, or was applied."""
        return self.result.descent

    @property
    def miscalibration(self) -> MiscalibrationTest | None:
        """The test whether the first loss could be lowered by such a map but for chance; None where there is none."""
        return self.result.miscalibration

    @property
    def report(self) -> Report | None:
        """The losses before and after with their confidence intervals, on the rows of other folds, and comparisons.

        None where the rows have no target.
        """
        return None if self.result.evaluation is None else Report(self.result.evaluation)

    @property
    def sentences(self) -> list[str]:
        """Whether there is miscalibration, and what the map does to each loss, in words."""
        return list(sentences(self.result))

    def save(self, path: str | os.PathLike[str]) -> None:
        """Write the map to a JSON file, which `apply=` and `losscli calibrate --apply` take.

        Parameters
        ----------
        path : str or path
            The file.

        Raises
        ------
        FileError
            It cannot be written.
        """
        from losscli.io.write.atomic import write_text

        write_text(os.fspath(path), map_text(self.map))

    def to_json(self) -> str:
        """The output of `losscli calibrate -f json`."""
        return render_calibration(self.result, "json", View())

    def to_html(self) -> str:
        """The page that `losscli calibrate -f html` prints."""
        return render_calibration(self.result, "html", View())

    def _repr_html_(self) -> str:
        return "" if self.report is None else self.report._repr_html_()

    def __repr__(self) -> str:
        return f"<Calibration: {'; '.join([parameters_text(self.map), *self.sentences])}>"


def calibrate(
    source: Any, losses: LossName | str | Sequence[LossName | str] = (), *, method: str | None = None,
    step: float | None = None, apply: Calibration | MapResult | str | os.PathLike[str] | None = None, **settings: Any,
) -> Calibration:  # fmt: skip
    """Fit a small map of the predictions that lowers a loss, and test it on rows that it was not fitted to.

    Parameters
    ----------
    source
        As in `evaluate`.
    losses : str or sequence of str
        Specs. The first is lowered, by its gradient; the others are reported. With `apply`, by default the loss of the
        map.
    method : str, optional
        The map: "platt", "temperature", "bias", "vector", "beta", "affine", "shift", "scale", "isotonic", "conformal"
        or "offsets"; by default the first of these that suits.
    step : float, optional
        The fixed size of all steps of gradient descent, above 0; by default quasi-Newton steps (BFGS).
    apply : Calibration, MapResult or path, optional
        Fit nothing: apply this map, of which a path is a saved one. Without `losses` and `target` the rows need no
        target, and nothing but `predictions` and `map` is found.
    **settings
        The arguments of `evaluate` that are about rows, columns and weights; `level` and `cluster`, which also keeps
        the rows of a cluster in one fold; `threads` and `progress`.

    Returns
    -------
    Calibration
        `map`, `predictions`, and in `report` the losses before and after. They are cross-fitted: each row is mapped by
        a map that was fitted without its fold (of 5).

    Raises
    ------
    UsageError
        As in `evaluate`; the loss has no gradient by the predictions, or the map does not suit them.
    DataError
        As in `evaluate`; the loss has no least value, as where predictions separate the classes.
    LosscliError
        Else as in `evaluate`.
    TypeError
        A setting that a calibration does not have.

    References
    ----------
    .. [1] Platt 1999, Probabilistic outputs for support vector machines
    .. [2] Guo, Pleiss, Sun & Weinberger 2017, arXiv:1706.04599 (temperature and vector scaling)
    .. [3] Kull, Silva Filho & Flach 2017, Beta calibration, AISTATS

    Examples
    --------
    >>> table = {"y": [1.0, 2.0, 4.0, 5.0, 7.0] * 4, "p": [0.0, 1.5, 3.0, 4.0, 6.5] * 4}
    >>> found = calibrate(table, "mse", method="shift", target="y", pred="p")
    >>> [round(result.value, 3) for result in found.report]
    [0.7, 0.067]
    >>> calibrate({"p": [1.0, 2.0]}, apply=found, pred="p").predictions["p"]
    array([1.8, 2.8])
    """
    for name in settings:
        if name not in _SHARED:
            raise TypeError(f"calibrate() got an unexpected keyword argument '{name}'")
    saved = _map(apply)
    if saved is not None and (method is not None or step is not None):
        raise UsageError("apply= fits nothing, so it takes no method and no step", code="USAGE_CONFLICT")
    scored = saved is None or bool(losses) or settings.get("target") is not None
    given = {**settings, "options": settings.get("options") or ReadOptions(spool=True), "interval": True}
    given.update(source=source, losses=losses or ([] if saved is None else [saved.loss]))
    alone = () if saved is None or scored else (predictions_alone(saved),)
    with one_blas_thread(), observed(given) as observer:
        run = prepared(given, alone)
        with using_threads(given.get("threads") or available_cores()):
            if saved is None:
                found = fitted(run, engine_of(given, run), method, step, observer)
            else:
                found = applied(run, saved, "the map", observer, scored=scored)
            return Calibration(found.result, gathered(found.predictions()))


def _map(given: Calibration | MapResult | str | os.PathLike[str] | None) -> MapResult | None:
    if isinstance(given, Calibration):
        return given.map
    return given if given is None or isinstance(given, MapResult) else read_map(os.fspath(given))
