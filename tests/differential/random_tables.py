"""Random tables: columns of every type a reader knows, edge values, and at most a few values that are not acceptable.

A table is what it means, not how it is written: `written` writes it in every format.
"""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa

NAN, INF = math.nan, math.inf
TYPES: dict[str, pa.DataType] = {
    "float64": pa.float64(), "float32": pa.float32(), "float16": pa.float16(), "int8": pa.int8(), "int64": pa.int64(),
    "uint64": pa.uint64(), "bool": pa.bool_(), "decimal": pa.decimal128(30, 3), "whole": pa.decimal128(38, 0),
    "text": pa.string(), "date": pa.date32(), "null": pa.null(),
}  # fmt: skip
FLOATS = ("float64", "float32", "float16")
NUMBERS = (*FLOATS, "int8", "int64", "uint64", "bool", "decimal", "whole")
INEXACT = {"int64": [2**53 + 1, -(2**53) - 1, 2**63 - 1], "uint64": [2**53 + 1, 2**63 + 1, 2**64 - 1],
           "whole": [2**53 + 1, -(2**63) - 1, 10**30]}  # fmt: skip
TEXTS = ["a", "b", "x, y", 'a "b"', "ü", "7", "c d"]


@dataclass(frozen=True)
class Column:
    """Values of one type; lists of it where `width` is set."""

    name: str
    kind: str
    values: list[Any]
    width: int | None = None
    encoded: bool = False  # dictionary-encoded where a format can do that
    ragged: bool = False  # lists of different lengths; `width` is then any number

    @property
    def type(self) -> pa.DataType:
        """Its type in Arrow."""
        inner = TYPES[self.kind]
        return inner if self.width is None else pa.list_(inner)


@dataclass(frozen=True)
class Case:
    """A table and what to compute of it; `flaws` names the values that are not acceptable."""

    seed: int
    columns: tuple[Column, ...]
    losses: tuple[str, ...]
    settings: dict[str, Any]
    flaws: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        """The number of rows."""
        return len(self.columns[0].values)


@dataclass
class Drawing:
    """What is drawn so far."""

    rng: np.random.Generator
    rows: int
    flaws: list[str] = field(default_factory=list)

    def one(self, choices: Sequence[Any]) -> Any:
        """One of these."""
        return choices[int(self.rng.integers(len(choices)))]

    def chance(self, share: float) -> bool:
        """True for this share of calls."""
        return bool(self.rng.random() < share)


def random_case(seed: int) -> Case:
    """The table of a seed."""
    draw = Drawing(np.random.default_rng(seed), 0)
    draw.rows = int(draw.one([0, 1, 2, 3, 5, 8, 13, 40]))
    columns, losses, settings = draw.one(next(tasks for first, tasks in LATER if seed >= first))(draw)
    settings |= {name: "drop" for name in ("missing", "nan") if draw.chance(0.4)}
    if draw.chance(0.4):
        columns.append(_weights(draw))
        settings["weight"] = "w"
        settings |= draw.one([{}, {}, {"divide_by": "count"}, {"reduction": "sum"}])
    if draw.chance(0.3) and "by" not in settings:
        columns.append(Column("g", *draw.one(_LABELS)(draw), encoded=draw.chance(0.3)))
        settings["by"] = "g"
    for _ in range(int(draw.one([0, 0, 0, 1, 1, 2]))):
        _spoil(draw, columns)
    _derive(replace(draw, rng=np.random.default_rng([seed, 1])), columns, settings)
    return Case(seed, tuple(columns), losses, settings, tuple(draw.flaws))


# -- values ------------------------------------------------------------------------------------------------------------


def _numbers(draw: Drawing, kind: str, count: int) -> list[Any]:
    """Acceptable values of a type."""
    rng = draw.rng
    if kind == "float64":
        values = (rng.standard_normal(count) * 10.0 ** rng.integers(-9, 9, count)).tolist()
        return [draw.one([0.0, -0.0, 1e300, 5e-324, 2.0**53 + 2, 0.1]) if rng.random() < 0.1 else v for v in values]
    if kind in FLOATS:
        return [float(v) for v in rng.standard_normal(count).astype(kind)]
    if kind == "int8":
        return [int(v) for v in rng.integers(-128, 128, count)]
    if kind == "bool":
        return [bool(v) for v in rng.integers(0, 2, count)]
    if kind == "decimal":
        return [Decimal(int(v)).scaleb(-3) for v in rng.integers(-(10**6), 10**6, count)]
    edges = [2**53, 2**53 - 1, 2**53 + 2, 2**62, 2**63 if kind != "int64" else 7]
    whole = [int(v) for v in rng.integers(0, 1000, count)]
    return [_whole(draw.one(edges) if rng.random() < 0.1 else v, kind) for v in whole]


def _whole(value: int, kind: str) -> Any:
    return Decimal(value) if kind == "whole" else value


def _column(draw: Drawing, name: str, kinds: Sequence[str] = NUMBERS) -> Column:
    kind = draw.one(kinds)
    return Column(name, kind, _numbers(draw, kind, draw.rows), encoded=kind in FLOATS and draw.chance(0.1))


def _weights(draw: Drawing) -> Column:
    kind = draw.one(["float64", "float32", "int64", "bool"])
    values = [abs(v) if kind != "bool" else v for v in _numbers(draw, kind, draw.rows)]
    return Column("w", kind, [0 * v if kind != "bool" and draw.chance(0.3) else v for v in values])


def _list(draw: Drawing, name: str, width: int, kinds: Sequence[str]) -> Column:
    kind = draw.one(kinds)
    return Column(name, kind, [_numbers(draw, kind, width) for _ in range(draw.rows)], width)


def _texts(draw: Drawing) -> tuple[str, list[Any]]:
    return "text", [draw.one(TEXTS) for _ in range(draw.rows)]


def _few(draw: Drawing) -> tuple[str, list[Any]]:
    kind = draw.one(["int8", "int64", "float64", "float32"])
    return kind, [float(v) if kind in FLOATS else int(v) for v in draw.rng.integers(0, 4, draw.rows)]


def _flags(draw: Drawing) -> tuple[str, list[Any]]:
    return "bool", _numbers(draw, "bool", draw.rows)


def _derive(draw: Drawing, columns: list[Column], settings: dict[str, Any]) -> None:
    """Slices by a label that is derived of a column."""
    if "by" in settings or not draw.chance(0.3):
        return
    if draw.chance(0.5):
        days = (draw.rng.integers(-800, 800, draw.rows)).tolist()
        dates = [None if draw.chance(0.2) else datetime.date(1970, 1, 1) + datetime.timedelta(day) for day in days]
        columns.append(Column("g", "date", dates, encoded=draw.chance(0.3)))
        settings["by"] = f"g:{draw.one(['year', 'month', 'week', 'day', 'hour'])}"
        return
    column = _column(draw, "g")
    columns.append(replace(column, values=[None if draw.chance(0.1) else value for value in column.values]))
    settings["by"] = "g:0|0.1|2e2"


_LABELS: tuple[Callable[[Drawing], tuple[str, list[Any]]], ...] = (_texts, _few, _flags)

# -- what is computed --------------------------------------------------------------------------------------------------

Task = tuple[list[Column], tuple[str, ...], dict[str, Any]]


def _regression(draw: Drawing) -> Task:
    columns = [_column(draw, "y"), _column(draw, "p")]
    settings: dict[str, Any] = {"target": "y", "pred": {"m": "p"}}
    if draw.chance(0.3):
        columns.append(_column(draw, "q"))
        settings["pred"] = {"m": "p", "n": "q"}
    return columns, draw.one([("mse",), ("mae", "huber:delta=2"), ("rmse",), ("log_cosh", "mse")]), settings


def _expressions(draw: Drawing) -> Task:
    """Columns that are derived of others, and a filter of them."""
    columns = [_column(draw, "y"), _column(draw, "p"), _column(draw, "s"), Column("t", *_texts(draw))]
    lets = [
        draw.one(["a = p * 2 - s", "a = 1.0 * p * s", "a = p ** 2 / 3", "a = min(p, s, 10)", "a = clip(p, -1, s)"]),
        draw.one(["b = log1p(abs(a))", "b = where(a > s, sqrt(abs(a)), round(a))", "b = sigmoid(a / 1.5) + s"]),
        draw.one(["c = lower(trim(t))", "c = a > b", "c = where(t == 'a', 'x', t)", "c = round(sigmoid(s) * 4)"]),
    ]
    settings: dict[str, Any] = {"target": draw.one(["y", "a"]), "pred": {"m": "b"}, "let": lets, "by": "c"}
    if draw.chance(0.5):
        settings["where"] = draw.one(["a < 100", "b / 2 > a or c is null", "c == 'a' or c == 'true' or c == '2'"])
    return columns, draw.one([("mse",), ("mae", "huber:delta=2"), ("log_cosh", "rmse")]), settings


def _parameters(draw: Drawing) -> Task:
    """A parameter of each row, from a column."""
    columns = [_column(draw, "y"), _column(draw, "p")]
    kind = draw.one(["float64", "float32", "decimal", "int8", "bool"])
    levels: list[Any] = [Decimal(int(v)).scaleb(-3) for v in draw.rng.integers(0, 1001, draw.rows)]
    if kind in FLOATS:
        levels = [float(np.dtype(kind).type(level)) for level in levels]
    elif kind != "decimal":
        levels = [draw.one([False, True] if kind == "bool" else [0, 1]) for _ in levels]
    columns.append(Column("level", kind, levels))
    settings = {"target": "y", "pred": {"m": "p"}}
    losses = draw.one([("pinball:q={level}",), ("smooth_l1:beta={level}", "total=mse+2*pinball:q={level}")])
    return columns, losses, settings


def _decisions(draw: Drawing) -> Task:
    """Predicted labels against labels, of any type on either side."""
    kind, values = draw.one(_LABELS)(draw)
    same = [values[int(at)] if draw.chance(0.5) else value for value, at in
            zip(values, draw.rng.integers(0, max(draw.rows, 1), draw.rows), strict=True)]  # fmt: skip
    other = kind
    if kind in ("int8", "int64", *FLOATS):
        other = draw.one(["int8", "int64", "float64", "text"])
        same = [float(v) if other in FLOATS else str(int(v)) if other == "text" else int(v) for v in same]
    elif kind == "bool" and draw.chance(0.4):
        other, same = "int8", [int(v) for v in same]
    columns = [Column("y", kind, values, encoded=draw.chance(0.3)), Column("p", other, same, encoded=draw.chance(0.3))]
    return columns, draw.one([("zero_one",), ("accuracy", "zero_one")]), {"target": "y", "pred": {"m": "p"}}


def _binary(draw: Drawing) -> Task:
    kind, values = draw.one([_flags, _few, _texts])(draw)
    settings: dict[str, Any] = {"target": "y", "pred": {"m": "p"}}
    if kind == "text":
        values = [draw.one(["no", "yes"]) for _ in values]
        values[:1] = ["yes"][: len(values)]
        settings["positive"] = "yes"
    elif kind != "bool":
        values = [type(v)(v > 1) for v in values]
    shares = [float(np.float32(v)) for v in draw.rng.random(draw.rows)]
    shares = [draw.one([0.0, 1.0, -0.0]) if draw.chance(0.1) else v for v in shares]
    pred = Column("p", draw.one(["float64", "float32"]), shares)
    return [Column("y", kind, values, encoded=draw.chance(0.2)), pred], draw.one([("bce",), ("brier",)]), settings


def _classes(draw: Drawing) -> Task:
    kind = draw.one(["int8", "int64", "float64", "text"])
    values: list[Any] = [int(v) for v in draw.rng.integers(0, 3, draw.rows)]
    values = [str(v) if kind == "text" else float(v) if kind == "float64" else v for v in values]
    rows = [[0.25, 0.25, 0.5] if draw.chance(0.5) else [1.0, 0.0, -0.0] for _ in range(draw.rows)]
    pred = Column("p", draw.one(["float64", "float32", "float16"]), rows, 3)
    settings = {"target": "y", "pred": {"m": "p"}}
    return [Column("y", kind, values), pred], draw.one([("cross_entropy",), ("brier",)]), settings


def _several(draw: Drawing) -> Task:
    kinds = ["float64", "float32", "int64", "uint64", "bool", "decimal"]
    columns = [_list(draw, name, 2, kinds) for name in "yp"]
    return columns, ("mse", "mae"), {"target": "y", "pred": {"m": "p"}}


def _groups(draw: Drawing) -> Task:
    rows = [[[float(v) for v in row] for row in draw.rng.standard_normal((draw.rows, 3))] for _ in "ab"]
    columns = [Column(name, "float64", values, 3) for name, values in zip("ab", rows, strict=True)]
    how: dict[str, Any] = draw.one([{}, {"batch_size": 4}])
    return columns, ("nt_xent",), {"columns": {"anchor": "a", "positive": "b"}, **how}


def _ragged(draw: Drawing) -> Task:
    """Lists of another length in each row, some of them empty."""
    lengths = [int(v) for v in draw.rng.choice([0, 1, 2, 2, 3, 9], draw.rows)]
    lengths[:1] = [2][: draw.rows]  # the first one shows what they are
    columns = []
    for name in "ypq":
        kind = draw.one(["float64", "float32", "int64", "bool", "decimal"])
        values = iter(_numbers(draw, kind, sum(lengths)))
        rows: list[Any] = [[next(values) for _ in range(length)] for length in lengths]
        columns.append(Column(name, kind, rows, 1, ragged=True))
    if draw.rows > 1 and draw.chance(0.1):
        row = int(draw.rng.integers(1, draw.rows))
        columns[1].values[row].append(columns[1].values[0][0])
        draw.flaws.append(f"a longer list in row {row + 1}")
    losses = draw.one([("mse", "rmse"), ("mae", "huber:delta=2"), ("log_cosh", "mse")])
    return columns, losses, {"target": "y", "pred": {"m": "p", "n": "q"}}


TASKS: tuple[Callable[[Drawing], Task], ...] = (_regression, _regression, _regression, _binary, _classes, _several,
                                                 _groups)  # fmt: skip
LATER = (
    (500_000, (_ragged,)),
    (400_000, (_decisions,)),
    (300_000, (_expressions,)),
    (200_000, (_parameters,)),
    (0, TASKS),
)
"""From which seed on which tasks are drawn: later ones have seeds of their own, so that earlier tables stay."""

# -- values that are not acceptable ------------------------------------------------------------------------------------


def _spoil(draw: Drawing, columns: list[Column]) -> None:
    """Make one value, or one column, of the table unacceptable."""
    at = int(draw.rng.integers(len(columns)))
    column = columns[at]
    if not draw.rows or column.name == "g":
        return
    name, value = _flaw(draw, column, weighted=any(other.name == "w" for other in columns))
    if name in ("text", "date", "null"):
        values = [None if value is None else value for _ in column.values]
        columns[at] = replace(column, kind=name, values=values, encoded=False, width=None)
    else:
        values = list(column.values)
        row = int(draw.rng.integers(draw.rows))
        if column.width is None or name == "null list":
            values[row] = value
        else:
            values[row] = list(values[row])
            if column.ragged and not values[row]:
                return
            values[row][int(draw.rng.integers(len(values[row])))] = value
        columns[at] = replace(column, values=values)
    draw.flaws.append(f"{name} in {column.name}")


def _flaw(draw: Drawing, column: Column, *, weighted: bool) -> tuple[str, Any]:
    choices: list[tuple[str, Any]] = [("missing", None), ("missing", None)]
    if column.width is not None:
        choices += [("null list", None)] * (draw.rows > 2)  # some row must show that it is a column of lists
    elif column.kind in NUMBERS:
        choices.append(("null", None))
        if not weighted:  # formats with types refuse a column of texts, though all of its rows have a weight of 0
            choices += [("text", "n/m"), ("date", datetime.date(2024, 2, 29))]
    if column.kind in FLOATS:
        choices += [("nan", NAN), ("nan", NAN), ("inf", INF), ("inf", -INF)]
    if column.kind in INEXACT:
        choices += [("inexact", _whole(v, column.kind)) for v in INEXACT[column.kind]] * 2
    if column.name == "w" and column.kind in FLOATS:
        choices.append(("negative", -1.0))
    found: tuple[str, Any] = draw.one(choices)
    return found
