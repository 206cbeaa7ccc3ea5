"""One table through every reader and every way to run: each gives the same bytes, or the same error."""

from __future__ import annotations

import json
import os
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import losscli
from differential.arrays import in_arrays
from differential.dialects import DIALECTS
from differential.random_tables import Case
from differential.written import in_files, in_memory, in_parts
from losscli.errors import LosscliError
from losscli.execution.engines.threads import Threads
from losscli.execution.python_run import prepared
from losscli.execution.shards import score
from losscli.execution.state_file import Shard
from losscli.io.formats import json_input

# A typed column of texts or dates is refused as a whole, a cell of a text format alone.
_SAME_CODE = {"DATA_WRONG_TYPE": "DATA_BAD_CELL", "DATA_UNKNOWN_CLASS": "DATA_BAD_CELL"}


@dataclass(frozen=True)
class Outcome:
    """What a run gave: numbers as exact text, or an error by its exit code and what readers can know of it."""

    exit_code: int
    numbers: str = ""
    code: str | None = None
    column: str | None = None
    row: int | None = None
    message: str = ""

    def differs(self, other: Outcome, flaws: int) -> bool:
        """Whether two readers disagree. Of several unacceptable values, each may find another one first."""
        if self.exit_code != other.exit_code or self.numbers != other.numbers:
            return True
        if flaws > 1:
            return False
        if _SAME_CODE.get(self.code or "", self.code) != _SAME_CODE.get(other.code or "", other.code):
            return True
        rows = {self.row, other.row} - {None}
        return len(rows) > 1 or self.column != other.column


def outcomes(case: Case, *, every: bool = True, scheduler: str | None = None) -> Iterator[tuple[str, Outcome]]:
    """The outcome of each way to read and to run a table, on the workers of a Dask scheduler too."""
    batches = case.losses == ("nt_xent",)  # a batch loss has no shards, and Dask refuses it
    dask = {} if scheduler is None or batches else {"engine": "dask", "scheduler": scheduler}
    for name, data in in_memory(case):
        yield name, evaluated(case, data)
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        files = dict(in_files(case, folder))
        for name, path in files.items():
            with documents_streamed():
                yield name, evaluated(case, path)
        for name, path, beside in in_arrays(case, folder):
            yield name, evaluated(case, path, beside=beside)
        if not every:
            return
        for rows in (1, 3):
            with chunks_of(rows):
                yield f"a.csv in chunks of {rows}", evaluated(case, files["a.csv"], threads=1)
        if dask:
            for name, path in files.items():
                if not name.startswith(
                    ("array.json", "columns.json", "samples.json")
                ):  # no other process reads a document's records
                    yield f"{name}, by Dask", evaluated(case, path, **dask)
        if not case.rows:
            return
        for name, paths, starts in in_parts(case, folder):
            first_rows = dict(zip(paths, starts, strict=True))
            yield name, evaluated(case, paths, first_rows, threads=1 + case.seed % 2)
            if dask:
                yield f"{name}, by Dask", evaluated(case, paths, first_rows, **dask)
            if not batches:
                yield f"{name}, in shards", sharded(case, paths, folder, first_rows)


def evaluated(case: Case, data: Any, starts: dict[str, int] | None = None, **how: Any) -> Outcome:
    """The outcome of one run in this process."""
    try:
        report = losscli.evaluate(data, losses(case, data), **settings(case, data), **how)
    except LosscliError as error:
        return failed(error, starts)
    return scored(json.loads(report.to_json()))


def scored(report: dict[str, Any]) -> Outcome:
    """The outcome of a run that gave a report."""
    kept = ("model", "by", "spec", "value", "nonfinite", "count", "weight", "terms", "without_part")
    results = [{name: result[name] for name in kept} for result in report["results"]]
    for result in results:
        result["spec"] = result["spec"].replace("{row.", "{")
        result["by"] = {name.removeprefix("row."): value for name, value in result["by"].items()}
    results.sort(key=lambda result: json.dumps([result["model"], result["spec"], result["by"]]))
    return Outcome(0, json.dumps([report["rows"], report["data"]["targets_sha256"], results]))


def failed(error: LosscliError, starts: dict[str, int] | None = None) -> Outcome:
    """The outcome of a run that ended with an error; `starts` has the first row of each file, from 0."""
    row = error.row if error.row is None else error.row + (starts or {}).get(error.path or "", 0)
    column = None if error.column is None else re.sub(r"_\d+$|^row\.", "", re.split(r"[,…]", error.column)[0])
    return Outcome(int(error.exit_code), code=error.code, column=column, row=row, message=error.message)


def settings(case: Case, data: Any) -> dict[str, Any]:
    """The settings, with a column for each element of a list where the format has no lists, and paths where nested."""
    first = data[0] if isinstance(data, list) else data
    if isinstance(first, str) and "nested." in first:
        return {name: _inside(value, case) if name in _NAMES else value for name, value in case.settings.items()}
    if isinstance(first, str) and first.endswith("vectors.csv"):
        return case.settings
    if not (isinstance(first, str) and re.search(r"\.[ct]sv", first)):
        return case.settings
    widths = {column.name: column.width for column in case.columns if column.width and not column.ragged}

    def wide(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: wide(columns) for name, columns in value.items()}
        return [f"{value}_{place}" for place in range(widths[value])] if value in widths else value

    named = ("target", "pred", "columns")
    _, options = DIALECTS.get(Path(first).name, (None, None))
    how = {} if options is None else {"options": options}
    return {name: wide(value) if name in named else value for name, value in case.settings.items()} | how


_NAMES = ("target", "pred", "columns", "weight", "by", "let")


def losses(case: Case, data: Any) -> tuple[str, ...]:
    """The losses, with paths of the columns of parameters where these are nested."""
    first = data[0] if isinstance(data, list) else data
    nested = isinstance(first, str) and "nested." in first
    return tuple(text.replace("{", "{row.") for text in case.losses) if nested else case.losses


def _inside(value: Any, case: Case) -> Any:
    """The columns of a setting where they are fields of another; derived ones are not."""
    if isinstance(value, dict):
        return {name: _inside(column, case) for name, column in value.items()}
    names = [column.name for column in case.columns]
    if isinstance(value, list):  # of expressions
        return [re.sub(rf"\b({'|'.join(names)})\b(?!')", r"row.\1", text) for text in value]
    return f"row.{value}" if value.partition(":")[0] in names else value


def sharded(case: Case, paths: list[str], folder: Path, starts: dict[str, int]) -> Outcome:
    """The outcome of two shards, merged."""
    states = []
    try:
        run = prepared({"source": paths, "losses": case.losses, **settings(case, paths)})
        for number in (1, 2):
            states.append(folder / f"{number}.state")
            states[-1].write_text(score(run, Shard(number, 2), Threads(1)).text)
        return scored(json.loads(losscli.merge(states).to_json()))
    except LosscliError as error:
        return failed(error, starts)


@contextmanager
def chunks_of(rows: int) -> Iterator[None]:
    """Kernels get so many rows at once."""
    os.environ["LOSSCLI_CHUNK_ROWS"] = str(rows)
    try:
        yield
    finally:
        del os.environ["LOSSCLI_CHUNK_ROWS"]


@contextmanager
def documents_streamed() -> Iterator[None]:
    """JSON documents are read as large ones are."""
    before, json_input.HELD = json_input.HELD, 0
    try:
        yield
    finally:
        json_input.HELD = before


def disagreements(case: Case, *, every: bool = True, scheduler: str | None = None) -> list[str]:
    """What differs from the first way to read the table, in words; ways that agree are in one line."""
    first, *others = outcomes(case, every=every, scheduler=scheduler)
    different: dict[str, list[str]] = {}
    for name, outcome in others:
        if outcome.differs(first[1], len(case.flaws)):
            different.setdefault(_said(outcome), []).append(name)
    return [
        f"seed {case.seed} ({'; '.join(case.flaws) or 'no flaws'}): {first[0]} gives {_said(first[1])}, "
        f"but {', '.join(names)}: {said}"
        for said, names in different.items()
    ]  # fmt: skip


def _said(outcome: Outcome) -> str:
    if outcome.exit_code == 0:
        return outcome.numbers
    return f"exit {outcome.exit_code} {outcome.code}, row {outcome.row}, column {outcome.column}: {outcome.message}"
