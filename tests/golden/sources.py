"""Who else says the number of each loss: for the table in docs/golden-numbers.md, and for the test that holds it.

A row of a golden CSV is from outside unless its source says that the formula was typed by hand. Such rows carry slopes,
or weights; by themselves they are the same formula a second time.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Mapping
from pathlib import Path

from losscli.binding.spec import parse
from losscli.contract.loss import REGISTRY

HERE = Path(__file__).parent
TYPED = "typed by hand"

ALONE: Mapping[str, str] = {
    "fz0": "no Python library has it, and its paper prints averages of data that are not in it",
    "ldam": "only the code of its authors has it, which is no package",
    "linex": "libraries have its parts (`expm1`), none the loss",
    "nce": "only the code of its authors has it, which is no package",
    "point_process_nll": "libraries fit intensities of their own; none takes a column of them",
    "quantile_crossing": "a count of neighbours out of order, which libraries only warn of",
    "smoothness": "libraries solve for the smooth series; none gives the penalty",
    "tangent": "no library has it, and its paper prints no number",
}
"""Losses whose golden numbers are formulas typed by hand alone, and why; a test holds the list."""

# Where a scipy function stands only for a letter of the formula.
_LETTERS = {"linex": {"scipy"}, "maape": {"scipy"}, "absolute_log_ratio": {"scipy"}, "squared_log_ratio": {"scipy"}}


def outside() -> dict[str, set[str]]:
    """Loss or score → the libraries that say its number, or `paper`."""
    found: dict[str, set[str]] = {}
    for path in sorted(HERE.glob("*.csv")):
        if path.stem == "sample_data":
            continue
        with path.open(newline="", encoding="utf-8") as file:
            for row in csv.DictReader(file):
                for _, part in parse(row["spec"]).parts:
                    peers = found.setdefault(part.loss.name, set())
                    peer = row["source"].partition(" ")[0]
                    if TYPED not in row["source"] and peer not in _LETTERS.get(part.loss.name, ()):
                        peers.add(peer)
    return found


def table() -> str:
    """One row a loss or score: who says its number too, or why nobody does."""
    lines = ["| loss | the number is also that of |", "|---|---|"]
    for name, peers in sorted(outside().items()):
        why = ALONE.get(name, "")
        lines.append(f"| `{name}` | {', '.join(sorted(peers)) or f'nobody: {why}'} |")
    return "\n".join(lines) + "\n"


def lonely() -> set[str]:
    """Losses and scores for which nothing but a formula typed by hand stands."""
    found = outside()
    return {name for name in REGISTRY if not found.get(name)}


def documented(text: str) -> set[str]:
    """The losses of a table that say `nobody`."""
    return set(re.findall(r"^\| `(\w+)` \| nobody: ", text, re.MULTILINE))
