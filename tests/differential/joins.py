"""Two random tables, joined: every pair of readers gives what a loop over dicts gives, or the same error."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from fractions import Fraction
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq

import losscli
from losscli.errors import LosscliError

Rows = list[dict[str, Any]]
FORMS = ("memory", "csv", "jsonl", "parquet", "arrow")


@dataclass(frozen=True)
class Join:
    """Predictions and targets with the options that join them."""

    preds: Rows
    targets: Rows
    settings: dict[str, Any] = field(default_factory=dict)

    @property
    def keys(self) -> list[tuple[str, str]]:
        """The names of each key on the two sides."""
        return list(self.settings["on"].items())


def random_join(seed: int) -> Join:
    """A join by one or two keys, of other names or spellings on the sides, with repeats, gaps and a shared column."""
    rng = random.Random(seed)
    renamed, many, two = rng.random() < 0.5, rng.random() < 0.5, rng.random() < 0.4
    whole = rng.random() < 0.4
    ids: list[Any] = rng.sample(range(40), 12) if whole else [f"k{i:02d}" for i in rng.sample(range(40), 12)]
    names = ("ID" if renamed else "id", "id")
    key_match = () if whole or rng.random() < 0.5 else ("case", "trim")[: rng.randint(1, 2)]

    def keys(place: int, key: Any) -> dict[str, Any]:
        if "case" in key_match and place == 0:
            key = key.upper()
        if "trim" in key_match and place == 0 and rng.random() < 0.5:
            key = f" {key}"
        return {names[place]: key, **({"day": f"2026-01-{1 + hash_of(key) % 3:02d}"} if two else {})}

    there = [key for key in ids if rng.random() < 0.9]
    targets = [{**keys(1, key), "y": rng.randint(-8, 8) / 4, "v": rng.randint(0, 9) / 2} for key in ids]
    preds = [{**keys(0, key), "h": h, "p": rng.randint(-8, 8) / 4, "v": rng.randint(0, 9) / 2}
             for key in there for h in range(rng.randint(1, 3) if many else 1)]  # fmt: skip
    rng.shuffle(preds)
    if rng.random() < 0.1:
        targets.append(dict(targets[0], y=1.0))
    if rng.random() < 0.1:
        preds.append({**preds[0], "h": 7})
    if rng.random() < 0.1:
        preds.append({**preds[0], names[0]: 99 if whole else "zz", "h": 8})
    on = {names[0]: "id", **({"day": "day"} if two else {})}
    sides = rng.choice([("y", "p"), ("targets.v", "preds.v"), ("v", "v"), ("y", "targets.v"), ("preds.v", "p")])
    settings: dict[str, Any] = {"on": on, "target": sides[0], "pred": sides[1]}
    settings |= {"unmatched": rng.choice(["error", "drop", "drop-targets"])}
    settings |= {"key_match": key_match} if key_match else {}
    settings |= {"join": rng.choice(["many-to-one", "one-to-one"])} if rng.random() < 0.6 else {}
    settings |= {"by": "h"} if rng.random() < 0.5 else {}
    return Join(preds, targets, settings)


def hash_of(key: Any) -> int:
    """A number of a key, alike on both sides."""
    return sum(str(key).strip().lower().encode())


def expected(join: Join) -> dict[str, tuple[float, int]] | None:
    """The mean absolute error and the number of rows of each slice, by a loop; None if the join must be refused."""

    def key(row: dict[str, Any], place: int) -> tuple[str, ...]:
        parts = [str(row[names[place]]) for names in join.keys]
        parts = [part.strip() for part in parts] if "trim" in join.settings.get("key_match", ()) else parts
        return tuple(part.lower() if "case" in join.settings.get("key_match", ()) else part for part in parts)

    how = join.settings
    found = {key(row, 1): row for row in join.targets}
    if len(found) < len(join.targets):
        return None
    pairs = [(row, found.get(key(row, 0))) for row in join.preds]
    missing = any(target is None for _, target in pairs)
    unused = bool(found.keys() - {key(row, 0) for row in join.preds})
    if (missing and how["unmatched"] != "drop") or (unused and how["unmatched"] == "error"):
        return None
    both = [(row, target) for row, target in pairs if target is not None]
    repeats = len({key(row, 0) for row in join.preds}) < len(join.preds)
    told_apart = "by" in how and len({(key(row, 0), row["h"]) for row in join.preds}) == len(join.preds)
    if repeats and not (how.get("join") == "many-to-one" or (told_apart and "join" not in how)):
        return None
    errors = [
        (str(row["h"]), abs(_side(how["target"], "target", row, target) - _side(how["pred"], "pred", row, target)))
        for row, target in both
    ]
    slices = ["", *(sorted({h for h, _ in errors}) if "by" in how else [])]
    chosen = {name: [error for h, error in errors if name in ("", h)] for name in slices}
    return {name: (float(sum(found) / len(found)), len(found)) for name, found in chosen.items()} if errors else None


def _side(name: str, role: str, row: dict[str, Any], target: dict[str, Any]) -> Fraction:
    side, _, column = name.rpartition(".")
    side = side or ("targets" if column == "y" or (column == "v" and role == "target") else "preds")
    return Fraction((target if side == "targets" else row)[column])


def written(rows: Rows, folder: Path, name: str, form: str) -> Any:
    """The rows as a table in memory, or as a file."""
    table, path = pa.Table.from_pylist(rows), folder / f"{name}.{form}"
    if form == "memory":
        return table
    if form == "csv":
        pyarrow.csv.write_csv(table, path)
    elif form == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    elif form == "parquet":
        pq.write_table(table, path, row_group_size=5)
    else:
        pyarrow.feather.write_feather(table, path, compression="uncompressed")
    return str(path)


def outcomes(join: Join, folder: Path, turn: int) -> Iterator[tuple[str, Any]]:
    """What pairs of readers give, others each turn: value and count of each slice, or an error without file names."""
    for place, ours in enumerate(FORMS):
        theirs = FORMS[(place + turn) % len(FORMS)]
        data, targets = written(join.preds, folder, "p", ours), written(join.targets, folder, "t", theirs)
        try:
            report = losscli.evaluate(data, "mae", targets=targets, **join.settings)
        except LosscliError as error:
            message = re.sub(r"\S*\b[pt]\.(csv|jsonl|parquet|arrow)|<[^>]*>", "FILE", error.message)
            yield f"{ours} with {theirs}", (error.code, error.row, message)
        else:
            yield f"{ours} with {theirs}", {row.by.get("h", ""): (row.value, row.count) for row in report}
