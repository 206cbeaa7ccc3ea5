"""Calls a peer and keeps what it says: one function a way of asking.

Every call is a line of Python in a string. The string is what is evaluated and what is written down as the source of
the number, so a source cannot tell of another call than the one that was made. In it the roles of the loss are names
(`pred`, `target`, …), `w` is the row weights, `n` the number of rows and `i` their positions.
"""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "torch"

import json
import math
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

import catboost.utils
import info_nce
import jax
import keras
import lightgbm
import model_diagnostics.scoring
import monai.losses
import numpy as np
import optax
import pytorch_metric_learning as pml
import pytorch_metric_learning.distances
import pytorch_metric_learning.losses
import pytorch_metric_learning.reducers
import scipy.special
import scipy.stats
import sklearn._loss.loss
import sklearn.metrics
import torch
import torchmetrics.functional
import xgboost

torch.set_default_dtype(torch.float64)
torch.set_num_threads(1)
jax.config.update("jax_enable_x64", True)
keras.config.set_floatx("float64")
# Except on TensorFlow, Keras takes its means in single precision even of doubles; here it has TensorFlow's table.
keras.src.backend.common.dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"

PACKAGES = {
    "torch": "torch",
    "keras": "keras",
    "sklearn": "scikit-learn",
    "optax": "optax",
    "torchmetrics": "torchmetrics",
    "pml": "pytorch-metric-learning",
    "info_nce": "info-nce-pytorch",
    "scipy": "scipy",
    "monai": "monai",
    "lightgbm": "lightgbm",
    "xgboost": "xgboost-cpu",
    "catboost": "catboost",
    "model_diagnostics": "model-diagnostics",
}
NAMES = {
    "torch": torch,
    "F": torch.nn.functional,
    "keras": keras,
    "sklearn": sklearn,
    "optax": optax,
    "jnp": jax.numpy,
    "torchmetrics": torchmetrics,
    "pml": pml,
    "info_nce": info_nce,
    "monai": monai,
    "catboost": catboost,
    "scipy": scipy,
    "model_diagnostics": model_diagnostics,
    "np": np,
    "math": math,
}
Inputs = dict[str, list[Any]]


@dataclass(frozen=True)
class Case:
    """One number of one peer; each of `specs` must give it."""

    specs: tuple[str, ...]
    source: str
    inputs: Inputs
    weights: list[float] | None
    value: float
    gradient: dict[str, Any]

    def rows(self) -> list[list[str]]:
        """The lines of the CSV: one a spec."""
        inputs, gradient = json.dumps(self.inputs), json.dumps(self.gradient) if self.gradient else ""
        weights = json.dumps(self.weights) if self.weights else ""
        return [[spec, self.source, inputs, weights, repr(self.value), gradient] for spec in self.specs]


def source(peer: str, call: str) -> str:
    """`torch 2.13.0 torch.nn.MSELoss()(pred, target)`; the build (`+cpu`) is left out."""
    return f"{peer} {version(PACKAGES[peer]).partition('+')[0]} {' '.join(call.split())}"


def _whole(values: Any) -> bool:
    return all(isinstance(v, int) for v in values)


def _torch(values: list[Any]) -> Any:
    """Whole numbers are classes, text (a domain) stays a list, anything else is doubles."""
    if isinstance(values[0], str):
        return values
    return torch.tensor(values, dtype=torch.long if _whole(values) else torch.float64)


def _numpy(values: list[Any]) -> Any:
    return np.array(values) if isinstance(values[0], str) or _whole(values) else np.array(values, dtype=np.float64)


def by_torch(
    peer: str,
    specs: str,
    call: str,
    inputs: Inputs,
    *,
    by: str = "pred",
    weights: list[float] | None = None,
    notes: str = "",
) -> Case:
    """A call of torch, or of a peer that runs on torch; the slopes are torch's own."""
    tensors = {role: _torch(values) for role, values in inputs.items()}
    for role in by.split():
        tensors[role].requires_grad_(True)
    n = len(next(iter(inputs.values())))
    extra = {"n": n, "i": torch.arange(n), "w": None if weights is None else torch.tensor(weights)}
    value = eval(" ".join(call.split()), NAMES | tensors | extra)  # the text is a literal of this folder
    if by:
        value.backward()
    slopes = {role: tensors[role].grad.tolist() for role in by.split()}
    return Case(tuple(specs.split()), source(peer, call) + notes, inputs, weights, value.item(), slopes)


def by_jax(specs: str, call: str, inputs: Inputs, *, by: str = "pred", weights: list[float] | None = None) -> Case:
    """A call of optax; the slopes are jax.grad's."""
    arrays = {role: jax.numpy.array(_numpy(values)) for role, values in inputs.items()}
    extra = {"n": len(next(iter(inputs.values()))), "w": None if weights is None else jax.numpy.array(weights)}
    code = compile(" ".join(call.split()), "<call>", "eval")

    def value(moved: dict[str, Any]) -> Any:
        return eval(code, NAMES | arrays | extra | moved)

    moved = {role: arrays[role] for role in by.split()}
    slopes = {role: slope.tolist() for role, slope in jax.grad(value)(moved).items()} if moved else {}
    return Case(tuple(specs.split()), source("optax", call), inputs, weights, float(value(moved)), slopes)


def by_numpy(peer: str, specs: str, call: str, inputs: Inputs, *, weights: list[float] | None = None) -> Case:
    """A call of a peer that tells no slopes."""
    arrays = {role: _numpy(values) for role, values in inputs.items()}
    w = None if weights is None else np.array(weights)
    value = eval(" ".join(call.split()), NAMES | arrays | {"w": w})
    return Case(tuple(specs.split()), source(peer, call), inputs, weights, float(value), {})


def by_boosting(specs: str, loss: str, inputs: Inputs, *, weights: list[float] | None = None) -> Case:
    """A loss that scikit-learn's gradient boosting minimises: its values and slopes, averaged over the rows."""
    arrays = {role: _numpy(values).astype(np.float64) for role, values in inputs.items()}
    made = eval(f"sklearn._loss.loss.{loss}", NAMES)
    values, slopes = made.loss_gradient(y_true=arrays["target"], raw_prediction=arrays["pred"])
    w = np.ones(len(values)) if weights is None else np.array(weights)
    shares = w / w.sum()
    call = f"sklearn._loss.loss.{loss}.loss_gradient(y_true=target, raw_prediction=pred), weighted mean"
    slopes = slopes * (shares if slopes.ndim == 1 else shares[:, None])
    value = math.fsum(shares * values)
    return Case(tuple(specs.split()), source("sklearn", call), inputs, weights, value, {"pred": slopes.tolist()})


def by_lightgbm(specs: str, params: dict[str, Any], inputs: Inputs, *, weights: list[float] | None = None) -> Case:
    """A metric of LightGBM on predictions given as start scores of a model without trees.

    LightGBM keeps targets and weights in single precision: the inputs must be multiples of a power of two.
    """
    settings = {"verbosity": -1, "num_threads": 1, "min_data_in_bin": 1, "feature_pre_filter": False}
    data = lightgbm.Dataset(
        np.arange(len(inputs["pred"]), dtype=np.float64)[:, None],
        label=np.array(inputs["target"], dtype=np.float64),
        init_score=np.array(inputs["pred"], dtype=np.float64),
        weight=weights,
        params=settings,
    )
    value = lightgbm.Booster(params | settings, data).eval_train()[0][2]
    told = ", ".join(f"{name}={value!r}" for name, value in params.items())
    call = f"Booster({told}).eval_train() on Dataset(label=target, init_score=pred)"
    return Case(tuple(specs.split()), source("lightgbm", call), inputs, weights, float(value), {})


def by_catboost(specs: str, metric: str, inputs: Inputs, *, weights: list[float] | None = None) -> Case:
    """A metric of CatBoost; its targets, weights and parameters are in single precision too."""
    call = f"catboost.utils.eval_metric(target.tolist(), pred.tolist(), {metric!r}, weight=w)[0]"
    return by_numpy("catboost", specs, call, inputs, weights=weights)


def by_xgboost(specs: str, metric: str, inputs: Inputs) -> Case:
    """A metric of XGBoost on predictions given as the margin of a model without trees; all in single precision."""
    features = np.arange(len(inputs["pred"]), dtype=np.float64)[:, None]
    data = xgboost.DMatrix(features, label=np.array(inputs["target"]), base_margin=np.array(inputs["pred"]))
    params = {"objective": "reg:squarederror", "base_score": 0.0, "eval_metric": metric}
    value = float(xgboost.train(params, data, num_boost_round=0).eval(data).partition(":")[2])
    call = f"train(dict(eval_metric={metric!r}), data, 0).eval(data) on DMatrix(label=target, base_margin=pred)"
    return Case(tuple(specs.split()), source("xgboost", call), inputs, None, value, {})
