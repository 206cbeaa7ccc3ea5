"""One bad input: what makes it, and what the command must do with it."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

PLAIN = ("-t", "y", "-p", "p", "-l", "mae", "-q")
"""How a file is scored where a case names only the file."""

Args = str | list[str]


@dataclass
class Here:
    """The folder that a case works in (it is also the working directory), and what it may bend for its time."""

    path: Path
    patch: pytest.MonkeyPatch
    after: ExitStack

    def file(self, content: str | bytes, name: str = "p.csv") -> str:
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content if isinstance(content, bytes) else content.encode())
        return name

    def parquet(self, columns: dict[str, Any] | pa.Table, name: str = "p.parquet", **more: Any) -> str:
        place = self.path / name
        place.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), place, **more)
        return name

    def arrow(self, columns: dict[str, Any] | pa.Table, name: str = "p.arrow") -> str:
        table = columns if isinstance(columns, pa.Table) else pa.table(columns)
        with pa.ipc.new_file(self.path / name, table.schema) as out:
            out.write_table(table)
        return name

    def stdin(self, content: bytes | None) -> str:
        """Standard input for the time of this case; None is a terminal."""
        stream = io.TextIOWrapper(io.BytesIO(content or b""))
        self.patch.setattr(sys, "stdin", stream)
        if content is None:
            stream.isatty = lambda: True  # type: ignore[method-assign]
        return "-"

    def windows(self, size: int) -> None:
        """Text is read in pieces of so many bytes."""
        self.patch.setattr("losscli.io.formats.text_windows.WINDOW", size)


@dataclass(frozen=True)
class Case:
    """`row` is its number in the acceptance list; `says` must stand on stderr, `shows` on stdout."""

    row: str
    name: str
    make: Callable[[Here], Args] = field(repr=False)
    code: int = 0
    says: tuple[str, ...] = ()
    shows: tuple[str, ...] = ()
    value: float | None = None

    def __str__(self) -> str:
        return f"{self.row}-{self.name}"


CASES: list[Case] = []


def case(
    row: str, code: int = 0, *says: str, value: float | None = None, shows: tuple[str, ...] = ()
) -> Callable[[Callable[[Here], Args]], Callable[[Here], Args]]:
    """The function below makes the input and returns the arguments of `eval`, or only the source."""

    def register(make: Callable[[Here], Args]) -> Callable[[Here], Args]:
        CASES.append(Case(row, make.__name__.strip("_"), make, code, says, shows, value))
        return make

    return register


def text(
    row: str,
    name: str,
    content: str | bytes,
    code: int = 0,
    *says: str,
    args: str = "",
    value: float | None = None,
    file: str = "p.csv",
) -> None:
    """A case that is one text file; `args` stand behind it, after the usual ones unless they name a loss.

    They are cut at each blank, or at each | if there is one.
    """

    def make(here: Here) -> Args:
        more = args.split("|") if "|" in args else args.split()
        usual = () if "-l" in more else PLAIN
        return [here.file(content, file), *usual, *more]

    CASES.append(Case(row, name, make, code, says, (), value))
