"""What is kept beside the sums, where somebody asks how sure a number is, or which of two models is better.

Row losses keep sums of products (`CrossProducts`); where rows belong together (clusters, the rows of a batch), or are
to be drawn anew, sums by part of the rows (`HashedClusters`). Who wins a row is counted. Whatever needs the number of a
row in the whole run waits until that is known.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations_with_replacement
from typing import Protocol

import numpy as np

from losscli.aggregate.buckets import HashedClusters
from losscli.aggregate.cross_products import UNIT, Contribution, CrossProducts
from losscli.aggregate.exact_sum import CHUNK, Sums, rounded
from losscli.aggregate.hashing import scramble, text_words
from losscli.aggregate.term_accumulator import both
from losscli.binding.labels import EncodedLabels
from losscli.binding.row_batch import RowBatch
from losscli.contract.kinds import Array
from losscli.contract.loss import Term

Owner = Hashable
Found = Mapping[Owner, Mapping[str, Term]]
Lines = tuple[int, int]  # two lines of the plan, by their places


@dataclass(frozen=True)
class Part:
    """What makes the value of a unit: owners with their terms (None: all of them); `single` allows but one term."""

    factor: float
    terms: tuple[tuple[Owner, str | None], ...]
    single: bool


Worth = tuple[Part, ...]


class Lookup(Protocol):
    """Values that were saved before, found again by the number or the keys of a row."""

    def found(self, row_numbers: Array, keys: Sequence[EncodedLabels], present: Found) -> Found: ...


@dataclass(frozen=True)
class Needs:
    """What is to be kept of the owners of one kind of unit."""

    together: tuple[tuple[Owner, ...], ...] = ()  # owners whose products are needed with each other
    drawn: tuple[Owner, ...] = ()  # owners whose sums by bucket are needed
    weighed: tuple[Owner, ...] = ()  # owners whose weights are squared
    summed: tuple[Owner, ...] = ()  # owners that nobody else adds up
    duels: Mapping[Lines, tuple[Worth, Worth, bool]] = field(default_factory=dict)  # True: higher is better


@dataclass(frozen=True)
class Needed:
    """What a whole run is to keep."""

    rows: Needs
    groups: Needs
    by_count: bool
    late: bool  # the number of a row in the run must be known
    saved: Lookup | None = None

    @property
    def owners(self) -> frozenset[Owner]:
        """Whose values are wanted."""
        several = (self.rows, self.groups)
        together = [owner for needs in several for owners in needs.together for owner in owners]
        return frozenset([*together, *(owner for needs in several for owner in (*needs.weighed, *needs.drawn))])


Units = RowBatch[Owner, Mapping[str, Term]]
"""Units with the values that each owner made of them, by term."""


class Level:
    """What is kept of one kind of unit."""

    def __init__(self, needs: Needs, by_count: bool) -> None:
        self.needs, self.by_count = needs, by_count
        self.moments, self.buckets = CrossProducts(), HashedClusters()
        self.wins: dict[Lines, Array] = {}  # slice id -> won, lost, tied

    def merge(self, other: Level, slice_ids: Array | None) -> None:
        """Add what another kept of other units, but for its buckets: those are filled late."""
        self.moments.merge(other.moments, slice_ids)
        for pair, counts in other.wins.items():
            at = np.arange(len(counts)) if slice_ids is None else slice_ids[: len(counts)]
            np.add.at(self._counts(pair, int(at.max(initial=-1)) + 1), at, counts)

    def update(self, units: Units, words: Array | None) -> None:
        """Take units of their own."""
        shares = {share: values for owner in units.arrays for share, values in self._shares(owner, units)}
        pairs: dict[tuple[Contribution, Contribution], None] = {}
        for owners in self.needs.together:
            own = [share for share in shares if share.owner in owners]
            pairs.update(dict.fromkeys(combinations_with_replacement(own, 2)))
        pairs.update({(s, s): None for s in shares if s.bottom and s.owner in self.needs.weighed})
        pairs.update({(s, UNIT): None for s in shares if s.owner in self.needs.summed})
        for pair in pairs:
            self.moments.update(pair, shares[pair[0]], shares.get(pair[1]), len(units), units.slice_ids)
        if words is not None:
            drawn = {share: values for share, values in shares.items() if share.owner in self.needs.drawn}
            self.buckets.update(words, units.slice_ids, drawn)
        self._duel(units)

    def _shares(self, owner: Owner, units: Units) -> Iterator[tuple[Contribution, Array | None]]:
        for name, (values, where) in units.arrays[owner].items():
            part = taking_part(where, units.weights)
            top = values if units.weights is None else values * units.weights
            bottom = None if self.by_count else units.weights
            if part is not None:
                top = np.where(part, top, 0.0)
                bottom = part.astype(np.float64) if bottom is None else np.where(part, bottom, 0.0)
            yield Contribution(owner, name, False), top
            yield Contribution(owner, name, True), bottom

    def _duel(self, units: Units) -> None:
        for pair, (one, other, higher) in self.needs.duels.items():
            mine, theirs = worth(one, units.arrays), worth(other, units.arrays)
            if mine is None or theirs is None:
                continue
            part = taking_part(both(mine[1], theirs[1]), units.weights)
            rest = mine[0] - theirs[0]
            outcome = np.stack([rest > 0, rest < 0, mine[0] == theirs[0]] if higher else
                               [rest < 0, rest > 0, mine[0] == theirs[0]], axis=1)  # fmt: skip
            if part is not None:
                outcome &= part[:, None]
            if units.slice_ids is None:
                self._counts(pair, 1)[0] += outcome.sum(axis=0)
            elif len(units):
                np.add.at(self._counts(pair, int(units.slice_ids.max()) + 1), units.slice_ids, outcome)

    def _counts(self, pair: Lines, size: int) -> Array:
        known = self.wins.get(pair, np.zeros((0, 3), np.int64))
        if len(known) < size:
            known = np.concatenate([known, np.zeros((size - len(known), 3), np.int64)])
        self.wins[pair] = known
        return known


class Joint:
    """What one pass keeps beside its sums."""

    def __init__(self, needed: Needed) -> None:
        self.needed = needed
        self.rows, self.groups = Level(needed.rows, needed.by_count), Level(needed.groups, needed.by_count)
        self.waiting: list[Units] = []
        self.waiting_groups: list[Units] = []
        self.formed = 0  # groups

    def update(self, rows: Units) -> None:
        """Rows of this pass; they wait where their numbers in the whole run must be known."""
        if self.needed.late:
            self.waiting.append(rows)
        else:
            self._rows(rows)

    def update_group(self, rows: Units) -> None:
        """The rows of one group; they wait, as groups are numbered when they are merged."""
        self.waiting_groups.append(rows)

    def merge(self, other: Joint, slice_ids: Array | None, before: int) -> None:
        """Add what another kept; `before` its rows stood so many.

        Its slice i is our slice slice_ids[i]; where units wait, the two are of one process and share their ids (None).
        """
        assert slice_ids is None or not (other.waiting or other.waiting_groups)
        self.rows.merge(other.rows, slice_ids)
        for rows in other.waiting:
            self._rows(rows.behind(before))
        for rows in other.waiting_groups:
            self._group(rows)

    def _rows(self, units: Units) -> None:
        for start in range(0, len(units), CHUNK):
            some = units.take(slice(start, start + CHUNK))
            if self.needed.saved is not None:
                some = some.holding(self.needed.saved.found(some.row_number_array, some.keys, some.arrays))
            self.rows.update(some, self._words(some) if self.needed.rows.drawn else None)

    def _words(self, units: Units) -> Array:
        """64 bits that tell each row, or its cluster, from others: by its keys where it has any, else by its place."""
        named = (units.cluster,) if units.cluster is not None else units.keys
        words = np.zeros(len(units), np.uint64)
        if not named:
            return scramble(units.row_number_array.astype(np.uint64))
        for column in named:
            words = scramble(words ^ np.append(text_words(column.names), np.uint64(0))[column.codes])
        return words

    def _group(self, units: Units) -> None:
        """The rows of one group: one unit a slice, with the sums of its rows."""
        self.formed += 1
        level = self.groups
        level._duel(units)
        slice_ids, at = (None, None) if units.slice_ids is None else np.unique(units.slice_ids, return_inverse=True)
        count = 1 if slice_ids is None else len(slice_ids)
        shares = {}
        for owner in units.arrays:
            for share, values in level._shares(owner, units):
                shares[share] = _summed(values, at, count, len(units))
        words = np.full(count, scramble(np.array([self.formed], np.uint64))[0], np.uint64)
        level.buckets.update(words, slice_ids, shares)


def _summed(values: Array | None, at: Array | None, count: int, units: int) -> Array:
    """The sum a slice, rounded once."""
    sums = Sums(count)
    sums.update(np.ones(units) if values is None else values, at)
    odd = [sums.non_finite(slice_id) for slice_id in range(count)]
    return np.array(
        [rounded(exact) if o is None else o for exact, o in zip(map(sums.fraction, range(count)), odd, strict=True)]
    )


def taking_part(where: Array | None, weights: Array | None) -> Array | None:
    """Which units count; None: all."""
    counted = None if weights is None or weights.all() else weights != 0
    return both(where, counted)


def worth(sides: Worth, found: Found) -> Term | None:
    """The value of each unit, and which have one; None where the loss has no value a unit."""
    total: Array | None = None
    part: Array | None = None
    for side in sides:
        values, where = None, None
        # A term that is another loss's stands there under that loss's own name.
        known = [(name, found[owner]) for owner, name in side.terms if owner in found]
        pieces = [
            one for name, those in known
            for one in ([those[name]] if name is not None and name in those else those.values())
        ]  # fmt: skip
        if not pieces or (len(pieces) > 1 and (side.single or any(w is None for _, w in pieces))):
            return None
        for some, has in pieces:
            values = some if values is None else np.where(has, some, values)  # type: ignore[arg-type]
            where = has if where is None or has is None else where | has
        assert values is not None
        total = side.factor * values if total is None else total + side.factor * values
        part = both(part, where)
    return None if total is None else Term(total, part)
