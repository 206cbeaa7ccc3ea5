"""Which of two joined tables has a column, under every name that it may be given."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from losscli.errors import DataError, UsageError, did_you_mean
from losscli.lazy import dataclass

Side = Literal["preds", "targets"]

JoinKind = Literal["one-to-one", "many-to-one"]

KeyDifference = Literal["trim", "unicode", "number", "case"]

KEY_DIFFERENCES: Mapping[KeyDifference, str] = {
    "trim": "white space around them", "unicode": "their Unicode form", "number": "zeros of numbers", "case": "case",
}  # fmt: skip
"""What keys of a join may differ in, if it is asked to look over it."""

REPEATS = "\0repeats"
"""A column that joined tables have beside their own, and no file has: how many rows before had the same key."""

PREFIXES: Mapping[str, Side] = {"preds.": "preds", "targets.": "targets"}
"""What may stand before the name of a column of joined tables, to say which of them is meant."""


def key_differences(names: Sequence[str]) -> tuple[KeyDifference, ...]:
    """What keys may differ in, from the names of an option."""
    for name in names:
        if name not in KEY_DIFFERENCES:
            listed = ", ".join(KEY_DIFFERENCES)
            raise UsageError(f"'{name}' is nothing that keys may differ in", value=name, code="USAGE_BAD_VALUE",
                             hint=did_you_mean(name, KEY_DIFFERENCES, f"--key-match takes {listed}"))  # fmt: skip
    return tuple(name for name in KEY_DIFFERENCES if name in names)


@dataclass(frozen=True)
class Sides:
    """The columns of two joined tables, and their names in messages.

    A name alone is a column of the predictions, or of the targets if only these have it. `preds.NAME` and
    `targets.NAME` are the columns of one side, unless a column has exactly that name.
    """

    preds: tuple[str, ...]
    targets: tuple[str, ...]
    preds_name: str
    targets_name: str
    derived: tuple[str, ...] = ()  # columns beside those of the tables

    def locate(self, name: str) -> tuple[Side, str]:
        """The side of a column, and its name there. An unknown name is one of the predictions."""
        ours, theirs = name in self.preds, name in self.targets
        if ours and theirs and _prefix(name) is not None:
            raise DataError(
                f"'{name}' can be read in two ways: a column of {self.preds_name} and one of {self.targets_name} have "
                "exactly this name", column=name, hint="rename one of them", code="DATA_DUPLICATE_COLUMN",
            )  # fmt: skip
        if not ours and not theirs and (prefix := _prefix(name)) is not None:
            side, own = PREFIXES[prefix], name.removeprefix(prefix)
            if own in self._of(side):
                return side, own
        return ("targets" if theirs and not ours else "preds"), name

    def is_known(self, name: str) -> bool:
        """Whether some column can have this name."""
        side, own = self.locate(name)
        return own in self._of(side) or name in self.derived

    def qualified(self) -> Iterator[str]:
        """Every column with its side."""
        for prefix, side in PREFIXES.items():
            for name in dict.fromkeys(self._of(side)):
                yield prefix + name

    def types(self, preds: Mapping[str, Any], targets: Mapping[str, Any]) -> dict[str, Any]:
        """The types of the columns, by every name that they may be given."""
        found = {f"preds.{name}": preds.get(name) for name in self.preds}
        found |= {f"targets.{name}": targets.get(name) for name in self.targets}
        return {**found, **targets, **preds}

    def columns_of(self, role: str, wanted: Sequence[str]) -> list[str]:
        """The columns that may play a role, those of its side first.

        `wanted` are the beginnings of the names that are asked for: where one has a prefix, so have the columns.
        """
        targets_first = role == "target"
        first, second = (self.targets, self.preds) if targets_first else (self.preds, self.targets)
        plain = [*first, *(name for name in second if name not in first)]
        asked = {prefix for text in wanted if (prefix := _prefix(text)) is not None}
        qualified = (name for name in self.qualified() if _prefix(name) in asked and name not in plain)
        return [*plain, *qualified, *self.derived]

    def name_for(self, role: str, name: str) -> str:
        """The name that means the column of the role's side, if both sides have one."""
        return f"targets.{name}" if role == "target" and self.in_both(name) else name

    def in_both(self, name: str) -> bool:
        """Whether the name alone could be a column of either side."""
        return name in self.preds and name in self.targets and _prefix(name) is None

    def only_in_both(self, keys: Sequence[str]) -> str | None:
        """The one column beside the keys that both sides have; None if there is none, or more."""
        found = [name for name in dict.fromkeys(self.preds) if name not in keys and self.in_both(name)]
        return found[0] if len(found) == 1 else None

    def note(self, name: str, role: str | None = None) -> str:
        """What to say where a role, or something else that is about the rows, takes a column that both sides have."""
        used, other = (self.targets_name, "preds") if role == "target" else (self.preds_name, "targets")
        played = "" if role is None else f"as {role}, "
        return f"'{name}' is in both files: {played}that of {used} is used ('{other}.{name}' is the other)"

    def _of(self, side: Side) -> tuple[str, ...]:
        return self.preds if side == "preds" else self.targets


def _prefix(name: str) -> str | None:
    return next((prefix for prefix in PREFIXES if name.startswith(prefix)), None)
