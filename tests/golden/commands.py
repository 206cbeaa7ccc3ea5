"""Scores one input of the command line: the peer reads the same files of sample_data/ and is called.

A source is the Python that was run with the peer: the tables and tensors first, then the call. In it `csv` and
`parquet` read a file of sample_data, `t` makes a tensor of columns, `of` names the ten columns of the digits, `classes`
gives the digits' positions, `groups` cuts a table by a key, and the peers go by the names in peers.py.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas
import torch
from embedding import arcface
from peers import NAMES, source

FOLDER = Path(__file__).parents[2] / "sample_data"
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
WEIGHTS_FILE = "--table params=sample_data/weights.parquet -c 'params=w_*'"
WEIGHTS = "t(parquet('weights.parquet').drop(columns='class'))"
Row = tuple[str, str, float]
Score = Callable[[str, str, str], Row]


def csv(name: str) -> pandas.DataFrame:
    """A CSV of sample_data; pandas' own way of reading floats misses a last digit now and then."""
    return pandas.read_csv(FOLDER / name, float_precision="round_trip")


def parquet(name: str) -> pandas.DataFrame:
    return pandas.read_parquet(FOLDER / name)


def t(columns: pandas.DataFrame | pandas.Series) -> torch.Tensor:
    """Columns, or one column of numbers or of lists, as a tensor; whole numbers stay whole."""
    lists = isinstance(columns, pandas.Series) and columns.dtype == object
    return torch.from_numpy(np.stack(columns.tolist()) if lists else columns.to_numpy().copy())


def of(letter: str) -> list[str]:
    return [f"{letter}_{digit}" for digit in DIGITS]


def classes(table: pandas.DataFrame) -> torch.Tensor:
    return torch.tensor([DIGITS.index(name) for name in table.digit])


def groups(table: pandas.DataFrame, key: str) -> list[pandas.DataFrame]:
    return [part for _, part in table.groupby(key, sort=False)]


WORDS: dict[str, Any] = NAMES | {
    "csv": csv, "parquet": parquet, "t": t, "of": of, "classes": classes, "groups": groups, "arcface": arcface,
    "DIGITS": DIGITS,
}  # fmt: skip


def on(args: str, **given: str) -> Score:
    """A way of scoring: `args` come before the loss, `given` are the names that calls may use, in order."""
    names = dict(WORDS)
    for name, made in given.items():
        names[name] = eval(made, names)  # the text is a literal of this file
    first = "".join(f"{name} = {made}; " for name, made in given.items())

    def score(peer: str, spec: str, call: str) -> Row:
        value = eval(" ".join(call.split()), names)
        return f"{args} -l {shlex.quote(spec)}".strip(), source(peer, first + call), float(value)

    return score
