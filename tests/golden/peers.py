"""Calls a peer and keeps what it says: one function a way of asking, and one for what a paper prints.

Every call is a line of Python in a string. The string is what is evaluated and what is written down as the source of
the number, so a source cannot tell of another call than the one that was made. In it the roles of the loss are names
(`pred`, `target`, …), `w` is the row weights, `n` the number of rows and `i` their positions.

A case is asked when its rows are written, and a peer is imported when the first call names it: who makes the numbers
of one loss installs what that loss is compared with, and nothing else.
"""

from __future__ import annotations

import os

os.environ["KERAS_BACKEND"] = "torch"

import ast
import functools
import importlib
import importlib.util
import json
import math
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from decimal import Decimal
from importlib.metadata import version
from types import ModuleType
from typing import Any

import numpy as np

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
    "allrank": "allRank",
    "sksurv": "scikit-survival",
    "kornia": "kornia",
    "sentence_transformers": "sentence-transformers",
    "pycocotools": "pycocotools",
    "lightgbm": "lightgbm",
    "xgboost": "xgboost-cpu",
    "catboost": "catboost",
    "model_diagnostics": "model-diagnostics",
    "statsmodels": "statsmodels",
    "scoringrules": "scoringrules",
    "hydroeval": "hydroeval",
    "properscoring": "properscoring",
    "utilsforecast": "utilsforecast",
    "lifelines": "lifelines",
    "timm": "timm",
    "trl": "trl",
    "pycox": "pycox",
    "lightly": "lightly",
    "gluonts": "gluonts",
    "lm_eval": "lm-eval",
    "rax": "rax",
    "coral_pytorch": "coral-pytorch",
    "imblearn": "imbalanced-learn",
    "segmentation_models_pytorch": "segmentation-models-pytorch",
    "open_clip": "open-clip-torch",
    "torchgan": "torchgan",
    "torchvision": "torchvision",
    "geomloss": "geomloss",
    "sktime": "sktime",
    "mapie": "mapie",
    "scores": "scores",
    "permetrics": "permetrics",
    "pytorch_toolbelt": "pytorch-toolbelt",
}
# A name in calls, and what is imported for it; the name means the first.
MODULES = {
    "torch": "torch",
    "F": "torch.nn.functional",
    "keras": "keras",
    "sklearn": "sklearn sklearn._loss.loss sklearn.decomposition._nmf sklearn.linear_model._sgd_fast sklearn.metrics"
    " sklearn.utils.class_weight",
    "optax": "optax",
    "jax": "jax",
    "jnp": "jax.numpy",
    "torchmetrics": "torchmetrics torchmetrics.functional torchmetrics.functional.audio"
    " torchmetrics.functional.image torchmetrics.functional.retrieval torchmetrics.functional.text",
    "pml": "pytorch_metric_learning pytorch_metric_learning.distances pytorch_metric_learning.losses"
    " pytorch_metric_learning.reducers",
    "info_nce": "info_nce",
    "monai": "monai monai.losses",
    "allrank": "allrank.models.losses",
    "sksurv": "sksurv sksurv.metrics sksurv.util",
    "kornia": "kornia kornia.losses",
    "sentence_transformers": "sentence_transformers sentence_transformers.sentence_transformer.losses",
    "pycocotools": "pycocotools pycocotools.cocoeval pycocotools.mask",
    "lightgbm": "lightgbm",
    "xgboost": "xgboost",
    "catboost": "catboost catboost.utils",
    "scipy": "scipy scipy.integrate scipy.spatial.distance scipy.spatial.transform scipy.special scipy.stats",
    "scoringrules": "scoringrules",
    "hydroeval": "hydroeval",
    "properscoring": "properscoring",
    "utilsforecast": "utilsforecast utilsforecast.losses",
    "lifelines": "lifelines lifelines.utils",
    "model_diagnostics": "model_diagnostics model_diagnostics.scoring",
    "statsmodels": "statsmodels statsmodels.distributions statsmodels.duration.hazard_regression"
    " statsmodels.miscmodels.ordinal_model statsmodels.robust.norms",
    "pandas": "pandas",
    "timm": "timm timm.loss",
    "pycox": "pycox pycox.models.loss pycox.evaluation.ipcw",
    "lightly": "lightly lightly.loss.barlow_twins_loss lightly.loss.dcl_loss lightly.loss.hypersphere_loss"
    " lightly.loss.ntx_ent_loss lightly.loss.vicreg_loss",
    "gluonts": "gluonts gluonts.ev.metrics",
    "lm_eval": "lm_eval lm_eval.api.metrics",
    "rax": "rax",
    "coral_pytorch": "coral_pytorch coral_pytorch.losses",
    "imblearn": "imblearn imblearn.metrics",
    "segmentation_models_pytorch": "segmentation_models_pytorch segmentation_models_pytorch.losses",
    "open_clip": "open_clip open_clip.loss",
    "torchgan": "torchgan torchgan.losses.functional",
    "torchvision": "torchvision torchvision.ops.giou_loss torchvision.ops.diou_loss torchvision.ops.ciou_loss",
    "geomloss": "geomloss",
    "sktime": "sktime sktime.performance_metrics.forecasting",
    "mapie": "mapie mapie.metrics.regression",
    "scores": "scores scores.categorical scores.continuous",
    "xarray": "xarray",
    "permetrics": "permetrics permetrics.regression",
    "pytorch_toolbelt": "pytorch_toolbelt pytorch_toolbelt.losses.functional",
}
# Packages of which only a module is wanted: what else they import (models, images, datasets) need not be installed.
BARE = {
    "timm": "timm",
    "pycox": "pycox pycox.models pycox.evaluation",
    "lightly": "lightly lightly.loss lightly.models lightly.models.modules lightly.utils",
    "lm_eval": "lm_eval",
    "segmentation_models_pytorch": "segmentation_models_pytorch",
    "open_clip": "open_clip",
    "torchgan": "torchgan torchgan.losses",
    "torchvision": "torchvision torchvision.ops",
    "pytorch_toolbelt": "pytorch_toolbelt pytorch_toolbelt.losses",
}
ROUNDED = {"allrank", "timm", "torchmetrics", "trl"}
"""What asks for tensors in single precision; here that is double precision, as `_keras` has it."""
NAMES: dict[str, Any] = {"np": np, "math": math}
Inputs = dict[str, list[Any]]


@functools.cache
def library(name: str) -> Any:
    """What calls mean by `name`, imported and set to compute in double precision."""
    if name in _BEFORE:
        _BEFORE[name]()
    for package in BARE.get(name, "").split():
        _bare(package)
    module, *_ = [importlib.import_module(module) for module in MODULES[name].split()]
    if name in _AFTER:
        _AFTER[name](module)
    return module


def _bare(package: str) -> None:
    spec = importlib.util.find_spec(package)
    assert spec is not None, f"{package} is not installed"
    sys.modules[package] = importlib.util.module_from_spec(spec)
    parent, _, last = package.rpartition(".")
    if parent:
        setattr(sys.modules[parent], last, sys.modules[package])


def _torch(torch: Any) -> None:
    torch.set_default_dtype(torch.float64)
    torch.set_num_threads(1)


@contextmanager
def _double(torch: Any) -> Iterator[None]:
    single, torch.Tensor.float = torch.Tensor.float, torch.Tensor.double
    word, torch.float32 = torch.float32, torch.float64
    try:
        yield
    finally:
        torch.Tensor.float, torch.float32 = single, word


def _jax(jax: Any) -> None:
    jax.config.update("jax_enable_x64", True)


def _keras(keras: Any) -> None:
    keras.config.set_floatx("float64")
    # Except on TensorFlow, Keras takes its means in single precision even of doubles; here it has TensorFlow's table.
    keras.src.backend.common.dtypes.BIT64_TO_BIT32_DTYPE["float64"] = "float64"


def _allrank() -> None:
    """Its losses import readers of files and clouds; all they want of these is a number and a device."""
    torch = library("torch")
    wanted = {"dataset_loading": ("data", "PADDED_Y_VALUE", -1),
              "model_utils": ("models", "get_torch_device", lambda: torch.device("cpu"))}  # fmt: skip
    for name, (package, attribute, value) in wanted.items():
        module = ModuleType(f"allrank.{package}.{name}")
        setattr(module, attribute, value)
        sys.modules[module.__name__] = module


def _lightly() -> None:
    """Its memory of a batch imports models of images, of which it wants nothing here."""
    library("torch")
    sys.modules.setdefault("lightly.models.utils", ModuleType("lightly.models.utils"))


def _toolbelt() -> None:
    """Its losses import what draws and reads images, of which they want a mark of what is old."""
    library("torch")
    module = ModuleType("pytorch_toolbelt.utils")
    module.pytorch_toolbelt_deprecated = lambda *_: lambda made: made  # type: ignore[attr-defined]
    sys.modules[module.__name__] = module


_AFTER: dict[str, Callable[[Any], None]] = {"torch": _torch, "jax": _jax, "keras": _keras}
# What stands on torch or jax finds it set.
_BEFORE = {
    **dict.fromkeys(
        (
            "F",
            "keras",
            "torchmetrics",
            "pml",
            "info_nce",
            "monai",
            "kornia",
            "sentence_transformers",
            "timm",
            "pycox",
            "coral_pytorch",
            "geomloss",
            "open_clip",
            "segmentation_models_pytorch",
            "torchgan",
            "torchvision",
        ),
        lambda: library("torch"),
    ),
    "allrank": _allrank,
    "lightly": _lightly,
    "pytorch_toolbelt": _toolbelt,
    **dict.fromkeys(("jnp", "optax", "rax"), lambda: library("jax")),
}


def by_embeddings(name: str, *sides: Any, target: Any = None, **settings: Any) -> Any:
    """A loss of sentence-transformers of vectors, in the place of texts and of the model that makes vectors of them."""
    torch = library("torch")

    class Given(torch.nn.Module):  # type: ignore[misc]
        def forward(self, vectors: Any) -> dict[str, Any]:
            return {"sentence_embedding": vectors}

    losses = library("sentence_transformers").sentence_transformer.losses
    labels = torch.zeros(len(sides[0])) if target is None else target
    return getattr(losses, name)(Given(), **settings)(list(sides), labels)


NAMES["by_embeddings"] = by_embeddings


def one_line(call: str) -> str:
    return " ".join(call.split())


def names_of(call: str) -> dict[str, Any]:
    """What the words of a call mean, its peers imported."""
    words = {node.id for node in ast.walk(ast.parse(call, mode="eval")) if isinstance(node, ast.Name)}
    return NAMES | {word: library(word) for word in sorted(words & MODULES.keys())}


@dataclass(frozen=True)
class Answer:
    """What a source says of the inputs: the value as it is written down, and the slopes."""

    source: str
    value: str
    gradient: dict[str, Any]


@dataclass(frozen=True)
class Case:
    """One number of one source, which is asked when a row is wanted; each of `specs` must give it."""

    specs: tuple[str, ...]
    inputs: Inputs
    weights: list[float] | None
    ask: Callable[[], Answer]

    @functools.cached_property
    def answer(self) -> Answer:
        return self.ask()

    def row(self, spec: str) -> list[str]:
        """The line of the CSV for one of the specs."""
        inputs, slopes = json.dumps(self.inputs), self.answer.gradient
        weights, gradient = (json.dumps(found) if found else "" for found in (self.weights, slopes))
        return [spec, self.answer.source, inputs, weights, self.answer.value, gradient]


def source(peer: str, call: str) -> str:
    """`torch 2.13.0 torch.nn.MSELoss()(pred, target)`; the build (`+cpu`) is left out."""
    return f"{peer} {version(PACKAGES[peer]).partition('+')[0]} {one_line(call)}"


def by_paper(specs: str, paper: str, value: str, inputs: Inputs, *, weights: list[float] | None = None) -> Case:
    """A number that a paper works out: `value` to the digits that it prints, `paper` says where (doi, table, line).

    For a loss that no library has; it is held to the printed digits.
    """
    assert Decimal(value).is_finite()
    return Case(tuple(specs.split()), inputs, weights, lambda: Answer(f"paper {paper}", value, {}))


def _whole(values: Any) -> bool:
    return all(isinstance(v, int) for v in values)


def _tensor(values: list[Any]) -> Any:
    """Whole numbers are classes, text (a domain) stays a list, anything else is doubles."""
    if isinstance(values[0], str):
        return values
    torch = library("torch")
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

    def ask() -> Answer:
        torch, names = library("torch"), names_of(one_line(call))
        tensors = {role: _tensor(values) for role, values in inputs.items()}
        for role in by.split():
            tensors[role].requires_grad_(True)
        n = len(next(iter(inputs.values())))
        extra = {"n": n, "i": torch.arange(n), "w": None if weights is None else torch.tensor(weights)}
        with _double(torch) if peer in ROUNDED else nullcontext():
            value = eval(one_line(call), names | tensors | extra)  # the text is a literal of this folder
        if by:
            value.backward()
        slopes = {role: tensors[role].grad.tolist() for role in by.split()}
        return Answer(source(peer, call) + notes, repr(value.item()), slopes)

    return Case(tuple(specs.split()), inputs, weights, ask)


def by_hand(specs: str, formula: str, inputs: Inputs, *, by: str = "pred", weights: list[float] | None = None) -> Case:
    """A formula in torch's words, where no peer offers the function with its slopes; the slopes are torch's."""
    told = " (formula typed by hand, torch's slopes)"
    return by_torch("torch", specs, formula, inputs, by=by, weights=weights, notes=told)


def by_jax(
    specs: str, call: str, inputs: Inputs, *, by: str = "pred", weights: list[float] | None = None, peer: str = "optax"
) -> Case:
    """A call of optax, or of a peer that runs on jax; the slopes are jax.grad's."""

    def ask() -> Answer:
        jax, names = library("jax"), names_of(one_line(call))
        arrays = {role: jax.numpy.array(_numpy(values)) for role, values in inputs.items()}
        extra = {"n": len(next(iter(inputs.values()))), "w": None if weights is None else jax.numpy.array(weights)}
        code = compile(one_line(call), "<call>", "eval")

        def value(moved: dict[str, Any]) -> Any:
            return eval(code, names | arrays | extra | moved)

        moved = {role: arrays[role] for role in by.split()}
        slopes = {role: slope.tolist() for role, slope in jax.grad(value)(moved).items()} if moved else {}
        return Answer(source(peer, call), repr(float(value(moved))), slopes)

    return Case(tuple(specs.split()), inputs, weights, ask)


def by_numpy(peer: str, specs: str, call: str, inputs: Inputs, *, weights: list[float] | None = None) -> Case:
    """A call of a peer that tells no slopes."""

    def ask() -> Answer:
        names = names_of(one_line(call))
        arrays = {role: _numpy(values) for role, values in inputs.items()}
        w = None if weights is None else np.array(weights)
        value = eval(one_line(call), names | arrays | {"w": w})
        return Answer(source(peer, call), repr(float(value)), {})

    return Case(tuple(specs.split()), inputs, weights, ask)


def by_boosting(specs: str, loss: str, inputs: Inputs, *, weights: list[float] | None = None) -> Case:
    """A loss that scikit-learn's gradient boosting minimises: its values and slopes, averaged over the rows."""

    def ask() -> Answer:
        arrays = {role: _numpy(values).astype(np.float64) for role, values in inputs.items()}
        made = eval(f"sklearn._loss.loss.{loss}", {"sklearn": library("sklearn")})
        values, slopes = made.loss_gradient(y_true=arrays["target"], raw_prediction=arrays["pred"])
        w = np.ones(len(values)) if weights is None else np.array(weights)
        shares = w / w.sum()
        call = f"sklearn._loss.loss.{loss}.loss_gradient(y_true=target, raw_prediction=pred), weighted mean"
        slopes = slopes * (shares if slopes.ndim == 1 else shares[:, None])
        value = math.fsum(shares * values)
        return Answer(source("sklearn", call), repr(value), {"pred": slopes.tolist()})

    return Case(tuple(specs.split()), inputs, weights, ask)


def by_lightgbm(specs: str, params: dict[str, Any], inputs: Inputs, *, weights: list[float] | None = None) -> Case:
    """A metric of LightGBM on predictions given as start scores of a model without trees.

    LightGBM keeps targets and weights in single precision: the inputs must be multiples of a power of two.
    """

    def ask() -> Answer:
        lightgbm = library("lightgbm")
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
        return Answer(source("lightgbm", call), repr(float(value)), {})

    return Case(tuple(specs.split()), inputs, weights, ask)


def by_catboost(
    specs: str,
    metric: str,
    inputs: Inputs,
    *,
    approx: str = "pred",
    label: str = "target",
    group: bool = False,
    weights: list[float] | None = None,
) -> Case:
    """A metric of CatBoost; its targets, weights and parameters are in single precision too.

    `approx` is what a model would say, of a row or of several labels. `group`: the rows are one query.
    """
    rows = ", group_id=[0] * len(target)" if group else ""
    call = f"catboost.utils.eval_metric({label}.tolist(), {approx}.tolist(), {metric!r}, weight=w{rows})[0]"
    return by_numpy("catboost", specs, call, inputs, weights=weights)


def by_xgboost(
    specs: str,
    metric: str | dict[str, Any],
    inputs: Inputs,
    *,
    margin: str = "pred",
    label: str = "target",
    weights: list[float] | None = None,
) -> Case:
    """A metric of XGBoost on predictions given as the margin of a model without trees; all in single precision.

    `metric` may be settings with an objective, which says what a metric gets of the margin. `label` may be the two
    bounds of a time.
    """

    def ask() -> Answer:
        xgboost = library("xgboost")
        arrays = {role: _numpy(values) for role, values in inputs.items()}
        data = xgboost.DMatrix(np.arange(len(inputs["pred"]), dtype=np.float64)[:, None], weight=weights)
        found = eval(label, NAMES | arrays)
        bounds = ("label_lower_bound", "label_upper_bound")
        named = dict(zip(bounds, found, strict=True)) if isinstance(found, tuple) else {"label": found}
        data.set_info(base_margin=eval(margin, NAMES | arrays), **named)
        asked = metric if isinstance(metric, dict) else {"eval_metric": metric}
        params = {"objective": "reg:squarederror", "base_score": 0.0} | asked
        value = float(xgboost.train(params, data, num_boost_round=0).eval(data).partition(":")[2])
        told = ", ".join(f"{name}={one!r}" for name, one in asked.items())
        call = f"train(dict({told}), data, 0).eval(data) on DMatrix(label={label}, base_margin={margin})"
        return Answer(source("xgboost", call), repr(value), {})

    return Case(tuple(specs.split()), inputs, weights, ask)
