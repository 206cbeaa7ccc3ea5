"""Compares presets.csv (what libraries say) with losscli: the table in docs/presets.md, and what tests hold.

python tests/golden/preset_table.py [FILE]     # prints where the two differ, for presets.csv or another such file
"""

from __future__ import annotations

import csv
import json
import math
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

import losscli
from losscli.binding.spec import parse_loss
from losscli.contract.loss import REGISTRY, Loss
from losscli.contract.presets import ROW_WEIGHTS, Preset
from losscli.errors import LosscliError

PRESETS = Path(__file__).parent / "libraries" / "presets.csv"
STEPS = (1e-13, 1e-11, 1e-9, 1e-7, 1e-5)
"""Bounds that a difference is said to lie within; the last digits are those of a machine."""


@dataclass(frozen=True)
class Compared:
    """One row: how far losscli is from the library, of the value and of the gradient; what either refuses."""

    row: dict[str, str]
    refused: str | None
    value: float | None
    gradient: float | None

    @property
    def library_has_none(self) -> bool:
        """Whether the library refuses the input, or says NaN."""
        return self.row["value"].startswith("refused") or self.row["value"] == "nan"


def read(path: Path = PRESETS) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def compared(row: dict[str, str]) -> Compared:
    loss = parse_loss(row["spec"]).loss
    data, settings = _columns(loss, json.loads(row["inputs"]))
    if row["weights"]:
        data["w"] = np.array(json.loads(row["weights"]))
        settings["weight"] = "w"
    try:
        got = losscli.evaluate(data or None, row["spec"], **settings)[0].value
        slopes = _gradients(data, row, settings)
    except LosscliError as error:
        return Compared(row, str(error).partition("\n")[0], None, None)
    if row["value"].startswith("refused"):
        return Compared(row, None, None, None)
    theirs = json.loads(row["gradient"] or "{}")
    gaps = [apart_largest(np.asarray(slopes[role]), np.asarray(theirs[role], float)) for role in theirs]
    return Compared(row, None, apart(got, float(row["value"])), max(gaps, default=None))


def _columns(loss: Loss, inputs: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    data: dict[str, Any] = {}
    settings: dict[str, Any] = {"columns": {}, "tables": {}}
    for role, values in inputs.items():
        array = np.asarray(values)
        if loss.roles[role].kinds[0].shape == "matrix":
            settings["tables"][role] = array
            continue
        flat = array.reshape(len(array), -1)
        names = [role] if array.ndim == 1 else [f"{role}_{i}" for i in range(flat.shape[1])]
        data |= {name: flat[:, i] for i, name in enumerate(names)}
        columns = role if array.ndim == 1 else f"{role}_*"
        (settings if role in ("pred", "target") else settings["columns"])[role] = columns
    return data, settings


def _gradients(data: dict[str, Any], row: dict[str, str], settings: dict[str, Any]) -> dict[str, Any]:
    found = {}
    for role, theirs in json.loads(row["gradient"] or "{}").items():
        slopes = losscli.gradient(data or None, row["spec"], wrt=role, **settings)
        columns = [values for name, values in slopes.items() if name != "row"]
        found[role] = np.stack(columns, axis=1).reshape(np.shape(theirs))
    return found


def apart(got: float, want: float) -> float:
    """The relative difference of two numbers; below 1e-14 (rounding beside numbers near 1) it is absolute."""
    if got == want or (math.isnan(got) and math.isnan(want)):
        return 0.0
    return math.inf if math.isinf(want) or math.isnan(got) else abs(got - want) / max(abs(want), 1e-2)


def apart_largest(got: Any, want: Any) -> float:
    """The largest difference of two gradients, against the largest slope."""
    told = np.isfinite(want)
    if not told.all():
        got, want = got[told], want[told]
    if not want.size:
        return 0.0
    return float(np.abs(got - want).max() / max(np.abs(want).max(), 1e-2)) if np.isfinite(got).all() else math.inf


def within(gap: float) -> str:
    """`1e-12`, the least of the steps that is not below the gap."""
    return next((f"{step:g}" for step in STEPS if gap <= step), f"**{gap:.2g}**")


# -- the table of the documentation ------------------------------------------------------------------------------------


def table() -> str:
    """One row a preset: its parameters, the largest differences, what is refused and why."""
    titles = ["preset", "parameters", "divides by", "random", "edges", "gradient", "refused, or different by design"]
    lines = ["| " + " | ".join(titles) + " |", "|---" * len(titles) + "|"]
    found: dict[tuple[str, str], list[Compared]] = {}
    for row in read():
        name, _, library = row["spec"].partition(":")[0].partition("@")
        found.setdefault((name, library), []).append(compared(row))
    for (name, library), rows in found.items():
        preset = REGISTRY[name].same_as[library]
        random = [one for one in rows if one.row["kind"] in ("random", "weights")]
        cells = [
            f"`{name}@{library}`", f"`{preset.settings}`" if preset.settings else "", _divisor(REGISTRY[name], preset),
            _largest(one.value for one in random),
            _largest(one.value for one in rows if one not in random and not one.library_has_none),
            _largest(one.gradient for one in random), "; ".join(dict.fromkeys(_said(preset, rows))),
        ]  # fmt: skip
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines) + "\n"


def _divisor(loss: Loss, preset: Preset) -> str:
    """What the preset divides weighted values by, where the library has weights."""
    if not loss.source_roles or preset.refusal([ROW_WEIGHTS]):
        return "–"
    return {"weight": "weights", "rows": "all rows"}[preset.divide_by]


def _largest(gaps: Iterable[float | None]) -> str:
    known = [gap for gap in gaps if gap is not None]
    return within(max(known)) if known else "–"


def _said(preset: Preset, rows: Iterable[Compared]) -> Iterator[str]:
    yield from preset.refused
    for one in rows:
        told = one.refused is None or one.library_has_none or "cannot follow" in one.refused
        if not told and not any(
            f"other than {(one.refused or '').partition('expected ')[2]}" in t for t in preset.refused
        ):
            yield f"{one.row['kind']}: {one.refused.partition(': ')[2] or one.refused}"
    other = [f"'{one.row['kind']}'" for one in rows if one.gradient is not None and one.gradient > STEPS[2]]
    if other:
        yield f"another gradient at {', '.join(other)}"
    if preset.notes:
        yield preset.notes


def main(given: list[str]) -> None:
    for row in read(Path(given[0])) if given else read():
        one = compared(row)
        if one.library_has_none:
            continue
        if one.refused or (one.value or 0) > 1e-12 or (one.gradient or 0) > 1e-10:
            how = one.refused or f"{one.value:.3g}, gradient {one.gradient}"
            sys.stdout.write(" | ".join([row["spec"], row["kind"], how, row["value"]]) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
