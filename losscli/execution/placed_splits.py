"""Which splits a pass over the data has, each with its place in the source."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from losscli.binding.plan import Plan
from losscli.io.read_ahead import FILES, begun, files_ahead, splits_ahead
from losscli.io.small_files import in_groups
from losscli.io.source import Fragment, Source, Split
from losscli.io.unproven_splits import UnprovenSplit
from losscli.lazy import dataclass

if TYPE_CHECKING:
    from losscli.io.join.distributed import DistributedJoin


@dataclass(frozen=True)
class PlacedSplit:
    """A split of the fragment at `fragment` in the source.

    If it holds several small files, `files` are these: to continue a scan, they are read one by one.
    """

    fragment: int
    split: Split
    files: Sequence[Fragment] = ()

    @property
    def size(self) -> int:
        """Its bytes in the file; 0 if unknown."""
        return self.split.size

    @property
    def memory_bytes(self) -> int:
        """About how many bytes of memory are needed to read it."""
        return self.split.memory_bytes

    def ask_ahead(self, most: int) -> int:
        """Begin its requests, if it is remote, for at most so many bytes; it returns how many."""
        return begun(self.split, most)


def filtered(plan: Plan, source: Source) -> tuple[Fragment, ...]:
    """The fragments, which need not read rows of which it is known that the filter leaves them out."""
    if plan.request.where is None:
        return source.fragments
    from losscli.binding.expressions.ranges import range_filter  # few runs have a filter

    rows = range_filter(plan.request.where, plan.number_format)
    return source.fragments if rows is None else tuple(fragment.filtered(rows) for fragment in source.fragments)


def remote_splits(plan: Plan, source: Source) -> list[PlacedSplit]:
    """Every split that another process can read, in order; the files alone decide where they begin."""
    if not plan.projection:
        return []
    return [
        PlacedSplit(at, split)
        for at, fragment in enumerate(filtered(plan, source))
        for split in fragment.remote_splits(plan.projection)
    ]


@dataclass(frozen=True)
class Chosen:
    """Consecutive splits; `before` are those that stand before them in the file of the first."""

    splits: Sequence[PlacedSplit]
    before: Sequence[PlacedSplit]


@dataclass(frozen=True)
class PlacedSplits:
    """The splits of the fragments of a run, or the chosen ones of them."""

    plan: Plan
    fragments: Sequence[Fragment]
    chosen: Chosen | None = None

    def all(self, remote: bool) -> Iterator[PlacedSplit]:
        """All rows in order, in splits that another process can read if `remote`."""
        if self.chosen is not None:
            yield from splits_ahead(self.chosen.splits, FILES)
            return
        if not self.plan.projection:
            return
        for number, group in self._groups(remote):
            yield from self._of_group(number, group, remote)

    def unread(self) -> list[PlacedSplit] | None:
        """All rows in order, in splits that are found without reading the rows; None if they cannot be."""
        found: list[PlacedSplit] = []
        for number, group in self._groups(remote=True):
            if len(group) > 1:
                found += self._of_group(number, group, remote=True)
            elif (splits := group[0].unread_splits(self.plan.projection)) is not None:
                found += [PlacedSplit(number, split) for split in splits]
            else:
                return None
        return found

    def _of_group(self, number: int, group: Sequence[Fragment], remote: bool) -> Iterator[PlacedSplit]:
        fragment, *others = group
        if others:
            yield PlacedSplit(number, fragment.together(others, self.plan.projection), (fragment, *others))
            return
        cut = fragment.remote_splits if remote else fragment.splits
        for split in cut(self.plan.projection):
            yield PlacedSplit(number, split)

    def rest(self, fragment: int, unproven: UnprovenSplit) -> Iterator[PlacedSplit]:
        """The rows of an unproven split of this fragment and all after it."""
        for split in unproven.rest():
            yield PlacedSplit(fragment, split)
        for number, group in self._groups(remote=False):
            if number > fragment:
                yield from self._of_group(number, group, remote=False)

    def _groups(self, remote: bool) -> Iterable[tuple[int, Sequence[Fragment]]]:
        """The fragments with their numbers, small files together; what this process reads is requested ahead."""
        groups = in_groups(self.fragments, self.plan.projection)
        return groups if remote else files_ahead(groups, self.fragments, self.plan.projection)


def joined_splits(join: DistributedJoin) -> Iterator[PlacedSplit]:
    """The splits of the rows that are joined, each numbered by its own file."""
    for number, fragment in enumerate(join.fragments):
        for split in fragment.remote_splits(join.read):
            yield PlacedSplit(number, split)
