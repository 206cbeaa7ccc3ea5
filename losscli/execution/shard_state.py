"""The request, the plan and the reader of a shard as plain values that JSON can hold, and back; nothing of it is code.

Accumulators give their own state. Inputs are written as their positions in the plan, which is bound again from the
request.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields, replace
from typing import Any

import numpy as np

from losscli.binding.bind import bind
from losscli.binding.column_names import ColumnPiece, ColumnsPattern
from losscli.binding.label_registry import LabelRegistry
from losscli.binding.plan import Matrix, Plan, Table
from losscli.binding.read_rows import Reader
from losscli.binding.request import Inference, MatrixSource, Request, RoleBinding, read_filter, read_lets
from losscli.binding.spec import Spec, parse
from losscli.contract.history import LookedUp, NaiveForecast
from losscli.execution.field_types import fits
from losscli.io.arrow.keyed import keyed_fields, labels_of, with_labels
from losscli.io.arrow.spelled_vectors import SpelledForm, form_of_type
from losscli.io.arrow.types import is_nested_list, is_text_list, is_vector

Plain = dict[str, Any]

_COUNTS = ("read", "used", "filtered", "missing", "nan", "weightless")  # of rows, in a reader


# -- the reader ------------------------------------------------------------------------------------------------------


def reader_out(reader: Reader) -> Plain:
    """What a reader counted and learned; inputs as their positions in the plan."""
    place = {item: number for number, item in enumerate(reader.plan.inputs)}
    return {
        **{name: getattr(reader, name) for name in _COUNTS},
        "warned": sorted([message, count] for message, count in reader.warned.items()),
        "widths": sorted([place[item], width] for item, width in reader.widths.items()),
        "lengths": sorted([place[item], *both] for item, both in reader.lengths.items()),
        **reader.registry.state(place),
    }  # fmt: skip


def reader_in(plan: Plan, given: Plain) -> Reader:
    """What `reader_out` wrote."""
    reader = Reader(plan, None, registry=LabelRegistry.from_state(plan.inputs, given))
    for name in _COUNTS:
        setattr(reader, name, int(given[name]))
    reader.warned.update({message: int(count) for message, count in given["warned"]})
    reader.widths = {plan.inputs[at]: int(width) for at, width in given["widths"]}
    reader.lengths = {plan.inputs[at]: (int(least), int(most)) for at, least, most in given.get("lengths", ())}
    return reader


# -- the run ---------------------------------------------------------------------------------------------------------


def request_out(request: Request) -> Plain:
    """The request, setting by setting."""
    found = {each.name: getattr(request, each.name) for each in fields(request)}
    found["losses"] = [spec.text for spec in request.losses]
    # Their texts do not name presets, which may narrow what a column may hold.
    found["unset"] = [[list(part.unset) for _, part in spec.parts] for spec in request.losses]
    found["presets"] = [[list(part.presets) for _, part in spec.parts] for spec in request.losses]
    if isinstance(request.class_weight, Mapping):
        found["class_weight"] = {name: float(weight).hex() for name, weight in request.class_weight.items()}
    found["target"] = None if request.target is None else asdict(request.target)
    for name in ("preds", "columns"):
        found[name] = [asdict(binding) for binding in found[name]]
    found["where"] = None if request.where is None else request.where.text
    found["lets"] = [let.text for let in request.lets]
    found["inference"] = asdict(request.inference)
    del found["worst"], found["shown"], found["sort"], found["worst_slices"]  # of what is shown, which no shard makes
    del found["inference"]["margins"], found["inference"]["power"]  # of comparisons, which no shard makes
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def request_in(given: Plain) -> Request:
    """The request of the plain values that `request_out` returned."""
    settings: Plain = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    presets, unset = settings.pop("presets"), settings.pop("unset")
    settings["losses"] = tuple(map(_loss_in, given["losses"], presets, unset))
    if isinstance(given["class_weight"], dict):
        settings["class_weight"] = {name: float.fromhex(text) for name, text in given["class_weight"].items()}
    settings["target"] = _columns_in(given["target"])
    settings["preds"], settings["columns"] = (tuple(map(_role_in, given[name])) for name in ("preds", "columns"))
    settings["tables"] = tuple(MatrixSource(*table) for table in given["tables"])
    settings["lets"] = read_lets(given.get("lets", ()))
    settings["where"] = None if given["where"] is None else read_filter(given["where"], settings["lets"])
    settings["inference"] = Inference(**{**given["inference"], "pairs": tuple(map(tuple, given["inference"]["pairs"]))})
    return Request(**settings)


def _loss_in(text: str, presets: list[list[str]], unset: list[list[str]]) -> Spec:
    spec = parse(text)
    parts = zip(spec.parts, presets, unset, strict=True)
    read = ((factor, replace(part, presets=tuple(own), unset=tuple(left))) for (factor, part), own, left in parts)
    return replace(spec, parts=tuple(read))


def _role_in(given: Plain) -> RoleBinding:
    columns = _columns_in(given["columns"])
    assert columns is not None
    before_and_behind = given["many"]
    many = None if before_and_behind is None else (before_and_behind[0], before_and_behind[1])
    return RoleBinding(given["role"], given["model"], columns, _columns_in(given["literal"]), many)


def _columns_in(given: Plain | None) -> ColumnsPattern | None:
    if given is None:
        return None
    pieces = tuple(ColumnPiece(text, tuple(parts)) for text, parts in given["pieces"])
    return ColumnsPattern(given["text"], pieces, given["literal"])


def plan_out(plan: Plan, columns: Sequence[str], types: Mapping[str, Any]) -> Plain:
    """All that binding the same plan again needs: the request, names and types of columns, tables without numbers."""
    return {
        "request": request_out(plan.request),
        "columns": [[name, _type_out(types.get(name))] for name in columns],
        "tables": [
            {
                "role": table.role, "model": table.model, "path": table.path, "shape": list(matrix.values.shape),
                "rows": None if matrix.rows is None else list(matrix.rows), "columns": list(matrix.columns),
                "labels": None if matrix.labels is None else list(matrix.labels),
                "sha256": hashlib.sha256(matrix.values.tobytes()).hexdigest(),
            }
            for table, matrix in plan.tables.items()
        ],
        "looked_up": [
            {**one._asdict(), "forecast": None if one.forecast is None else asdict(one.forecast)}
            for one in plan.looked_up
        ],
        "null_values": sorted(plan.number_format.nulls),
        "decimal": plan.number_format.decimal,
        "thousands": plan.number_format.thousands,
    }  # fmt: skip


def plan_in(given: Plain) -> Plan:
    """The plan, bound again. Its tables have no numbers: they were used where they were read."""
    tables = {
        Table(table["role"], table["model"], table["path"]): Matrix(
            np.broadcast_to(0.0, tuple(table["shape"])), _names(table["rows"]), tuple(table["columns"]),
            _names(table["labels"]),
        )
        for table in given["tables"]
    }  # fmt: skip
    types = {name: _type_in(kind) for name, kind in given["columns"]}
    looked_up = [LookedUp(**one)._replace(forecast=one["forecast"] and NaiveForecast(**one["forecast"]))
                 for one in given["looked_up"]]  # fmt: skip
    return bind(request_in(given["request"]), tuple(types), types, tables, looked_up=looked_up)


def same_plan(plan: Plan, given: Plain) -> bool:
    """Whether `plan`, written again, is what it was made from: a field of another type would be read as something."""
    if not fits(plan.request, Request):
        return False
    types = {name: _type_in(kind) for name, kind in given["columns"]}
    again = plan_out(plan, tuple(types), types)
    tables = [{**table, "sha256": str(table["sha256"])} for table in given["tables"]]
    for table, old in zip(again["tables"], tables, strict=True):
        table["sha256"] = old["sha256"]  # the numbers of tables stayed where they were read
    again["null_values"], again["decimal"] = [str(text) for text in given["null_values"]], str(given["decimal"])
    again["thousands"] = None if given["thousands"] is None else str(given["thousands"])
    return all(json_text(value) == json_text(given[name]) for name, value in again.items())


def json_text(document: Any) -> str:
    """The one text of a document: 1, 1.0 and true differ."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"))


def _names(given: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(given)


def _type_out(kind: Any) -> str:
    """What binding needs of a type: whether it is that of a text format, and whether a cell is a list, and of what."""
    if kind is None:
        return "text"
    if (form := form_of_type(kind)) is not None:
        return f"spelled {json_text([form.sure, form.labels])}"
    if keyed_fields(kind) is not None:
        return f"keyed {json_text(labels_of(kind))}"
    if is_nested_list(kind) and is_vector(kind):
        return "vectors"
    return "vector" if is_vector(kind) else "texts" if is_text_list(kind) else "other"


def _type_in(kind: str) -> Any:
    import pyarrow as pa

    what, _, more = kind.partition(" ")
    if what == "spelled":
        sure, labels = json.loads(more)
        return SpelledForm(sure, None if labels is None else tuple(labels)).type
    if what == "keyed":
        pairs = pa.list_(pa.struct([("label", pa.string()), ("number", pa.float64())]))
        return pairs if (labels := json.loads(more)) is None else with_labels(pairs, labels)
    vector = pa.list_(pa.float64())
    lists = {"vector": vector, "vectors": pa.list_(vector), "texts": pa.list_(pa.string())}
    return {"text": None, "other": pa.null(), **lists}[kind]
