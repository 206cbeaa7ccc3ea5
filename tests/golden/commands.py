"""Scores one input of the command line: the peer reads the same files of sample_data/ and is called.

A source is the Python that was run with the peer: the tables and tensors first, then the call. In it `csv` and
`parquet` read a file of sample_data, `t` makes a tensor of columns, `of` names the ten columns of the digits, `classes`
gives the digits' positions, `groups` cuts a table by a key, and the peers go by the names in peers.py.
"""

from __future__ import annotations

import functools
import shlex
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from embedding import arcface
from peers import NAMES, library, names_of, one_line, source

FOLDER = Path(__file__).parents[2] / "sample_data"
DIGITS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
WEIGHTS_FILE = "--table params=sample_data/weights.parquet -c 'params=w_*'"
WEIGHTS = "t(parquet('weights.parquet').drop(columns='class'))"


@dataclass(frozen=True)
class Sample:
    """One number of one peer on sample_data, which is read and asked when the row is wanted."""

    args: str
    spec: str
    ask: Callable[[], tuple[str, float]]

    @property
    def specs(self) -> tuple[str, ...]:
        return (self.spec,)

    def row(self, spec: str) -> list[str]:
        """The line of the CSV."""
        told, value = self.ask()
        return [f"{self.args} -l {shlex.quote(spec)}".strip(), told, repr(value)]


Score = Callable[[str, str, str], Sample]


def csv(name: str) -> Any:
    """A CSV of sample_data; pandas' own way of reading floats misses a last digit now and then."""
    return library("pandas").read_csv(FOLDER / name, float_precision="round_trip")


def parquet(name: str) -> Any:
    return library("pandas").read_parquet(FOLDER / name)


def t(columns: Any) -> Any:
    """Columns, or one column of numbers or of lists, as a tensor; whole numbers stay whole."""
    lists = columns.ndim == 1 and columns.dtype == object
    return library("torch").from_numpy(np.stack(columns.tolist()) if lists else columns.to_numpy().copy())


def of(letter: str) -> list[str]:
    return [f"{letter}_{digit}" for digit in DIGITS]


def classes(table: Any) -> Any:
    return library("torch").tensor([DIGITS.index(name) for name in table.digit])


def groups(table: Any, key: str) -> list[Any]:
    return [part for _, part in table.groupby(key, sort=False)]


WORDS: dict[str, Any] = NAMES | {
    "csv": csv, "parquet": parquet, "t": t, "of": of, "classes": classes, "groups": groups, "arcface": arcface,
    "DIGITS": DIGITS,
}  # fmt: skip


def on(args: str, **given: str) -> Score:
    """A way of scoring: `args` come before the loss, `given` are the names that calls may use, in order."""
    first = "".join(f"{name} = {made}; " for name, made in given.items())

    @functools.cache
    def names() -> dict[str, Any]:
        found = dict(WORDS)
        for name, made in given.items():
            found[name] = eval(made, names_of(made) | found)  # the text is a literal of this folder
        return found

    def score(peer: str, spec: str, call: str) -> Sample:
        def ask() -> tuple[str, float]:
            line = one_line(call)
            return source(peer, first + call), float(eval(line, names_of(line) | names()))

        return Sample(args, spec, ask)

    return score
