"""What a pass keeps, as plain values that JSON can hold, and back: exact, and nothing of it is code.

A sum is a whole number of 2**-1074, written like a hexadecimal float that has all its digits: `-1f3p-40` is -0x1f3 *
2**-40. Inputs and kernels are written as their places in the plan, which is bound again from the request.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import asdict, fields
from typing import Any

import numpy as np

from losscli.aggregate.accumulator import LossAccumulator, RunAccumulator, TermAccumulator
from losscli.aggregate.cross_products import Contribution
from losscli.aggregate.exact_sum import Sums
from losscli.aggregate.hashing import Fingerprint
from losscli.binding.bind import bind
from losscli.binding.column_names import ColumnPiece, ColumnsPattern
from losscli.binding.plan import Matrix, Plan, Table
from losscli.binding.read_rows import Reader
from losscli.binding.request import Inference, MatrixSource, Request, RoleBinding, read_filter
from losscli.binding.spec import parse
from losscli.contract.kinds import Array
from losscli.io.arrow.types import is_vector

Plain = dict[str, Any]

_UNIT = 1074
_MOST = 4096  # no sum of doubles that a run can add up needs more binary digits
_WHOLE = re.compile(r"(-?[0-9a-f]{1,1024})p(-?[0-9]{1,4})")


# -- numbers ---------------------------------------------------------------------------------------------------------


def whole_text(number: int) -> str:
    """A whole number of 2**-1074."""
    if not number:
        return "0"
    shift = (number & -number).bit_length() - 1
    return f"{number >> shift:x}p{shift - _UNIT}"


def read_whole(text: str) -> int:
    if text == "0":
        return 0
    found = _WHOLE.fullmatch(text)
    shift = int(found[2]) + _UNIT if found else -1
    if found is None or not 0 <= shift <= _MOST:
        raise ValueError(f"'{text}' is no exact number")
    return int(found[1], 16) << shift


def sums_out(sums: Sums) -> Plain:
    odd = {"nan": sums.nan, "inf": sums.inf, "-inf": sums.neg_inf}
    return {
        "exact": [whole_text(exact) for exact in sums.exacts()],
        **{
            name: {str(slice_id): int(counts[slice_id]) for slice_id in np.flatnonzero(counts)}
            for name, counts in odd.items()
        },
    }


def sums_in(given: Plain) -> Sums:
    exact = given["exact"]
    odd = []
    for name in ("nan", "inf", "-inf"):
        counts = np.zeros(len(exact), np.int64)
        for slice_id, count in given[name].items():
            counts[int(slice_id)] = count
        odd.append(counts)
    return Sums.from_exact([read_whole(text) for text in exact], *odd)


def _counts_out(counts: Array) -> list[int]:
    return [int(count) for count in counts]


def _counts_in(given: Sequence[int]) -> Array:
    if any(type(count) is not int or count < 0 for count in given):
        raise ValueError("a count is a whole number")
    return np.array(given, np.int64)


def _tally_out(tally: TermAccumulator) -> Plain:
    weights = None if tally.weights is None else sums_out(tally.weights)
    return {"sums": sums_out(tally.sums), "weights": weights, "counts": _counts_out(tally.counts)}


def _tally_in(given: Plain) -> TermAccumulator:
    tally = TermAccumulator(given["weights"] is not None)
    tally.sums, tally.counts = sums_in(given["sums"]), _counts_in(given["counts"])
    if given["weights"] is not None:
        tally.weights = sums_in(given["weights"])
    return tally


def _kept_out(kept: LossAccumulator) -> Plain:
    return {
        "terms": {name: _tally_out(tally) for name, tally in kept.terms.items()},
        "rows": None if kept.rows is None else _tally_out(kept.rows),
        "apart": _counts_out(kept.apart),
    }


def _kept_in(given: Plain) -> LossAccumulator:
    rows = None if given["rows"] is None else _tally_in(given["rows"])
    return LossAccumulator(
        {name: _tally_in(tally) for name, tally in given["terms"].items()}, rows, _counts_in(given["apart"])
    )


def _print_out(print_: Fingerprint) -> Plain:
    return {"count": print_.count, "lanes": [f"{lane:016x}" for lane in print_.lanes]}


def _print_in(given: Plain) -> Fingerprint:
    print_ = Fingerprint()
    print_.count, print_.lanes = int(given["count"]), [int(lane, 16) for lane in given["lanes"]]
    return print_


def totals_out(totals: RunAccumulator) -> Plain:
    """Everything that was added up, by slice id and by the place of each kernel in the plan."""
    return {
        "cells": [list(name) for name in totals.slice_index.names()],
        "counts": _counts_out(totals.counts),
        "kept": [_kept_out(kept) for kept in totals.kept.values()],
        "targets": _print_out(totals.fingerprint),
        "keys": _print_out(totals.key_print),
        "moments": _moments_out(totals),
    }


def _moments_out(totals: RunAccumulator) -> list[Plain]:
    """The sums of products of rows, if any are kept; owners by their places among the kernels."""
    if totals.joint is None:
        return []
    place: dict[Hashable, int] = {work: number for number, work in enumerate(totals.kept)}

    def share(of: Contribution) -> list[Any]:
        return [place[of.owner], of.term, of.bottom]

    moments = totals.joint.rows.moments.sums
    return [{"of": [share(one), share(other)], "sums": sums_out(sums)} for (one, other), sums in moments.items()]


def _moments_in(totals: RunAccumulator, given: Sequence[Plain]) -> None:
    owners = list(totals.kept)

    def share(of: Sequence[Any]) -> Contribution:
        return Contribution(owners[of[0]], str(of[1]), bool(of[2]))

    if given and totals.joint is None:
        raise ValueError("products that nobody asked for")
    for each in given:
        assert totals.joint is not None
        one, other = each["of"]
        totals.joint.rows.moments.sums[share(one), share(other)] = sums_in(each["sums"])


def totals_in(plan: Plan, given: Plain) -> RunAccumulator:
    """What `totals_out` wrote, to be merged with the others of this plan."""
    read, totals = (RunAccumulator(plan, {}, hashing=True, some=True) for _ in range(2))
    read.counts = _counts_in(given["counts"])
    read.kept = {work: _kept_in(kept) for work, kept in zip(read.kept, given["kept"], strict=True)}
    read.fingerprint, read.key_print = _print_in(given["targets"]), _print_in(given["keys"])
    _moments_in(read, given["moments"])
    totals.merge(read, totals.slice_index.learn([tuple(name) for name in given["cells"]]))
    return totals


# -- what was seen beside the numbers --------------------------------------------------------------------------------


def reader_out(reader: Reader) -> Plain:
    """What a reader counted and learned; inputs as their places in the plan."""
    place = {item: number for number, item in enumerate(reader.plan.inputs)}
    book = reader.book
    named = {
        number: book.by_name[item.classes] for item, number in place.items()
        if item.classes is not None and item.classes in book.by_name
    }  # fmt: skip
    return {
        "read": reader.read, "used": reader.used, "dropped": reader.dropped,
        "warned": sorted([message, count] for message, count in reader.warned.items()),
        "widths": sorted([place[item], width] for item, width in reader.widths.items()),
        "by_name": sorted([number, sure] for number, sure in named.items()),
        "seen": sorted([place[item], sorted(names)] for item, names in book.seen.items()),
    }  # fmt: skip


def reader_in(plan: Plan, given: Plain) -> Reader:
    """What `reader_out` wrote."""
    reader = Reader(plan, None)
    reader.read, reader.used, reader.dropped = (int(given[name]) for name in ("read", "used", "dropped"))
    reader.warned.update({message: int(count) for message, count in given["warned"]})
    reader.widths = {plan.inputs[at]: int(width) for at, width in given["widths"]}
    for at, sure in given["by_name"]:
        classes = plan.inputs[at].classes
        assert classes is not None
        reader.book.by_name[classes] = bool(sure)
    reader.book.seen = {plan.inputs[at]: set(names) for at, names in given["seen"]}
    return reader


# -- the run ---------------------------------------------------------------------------------------------------------


def request_out(request: Request) -> Plain:
    """The request, setting by setting."""
    found = {each.name: getattr(request, each.name) for each in fields(request)}
    found["losses"] = [spec.text for spec in request.losses]
    if isinstance(request.class_weight, Mapping):
        found["class_weight"] = {name: float(weight).hex() for name, weight in request.class_weight.items()}
    found["target"] = None if request.target is None else asdict(request.target)
    for name in ("preds", "columns", "tables"):
        found[name] = [asdict(each) for each in found[name]]
    found["where"] = None if request.where is None else request.where.text
    found["inference"] = asdict(request.inference)
    return {name: list(value) if isinstance(value, tuple) else value for name, value in found.items()}


def request_in(given: Plain) -> Request:
    settings: Plain = {name: tuple(value) if isinstance(value, list) else value for name, value in given.items()}
    settings["losses"] = tuple(parse(text) for text in given["losses"])
    if isinstance(given["class_weight"], dict):
        settings["class_weight"] = {name: float.fromhex(text) for name, text in given["class_weight"].items()}
    settings["target"] = _columns_in(given["target"])
    settings["preds"], settings["columns"] = (tuple(map(_role_in, given[name])) for name in ("preds", "columns"))
    settings["tables"] = tuple(MatrixSource(**table) for table in given["tables"])
    settings["where"] = None if given["where"] is None else read_filter(given["where"])
    settings["inference"] = Inference(**{**given["inference"], "pairs": tuple(map(tuple, given["inference"]["pairs"]))})
    return Request(**settings)


def _role_in(given: Plain) -> RoleBinding:
    columns = _columns_in(given["columns"])
    assert columns is not None
    return RoleBinding(given["role"], given["model"], columns, _columns_in(given["literal"]))


def _columns_in(given: Plain | None) -> ColumnsPattern | None:
    if given is None:
        return None
    pieces = tuple(ColumnPiece(piece["text"], tuple(piece["parts"])) for piece in given["pieces"])
    return ColumnsPattern(given["text"], pieces, given["literal"])


def plan_out(plan: Plan, columns: Sequence[str], types: Mapping[str, Any]) -> Plain:
    """What it takes to bind the same plan again without the data: the request, names and types of columns, tables."""
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
        "null_values": sorted(plan.spelling.nulls),
        "decimal": plan.spelling.decimal,
    }  # fmt: skip


def plan_in(given: Plain) -> Plan:
    """The plan, bound again. Its tables have no numbers: what came of these was added up where they were read."""
    tables = {
        Table(table["role"], table["model"], table["path"]): Matrix(
            np.broadcast_to(0.0, tuple(table["shape"])), _names(table["rows"]), tuple(table["columns"]),
            _names(table["labels"]),
        )
        for table in given["tables"]
    }  # fmt: skip
    types = {name: _type_in(kind) for name, kind in given["columns"]}
    return bind(request_in(given["request"]), tuple(types), types, tables)


def _names(given: Sequence[str] | None) -> tuple[str, ...] | None:
    return None if given is None else tuple(given)


def _type_out(kind: Any) -> str:
    """All that binding asks of a type: whether it is a text format's, and whether a cell is a vector."""
    return "text" if kind is None else "vector" if is_vector(kind) else "other"


def _type_in(kind: str) -> Any:
    import pyarrow as pa

    return {"text": None, "vector": pa.list_(pa.float64()), "other": pa.null()}[kind]
