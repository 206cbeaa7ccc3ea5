"""What a run learns of labels; registries of other rows merge exactly."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from typing import Any

import numpy as np

from losscli.binding.encoded_labels import EncodedLabels
from losscli.binding.plan import Classes, Input
from losscli.binding.predicted_labels import Decisions
from losscli.contract.kinds import Array
from losscli.io.arrow.buffers import RowNumbers
from losscli.io.arrow.canonical import canonical_label
from losscli.lazy import dataclass

LISTED = 8
"""Labels that a message lists."""


@dataclass
class LabelRegistry:
    """What a run has learned of labels.

    Attributes
    ----------
    by_name
        Whether the classes of a list of columns bind by name.
    free
        The classes that have no other side, numbered.
    predicted
        The classes that are predicted as labels, and those of their targets, numbered: 0 and 1 are themselves.
    labels
        The labels of a binary target that has a positive one: that one, and the first few others.
    positions
        The classes that occur, where they bind by position.
    probable
        Whether all logits so far look like probabilities.
    decisions
        What was seen of predictions that may be labels.
    """

    by_name: dict[Classes, bool] = field(default_factory=dict)
    free: dict[str, int] = field(default_factory=dict)
    predicted: dict[str, int] = field(default_factory=lambda: {"0": 0, "1": 1})
    labels: dict[Input, set[str]] = field(default_factory=dict)
    positions: dict[Input, set[int]] = field(default_factory=dict)
    probable: dict[Input, bool] = field(default_factory=dict)
    decisions: dict[Input, Decisions] = field(default_factory=dict)

    def agrees(self, other: LabelRegistry) -> bool:
        """Whether `other`, which began afresh, bound its classes as this registry would have done after its own."""
        if any(self.known(item).united(seen).contradiction for item, seen in other.decisions.items()):
            return False
        return all(self.by_name.get(classes, by_name) == by_name for classes, by_name in other.by_name.items())

    def known(self, item: Input) -> Decisions:
        """What was seen of predictions that may be labels, and of their targets."""
        return self.decisions.setdefault(item, Decisions())

    def merge(self, other: LabelRegistry) -> None:
        """Learn what another registry learned about later rows; its numbers of free classes end with its rows."""
        self.by_name = {**other.by_name, **self.by_name}
        for item, names in other.labels.items():
            self._remember(item, names)
        for item, positions in other.positions.items():
            self.see_positions(item, positions)
        for item, seen in other.decisions.items():
            self.known(item).merge(seen)
        for item, probable in other.probable.items():
            self.probable[item] = probable and self.probable.get(item, True)

    def see_labels(self, item: Input, column: EncodedLabels, index: RowNumbers) -> None:
        """Remember the labels of the used rows, whose positions these are."""
        if used := [column.names[code] for code in used_names(column, index)]:
            self._remember(item, used)

    def see_positions(self, item: Input, positions: Iterable[int]) -> None:
        """Remember the classes that occur."""
        self.positions.setdefault(item, set()).update(positions)

    def _remember(self, item: Input, names: Iterable[str]) -> None:
        """The positive label, and the first others in sorted order, whichever rows come first."""
        known = {*self.labels.get(item, ()), *names}
        positive = canonical_label(item.positive or "")
        self.labels[item] = {*sorted(known - {positive})[: LISTED + 1], *(known & {positive})}

    def state(self, inputs: Mapping[Input, int]) -> dict[str, Any]:
        """All but the free classes, as plain values; inputs by their numbers."""
        named = [(n, self.by_name[i.classes]) for i, n in inputs.items() if i.classes in self.by_name]
        return {
            "by_name": sorted([number, by_name] for number, by_name in named),
            "seen": sorted([inputs[item], sorted(names)] for item, names in self.labels.items()),
            "positions": sorted([inputs[item], sorted(found)] for item, found in self.positions.items()),
            "decisions": sorted(
                [inputs[item], *(sorted(each) for each in (found.seen, found.predicted, found.targets))]
                for item, found in self.decisions.items()
            ),
            "probable": sorted([inputs[item], probable] for item, probable in self.probable.items()),
        }

    @classmethod
    def from_state(cls, inputs: tuple[Input, ...], state: Mapping[str, Any]) -> LabelRegistry:
        """The registry that `state` was taken of."""
        by_name = {inputs[at].classes: bool(by_name) for at, by_name in state["by_name"]}
        return cls(
            by_name={classes: bound for classes, bound in by_name.items() if classes is not None},
            labels={inputs[at]: set(names) for at, names in state["seen"]},
            positions={inputs[at]: set(map(int, found)) for at, found in state["positions"]},
            probable={inputs[at]: bool(probable) for at, probable in state["probable"]},
            decisions={inputs[at]: Decisions(*map(set, found)) for at, *found in state["decisions"]},
        )


def _flat(codes: Array) -> Array:
    """The codes of all rows, which may be lists of different lengths."""
    return np.concatenate([np.zeros(0, np.int64), *codes]) if codes.dtype == object else codes


def used_names(column: EncodedLabels, index: RowNumbers) -> Iterable[int]:
    """The codes that rows at these positions have, each once; a range is all rows, which have every name."""
    if isinstance(index, range):
        return range(len(column.names))
    found: list[int] = np.unique(_flat(column.codes[index])).tolist()
    return [code for code in found if code >= 0]
