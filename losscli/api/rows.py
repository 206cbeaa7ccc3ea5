"""What Python callers call for the numbers of rows: `row_values`, `gradient`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from losscli.api.functions import check_names
from losscli.errors import UsageError
from losscli.execution.gradients import gradient as gradient_batches
from losscli.execution.python_run import engine_of, gathered, observed, prepared
from losscli.execution.row_values import row_values as value_batches
from losscli.io.source import ReadOptions
from losscli.losses._loss_name import LossName
from losscli.parallel import one_blas_thread


def row_values(source: Any, losses: LossName | str | Sequence[LossName | str], **settings: Any) -> dict[str, Any]:
    """Compute the value of every used row: the loss, where `evaluate` gives the cost.

    Parameters
    ----------
    source, losses
        As in `evaluate`.
    **settings
        The other arguments of `evaluate`.

    Returns
    -------
    dict of str to array
        `row`, the row numbers from 1, shape (N,); the key columns of a join; and for each model and spec an array of
        shape (N,) of float64 (NaN where a row takes no part), named `model/spec`, or by the spec alone where no model
        is named. Losses with several terms have an array a term.

    Raises
    ------
    LosscliError
        As in `evaluate`.
    TypeError
        A setting that `evaluate` does not have.

    Examples
    --------
    >>> row_values({"y": [1.0, 2.0], "p": [1.5, 2.0]}, "mse", target="y", pred="p")["p/mse"]
    array([0.25, 0.  ])
    """
    check_names("row_values", settings)
    with one_blas_thread(), observed(settings) as observer:
        run = prepared({"source": source, "losses": losses, **settings})
        return gathered(value_batches(run, engine_of(settings, run), observer))


def gradient(source: Any, loss: LossName | str, *, wrt: str | None = None, **settings: Any) -> dict[str, Any]:
    """Differentiate the final value by each prediction, weights, slices of terms and `combine` included.

    Parameters
    ----------
    source
        As in `evaluate`.
    loss : str
        One spec, of a loss or a composite loss.
    wrt : str, optional
        The role to differentiate by; by default the model's side (`pred`, or the first role).
    **settings
        The other arguments of `evaluate`, but `by`.

    Returns
    -------
    dict of str to array
        `row`, the row numbers from 1, shape (N,), and an array of shape (N,) for each prediction column, named like
        it; a column of vectors has shape (N, D).

    Raises
    ------
    UsageError
        The loss has no gradient by that role, there are several models, or `by` was given.
    LosscliError
        Else as in `evaluate`.
    TypeError
        A setting that `evaluate` does not have.

    Examples
    --------
    >>> gradient({"y": [1.0, 2.0], "p": [1.5, 2.0]}, "mse", target="y", pred="p")["p"]
    array([0.5, 0. ])
    """
    check_names("gradient", settings)
    if settings.get("by"):
        raise UsageError("the gradient is that of one value, so 'by' is not supported", code="USAGE_CONFLICT")
    settings["options"] = settings.get("options") or ReadOptions(spool=True)
    with one_blas_thread(), observed(settings, passes=2) as observer:
        run = prepared({"source": source, "losses": [loss], **settings})
        return gathered(gradient_batches(run, wrt, engine_of(settings, run), observer))
