"""The request of a Python caller: the arguments of `evaluate` as the values that the command line makes too."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from losscli.binding.column_names import ColumnsPattern, escape, exact_columns, read_columns, split, unescape
from losscli.binding.request import (
    Inference,
    MatrixSource,
    Request,
    RoleBinding,
    read_filter,
    read_lets,
    read_prediction,
    role_and_model,
    starred,
)
from losscli.binding.spec import Spec, parse, set_everywhere, settled
from losscli.errors import UsageError

if TYPE_CHECKING:
    from losscli.binding.expressions import Let

Columns = str | Sequence[str]
"""A COLS text as on the command line (`y`, `a,b,c`, `p_*`), or a list of exact column names."""

# The settings that a request takes as they are.
_PLAIN = (
    "weight",
    "divide_by",
    "reduction",
    "mean_of",
    "group_weight",
    "skill",
    "skill_against",
    "batch_by",
    "batch_size",
    "max_slices",
    "sort",
    "worst_slices",
    "missing",
    "nan",
    "others",
    "first_class",
)

_INFERENCE = (
    "level", "cluster", "time", "horizon", "bootstrap", "bootstrap_method", "interval_method", "seed", "pairs",
    "permutations", "test", "adjust", "between", "sequential", "why", "power",
)  # fmt: skip
_ABOUT_INTERVALS = ("cluster", "bootstrap", "bootstrap_method", "time", "between", "interval_method")


def request_of(given: Mapping[str, Any], tables: Iterable[MatrixSource]) -> Request:
    """The request of these arguments, of which none is None; `tables` are the sources of its Matrix roles."""
    losses, weights = given["losses"], given.get("class_weight")
    known = isinstance(losses, str) or (isinstance(losses, Sequence) and all(isinstance(one, str) for one in losses))
    if not known:
        raise UsageError(
            f"losses are named by texts, such as 'mse' or ['mse', 'mae'], not by {type(losses).__name__}",
            hint="arrays make one table: evaluate({'y': target, 'p': pred}, 'mse', target='y', pred='p')",
            code="USAGE_BAD_VALUE",
        )
    specs: Iterable[Spec] = map(parse, [losses] if isinstance(losses, str) else losses)
    if "precision" in given:
        specs = set_everywhere(specs, "precision", given["precision"])
    lets = _lets(given.get("let", ()))
    return Request(
        losses=settled(specs, given.get("divide_by"), weighted="weight" in given or weights is not None),
        target=_columns(given["target"]) if "target" in given else None,
        preds=_predictions(given["pred"]) if "pred" in given else (),
        columns=tuple(_role(key, columns) for key, columns in given.get("columns", {}).items()),
        tables=tuple(tables),
        class_weight=weights if weights is None or weights == "balanced"
        else {str(name): float(w) for name, w in weights.items()},
        by=_several(given.get("by", ())), on=_several(given.get("on", ())),
        targets_on=tuple(given["on"].values()) if isinstance(given.get("on"), Mapping) else (),
        positive=str(given["positive"]) if "positive" in given else None,
        classes=_classes(given.get("classes", ())),
        where=read_filter(given["where"], lets) if "where" in given else None, lets=lets,
        inference=_inference(given),
        **{name: given[name] for name in _PLAIN if name in given},
    )  # fmt: skip


def matrix_source(key: str, table: object) -> MatrixSource:
    """The Matrix role `[MODEL:]ROLE`, of a file or of a table in memory."""
    return MatrixSource(*role_and_model(key), table if isinstance(table, str) else "<memory>")


def _predictions(pred: Columns | Mapping[str, Columns]) -> tuple[RoleBinding, ...]:
    if isinstance(pred, Mapping):
        return tuple(_model("pred", str(model), columns) for model, columns in pred.items())
    return (read_prediction(pred) if isinstance(pred, str) else RoleBinding("pred", None, exact_columns(pred)),)


def _role(key: str, columns: Columns) -> RoleBinding:
    role, model = role_and_model(key)
    return _model(role, model, columns)


def _model(role: str, model: str | None, columns: Columns) -> RoleBinding:
    """The columns of a model, or those of many: `{"*": "model_*"}`. A list of names is of one model, named exactly."""
    if model is None or not isinstance(columns, str):
        return RoleBinding(role, model, _columns(columns))
    many = starred(model)
    return RoleBinding(role, model if many else model.replace(r"\*", "*"), _columns(columns), many=many)


def _columns(columns: Columns) -> ColumnsPattern:
    return read_columns(columns) if isinstance(columns, str) else exact_columns(columns)


def _inference(given: Mapping[str, Any]) -> Inference:
    wanted = {name: given[name] for name in _INFERENCE if name in given}
    implied = any(name in given for name in _ABOUT_INTERVALS) or given.get("adjust") == "max-t"
    implied = implied or bool(given.get("sequential"))
    return Inference(interval=bool(given.get("interval") or implied), **wanted)


def _lets(given: str | Sequence[str] | Mapping[str, str]) -> tuple[Let, ...]:
    if isinstance(given, Mapping):
        return read_lets([f"{escape(str(name))} = {text}" for name, text in given.items()])
    return read_lets([given] if isinstance(given, str) else given)


def _classes(given: str | Sequence[Any]) -> tuple[str, ...]:
    pieces = map(unescape, split(given, ",")) if isinstance(given, str) else map(str, given)
    return tuple(pieces)


def _several(names: str | Sequence[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)
