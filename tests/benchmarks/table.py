"""What was measured, as lines on a terminal and as a block of docs/benchmarks.md."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from benchmarks.measure import COMPARED, Spread, met
from benchmarks.rows import ROWS, Goal, Row

UNMEASURED = "not measured"
_BLOCK = re.compile(r"(<!-- measured: benchmarks -->\n).*?(<!-- end -->)", re.DOTALL)
_MISSED = re.compile(r"(<!-- measured: missed goals -->\n).*?(<!-- end -->)", re.DOTALL)
_HEAD = ("work", "against", "compared", "measured", "goal", "met", "CPU, s")
_COMMIT = re.compile(r"Measured at `([^`]+)` on \S+, ")


@dataclass(frozen=True)
class Entry:
    """One line of the table: what was compared, and what came out. `cpu`: processor seconds of both sides."""

    work: str
    against: str
    compared: str
    measured: str
    goal: str
    met: str = ""
    cpu: str = ""

    @property
    def key(self) -> tuple[str, str, str, str]:
        """What was asked: a measurement of another goal is kept by nobody."""
        return self.work, self.against, self.compared, self.goal

    @property
    def cells(self) -> tuple[str, ...]:
        return self.work, self.against, self.compared, self.measured, self.goal, self.met, self.cpu


def entries(row: Row, measured: str = UNMEASURED) -> list[Entry]:
    """The lines of a row, one a goal, before anything has been measured."""
    against = row.against.name if row.against else ""
    return [Entry(row.work, against, goal.compared, measured, limit(goal)) for goal in row.goals]


def declared() -> list[Entry]:
    """All lines of the table."""
    return [entry for row in ROWS for entry in entries(row)]


def limit(goal: Goal) -> str:
    if goal.limit is None:
        return ""
    compared = COMPARED[goal.compared]
    stretch = "" if goal.stretch is None else f", stretch {number(goal.stretch)}{compared.unit}"
    return f"{'≥' if compared.least else '≤'} {number(goal.limit)}{compared.unit}{stretch}"


def number(value: float) -> str:
    """Two digits after the point, more for small ratios, none for megabytes."""
    if value >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}" if value >= 0.1 else f"{value:.3f}"


def filled(goal: Goal, entry: Entry, spread: Spread, cpu: str = "") -> Entry:
    """The line with what came out, judged by its goal."""
    shown = f"{number(spread.median)}{COMPARED[entry.compared].unit} [{number(spread.low)} – {number(spread.high)}]"
    said = {None: "", True: "yes", False: "no"}[met(goal.compared, spread, goal.limit)]
    if said == "yes" and met(goal.compared, spread, goal.stretch):
        said = "yes, stretch"
    return replace(entry, measured=shown, met=said, cpu=cpu)


def line(entry: Entry, extra: Sequence[str] = ()) -> str:
    """A line for the terminal; widths come from the declared table, so that lines can be printed as they come."""
    widths = [max(map(len, column)) for column in zip(_HEAD, *(e.cells for e in declared()), strict=True)]
    widths[_HEAD.index("measured")], widths[_HEAD.index("met")], widths[-1] = 22, 12, 15
    cells = [cell.ljust(width) for cell, width in zip(entry.cells, widths, strict=True)]
    return "  ".join([*cells, *(cell.rjust(15) for cell in extra)]).rstrip()


def head(extra: Sequence[str] = ()) -> str:
    return line(Entry(*_HEAD), extra)


def block(machine: str, lines: Iterable[Entry]) -> str:
    """The block of docs/benchmarks.md."""
    rows = [_HEAD, ("---",) * len(_HEAD), *(entry.cells for entry in lines)]
    return f"{machine}\n\n" + "".join(f"| {' | '.join(cells)} |\n" for cells in rows)


def parsed(text: str) -> tuple[str, list[Entry]]:
    """The machine and the lines of the block in docs/benchmarks.md; the inverse of `block`."""
    found = _BLOCK.search(text)
    if found is None:
        raise ValueError("there is no block of benchmarks")
    machine, _, table = found[0].removeprefix(found[1]).removesuffix(found[2]).strip().partition("\n\n")
    cells = [[cell.strip() for cell in row.strip().removeprefix("|").removesuffix("|").split("|")]
             for row in table.splitlines()[2:]]  # fmt: skip
    return machine, [Entry(*row) for row in cells]


def rewritten(text: str, machine: str, fresh: Iterable[Entry]) -> str:
    """`text` with its block as declared now: what was measured just now, else what stood there.

    A line of another commit says of which. One of another machine or of other versions is not kept: the sentence above
    the table would be wrong about it.
    """
    before, old = parsed(text)
    known = {}
    if _COMMIT.sub("", before) == _COMMIT.sub("", machine):
        known = {entry.key: _of_commit(entry, before, machine) for entry in old}
    known |= {entry.key: entry for entry in fresh}
    new = block(machine, [known.get(entry.key, entry) for entry in declared()])
    return _BLOCK.sub(lambda match: f"{match[1]}{new}{match[2]}", text)


def missed(text: str) -> list[Entry]:
    """The lines of docs/benchmarks.md whose goal is missed."""
    return [entry for entry in parsed(text)[1] if entry.met == "no"]


def told(contributing: str, lines: Sequence[Entry]) -> str:
    """CONTRIBUTING.md with the list of the lines whose goal is missed."""
    heads = "work", "against", "compared", "measured", "goal"
    rows = [heads, ("---",) * len(heads), *(tuple(getattr(entry, name) for name in heads) for entry in lines)]
    text = "".join(f"| {' | '.join(cells)} |\n" for cells in rows)
    return _MISSED.sub(lambda match: f"{match[1]}{text}{match[2]}", contributing)


def _of_commit(entry: Entry, before: str, now: str) -> Entry:
    """A line that was measured before, with the commit of then where it does not say so and it is not that of now."""
    then, commit = _COMMIT.match(before), _COMMIT.match(now)
    if then is None or (commit and commit[1] == then[1]) or entry.measured == UNMEASURED or " at `" in entry.measured:
        return entry
    return replace(entry, measured=f"{entry.measured} at `{then[1]}`")
