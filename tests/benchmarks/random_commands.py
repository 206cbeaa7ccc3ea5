"""Random tables as files, and the commands that score them: whole, by threads, in chunks, in shards, on Dask.

Three of four tables have the columns of some losses, drawn from their declared domains, and are scored by all losses
that have the same roles; so that all losses come, one after the other. Each fourth is one of the differential test,
with columns of every type. A table is made of its seed alone.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
from conftest import LOSSES, choices, draw, required, spec_of
from differential.random_tables import TEXTS, Case, Column, Drawing, random_case
from differential.readers import settings as settings_of
from differential.written import arrow_table, csv_text, json_text
from files import table as columns_and_settings

from benchmarks.differences import Outcome
from benchmarks.served_commands import ServedCommands
from losscli.contract.kinds import Kind
from losscli.contract.loss import Loss
from losscli.contract.number_lists import widths

DIFFERENTIAL = (0, 200_000, 300_000, 400_000, 500_000)
"""The first seeds of its kinds of tables."""
FLAGS = {"target": "-t", "weight": "-w"}
THREADS = (1, 2, 3, 8)
CHUNKS = ("7", "1000", "")
OUTPUT = "out.csv"


@dataclass(frozen=True)
class Table:
    """A table, the losses that its columns fit, and what else to ask."""

    name: str
    case: Case
    matrices: dict[str, np.ndarray] = field(default_factory=dict)
    batches: bool = False  # the losses see batches, of which there are no shards
    flags: tuple[str, ...] = ()


# ------------------------------------------------------------------------------------------------------------- tables


def random_table(seed: int, known: frozenset[str]) -> Table:
    """The table of a seed, with losses of those that are known."""
    if seed % 4 == 0:
        case = random_case(DIFFERENTIAL[seed // 4 % len(DIFFERENTIAL)] + seed)
        return Table(f"table {seed}", case, batches=case.losses == ("nt_xent",))
    every = groups(known)
    return loss_table(seed, *every[(seed - seed // 4 - 1) % len(every)])


@cache
def groups(known: frozenset[str]) -> list[tuple[tuple[Loss, ...], tuple[int, ...]]]:
    """The losses with the same roles and kinds, and which kinds these are; twice where they are ten, and so on."""
    found: dict[Any, tuple[tuple[Loss, ...], tuple[int, ...]]] = {}
    for loss in LOSSES:
        if loss.name not in known or not loss.source_roles:
            continue
        sizes = [size for _, *size in widths(loss.params, loss.settle(required(loss)))]
        for choice in choices(loss):
            roles = loss.roles_with(required(loss)).values()
            kinds = [(role.name, role.kinds[at]) for role, at in zip(roles, choice, strict=True)]
            losses, _ = found.get(key := str((kinds, sizes, loss.scope, loss.unit)), ((), ()))
            found[key] = (*losses, loss), choice
    return [group for group in found.values() for _ in range(1 + len(group[0]) // 10)]


def loss_table(seed: int, losses: tuple[Loss, ...], choice: tuple[int, ...]) -> Table:
    """A table with the columns of these losses, and odd values where they are allowed."""
    first, drawing = losses[0], Drawing(np.random.default_rng([seed, 14]), 0)
    sizes = [1, 2, 5, 40, 300, 300]
    if first.scope != "group":
        vectors = any(_shape(kind) != "number" for role in first.roles.values() for kind in role.kinds)
        sizes += [2000, 2000] if vectors else [2000, 70_000, 70_000]  # several batches, and chunks of 65,536
    drawing.rows = int(drawing.one(sizes))
    columns, settings, matrices = drawn(first, choice, drawing)
    for name in drawing.one(["", "missing", "nan"]).split():
        _omit(drawing, columns, name)
        settings[name] = "drop"
    if first.scope == "row" and drawing.chance(0.5):
        weights = drawing.rng.choice([0.0, 0.1, 1.0, 2.5, 1e-3, 7.0], drawing.rows)
        columns.append(Column("w", "float64", [float(v) for v in weights]))
        settings |= {"weight": "w", **drawing.one([{}, {"divide_by": "count"}])}
    if drawing.chance(0.4):
        columns.append(Column("g", "text", [drawing.one(TEXTS) for _ in range(drawing.rows)], encoded=True))
        settings["by"] = "g"
    if first.scope == "group":
        settings["batch_size"] = drawing.one([8, 16, 64])
    flags = drawing.one([(), ("--interval",)]) if first.scope == "row" else ()
    specs = tuple(spec_of(loss) for loss in losses)
    case = Case(seed, tuple(columns), specs, settings)
    return Table(f"table {seed}", case, matrices, first.scope == "group", flags)


def drawn(loss: Loss, choice: tuple[int, ...], drawing: Drawing) -> tuple[list[Column], dict[str, Any], dict[str, Any]]:
    """The columns of a loss, of a second model too where it has predictions, and the settings that bind them."""
    values = draw(loss, drawing.rows, drawing.rng, cruel=drawing.chance(0.3), choice=choice)
    data, settings = columns_and_settings(loss, values, lists=True)
    columns = [column(name, array) for name, array in data.items()]
    if "pred" in settings and drawing.chance(0.5):
        other, _ = columns_and_settings(loss, draw(loss, drawing.rows, drawing.rng, choice=choice), lists=True)
        columns.append(column("other", other["pred"]))
        settings["pred"] = {"a": "pred", "b": "other"}
    return columns, settings, settings.pop("tables")


def column(name: str, values: Any) -> Column:
    """A column of what was drawn: numbers, words, or a vector each row."""
    array = np.asarray(values)
    kind = "text" if array.dtype.kind in "US" else "int64" if array.dtype.kind in "iu" else "float64"
    return Column(name, kind, array.tolist(), array.shape[1] if array.ndim > 1 else None)


def _omit(drawing: Drawing, columns: list[Column], what: str) -> None:
    """Leave out, or make NaN, a tenth of the values of a column."""
    fit = [c for c in columns if c.width is None and (what == "missing" or c.kind == "float64")]
    for chosen in [drawing.one(fit)] if fit else []:
        for row in range(1, drawing.rows):
            if drawing.chance(0.1):
                chosen.values[row] = None if what == "missing" else float("nan")


def _shape(kind: Kind) -> str:
    return "number" if kind.shape == "class" else kind.shape


def golden_tables(path: Path) -> Iterator[Table]:
    """The inputs of golden numbers, a table each."""
    from losscli.binding.spec import parse

    with path.open(encoding="utf-8", newline="") as file:
        for number, row in enumerate(csv.DictReader(file), start=2):
            loss = parse(row["spec"]).parts[0][1].loss
            inputs = {role: _numbers(loss, role, values) for role, values in json.loads(row["inputs"]).items()}
            data, settings = columns_and_settings(loss, inputs, lists=True)
            if row["weights"]:
                data["w"] = np.array(json.loads(row["weights"]), float)
                settings["weight"] = "w"
            columns = tuple(column(name, values) for name, values in data.items())
            case = Case(number, columns, (row["spec"],), settings)
            yield Table(f"{path.stem}:{number}", case, settings.pop("tables"), batches=True)


def _numbers(loss: Loss, role: str, values: Any) -> np.ndarray:
    """The values of a role as an array; words that the role has numbers for as these."""
    array, words = np.array(values), dict(loss.roles[role].kinds[0].labels)
    return np.array([words[value] for value in values]) if words and array.dtype.kind == "U" else array


# ------------------------------------------------------------------------------------------------------------ commands


class Scored:
    """The commands of a table in a folder with its files."""

    def __init__(self, table: Table, folder: Path) -> None:
        self.table, self.folder = table, folder
        case = table.case
        self.sources: dict[str, list[str]] = {"no source": []}  # the losses are of a matrix alone
        if case.columns:
            self.sources = dict(self._written())
        for role, values in table.matrices.items():
            np.savetxt(folder / f"{role}.csv", values, delimiter=",", fmt="%.17g", comments="",
                       header=",".join(map(str, range(values.shape[1]))))  # fmt: skip

    def _written(self) -> Iterator[tuple[str, list[str]]]:
        """The table in each form, by the names of its files."""
        case, folder = self.table.case, self.folder
        if case.rows:  # JSON lines without a record have no columns
            (folder / "a.jsonl").write_bytes(json_text(case))
            yield "jsonl", ["a.jsonl"]
        (folder / "a.csv").write_bytes(csv_text(case))
        yield "csv", ["a.csv"]
        whole, cut = arrow_table(case), case.rows // 3
        pq.write_table(whole, folder / "a.parquet", row_group_size=max(1, case.rows // 5))
        yield "parquet", ["a.parquet"]
        for name, part in (("1.parquet", whole.slice(0, cut)), ("2.parquet", whole.slice(cut))):
            pq.write_table(part, folder / name)
        yield "files", ["1.parquet", "2.parquet"]

    def models(self) -> list[str]:
        """The names of the models."""
        pred = self.table.case.settings.get("pred")
        return list(pred) if isinstance(pred, dict) else [""]

    def arguments(self, form: str, losses: tuple[str, ...] | None = None, without: str = "") -> list[str]:
        """What stands behind the command: sources, losses, columns and settings."""
        case, sources = self.table.case, self.sources[form]
        words = [*sources, *(f"--loss={spec}" for spec in losses or case.losses), *self.table.flags]
        settings = settings_of(case, sources[0] if sources else {})
        for name, value in settings.items():
            if name not in ("options", without):
                words += (f"{flag}{'=' * flag.startswith('--')}{text}" for flag, text in asked(name, value))
        return words + [f"--table={role}={role}.csv" for role in self.table.matrices]

    def run(self, tool: ServedCommands, words: list[str], chunk: str = "") -> Outcome:
        """What a command leaves, the file that it writes too."""
        code, texts = tool.run(words, self.folder, {"LOSSCLI_CHUNK_ROWS": chunk} if chunk else {}, self.table.case.rows)
        if (written := self.folder / OUTPUT).exists():
            texts[OUTPUT] = written.read_bytes()
            written.unlink()
        return Outcome(code, texts)

    def sharded(self, tool: ServedCommands, words: list[str]) -> Outcome:
        """Three shards, merged."""
        states = [f"{number}.state" for number in (1, 2, 3)]
        for number, state in enumerate(states, start=1):
            done = self.run(tool, ["eval", *words, f"--shard={number}/3", f"--state-out={state}"])
            if done.exit:
                break
        else:
            done = self.run(tool, ["merge", *states, "-fjson"])
        for state in states:
            (self.folder / state).unlink(missing_ok=True)
        return done


def asked(name: str, value: Any) -> Iterator[tuple[str, str]]:
    """The options for a setting of `evaluate`."""
    if name == "pred":
        for model, columns in value.items() if isinstance(value, dict) else [("", value)]:
            yield "-p", f"{model}={_text(columns)}" if model else _text(columns)
    elif name == "columns":
        for role, columns in value.items():
            yield "-c", f"{role}={_text(columns)}"
    elif name == "let":
        for expression in value:
            yield "--let", expression
    else:
        yield FLAGS.get(name, f"--{name.replace('_', '-')}"), _text(value)


def _text(value: Any) -> str:
    return ",".join(value) if isinstance(value, list) else str(value)
