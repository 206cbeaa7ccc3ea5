"""A join in several processes: each has the targets and joins splits of the predictions; this one compares their keys.

What another process says of a split are the targets of its rows, as numbers, and counts. That is enough to know
whether anything is wrong with the keys. Which row and file an error names is found by reading them here once more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from losscli.errors import FileError, UsageError
from losscli.io.batches import Batch
from losscli.io.join.duplicates import SameRows
from losscli.io.join.joining import Joining
from losscli.io.join.key_index import KeyIds
from losscli.io.join.keys import rows_with_key
from losscli.io.join.lookup_side import LargeLookupError, LookupSide, batch_keys, pieces, source_name
from losscli.io.join.match import KeyMatch
from losscli.io.join.repeats import Hashes, row_hashes
from losscli.io.source import Conversion, Fragment, ReadAs, Source, Split
from losscli.lazy import dataclass

BROADCAST = 256 << 20
"""Bytes of the keys and needed columns of the targets that are sent to each worker, at most."""


class Join(Protocol):
    """A join of predictions with targets, as one process does it."""

    @property
    def predictions(self) -> Source:
        """The rows that are streamed."""

    @property
    def targets(self) -> Source:
        """The rows that are held."""

    @property
    def on(self) -> tuple[str, ...]:
        """The key columns of the predictions."""

    @property
    def strict(self) -> bool:
        """Whether a prediction without a match is an error."""

    @property
    def lookup_strict(self) -> bool:
        """Whether a target without a match is an error."""

    def joining(self, projection: Mapping[str, ReadAs], most: int | None = None) -> Joining:
        """The targets, and what joins predictions with them."""

    def match(self, lookup: LookupSide) -> KeyMatch:
        """What matches keys, and has seen none."""

    def same_rows(self, joining: Joining, *, anywhere: bool = False) -> SameRows | None:
        """What finds predictions that should not be there twice."""

    def count(self, match: KeyMatch, same: SameRows | None) -> None:
        """Record what was left out."""

    def splits(self, projection: Mapping[str, ReadAs]) -> Iterator[Split]:
        """The joined rows; what is wrong with the keys of all of them is raised."""


@dataclass
class SplitKeys:
    """What is known of the keys of one split.

    Attributes
    ----------
    rows, matched
        How many rows were read, and how many of them have a match.
    ids, filtered_ids
        The keys of the matched rows that the filter keeps, and of those that it leaves out.
    hashes
        Of the former, where several rows may have one key, to find rows that are the same.
    """

    rows: int = 0
    matched: int = 0
    without_key: int = 0
    unmatched: int = 0
    filtered: int = 0
    unmatched_by_path: Counter[str] = field(default_factory=Counter)
    ids: list[npt.NDArray[np.int32]] = field(default_factory=list)
    filtered_ids: list[npt.NDArray[np.int32]] = field(default_factory=list)
    hashes: list[Hashes] = field(default_factory=list)


@dataclass(frozen=True)
class JoinElsewhere:
    """Joins one split: pickled with the targets, once a run."""

    joining: Joining
    compared: tuple[str, ...] | None  # columns of which rows that are the same are found
    conversions: tuple[tuple[Conversion, Mapping[str, ReadAs]], ...] = ()

    def __call__(self, split: Split) -> SplitElsewhere:
        """The joined rows of a split."""
        return SplitElsewhere(self, split)


@dataclass
class SplitElsewhere:
    """The rows of one split, joined without those before it: how many had the same key is not known."""

    join: JoinElsewhere
    split: Split
    found: SplitKeys = field(default_factory=SplitKeys)

    @property
    def rows(self) -> int:
        """The rows of the split itself that were read."""
        return self.found.rows

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The joined rows."""
        joining = self.join.joining
        for batch, keys, ids in _looked_up(joining, self.split, first_row):
            kept = joining.kept(batch, ids)
            self._see(batch, rows_with_key(keys), ids, np.ones(len(ids), np.bool_) if kept is None else kept)
            yield _converted(joining.joined(batch, ids, np.zeros(len(ids), np.int64)), self.join.conversions)

    def _see(self, batch: Batch, keyed: npt.NDArray[np.bool_], ids: KeyIds, kept: npt.NDArray[np.bool_]) -> None:
        found, matched = self.found, ids >= 0
        found.rows += len(ids)
        found.matched += int(matched.sum())
        if not matched.all():
            found.unmatched_by_path[batch.location.path] += int((~matched).sum())
            found.without_key += int((~keyed & kept).sum())
            found.unmatched += int((keyed & ~matched & kept).sum())
            found.filtered += int((~matched & ~kept).sum())
        found.ids.append(ids[matched & kept].astype(np.int32))
        if not kept.all():
            found.filtered_ids.append(ids[matched & ~kept].astype(np.int32))
        if self.join.compared is not None:
            columns = [batch.data.column(batch.data.schema.names.index(name)) for name in self.join.compared]
            found.hashes.append(row_hashes(ids, columns, anywhere=True)[matched & kept])


class DistributedJoin:
    """What this process knows of the keys of all rows so far."""

    def __init__(self, join: Join, projection: Mapping[str, ReadAs], *, ordered: bool) -> None:
        """Read the targets. With `ordered`, it counts how many rows before a row have its key."""
        self.join, self.projection, self.ordered = join, projection, ordered
        try:
            self.joining = join.joining(projection, BROADCAST)
        except LargeLookupError:
            name = source_name(join.targets)
            raise UsageError(
                f"the keys and needed columns of {name} take more than {BROADCAST >> 20} MB, which is the most that is "
                "sent to each worker of a cluster", path=name, code="USAGE_CONFLICT",
                hint="--engine threads scores it; or join the files first, on the cluster or part by part",
            ) from None  # fmt: skip
        self.match = join.match(self.joining.lookup)
        self.same = join.same_rows(self.joining, anywhere=True)
        self.conversions: tuple[tuple[Conversion, Mapping[str, ReadAs]], ...] = ()

    @property
    def fragments(self) -> Sequence[Fragment]:
        """The predictions."""
        on = self.join.on
        return [fragment.with_plain_texts(on) for fragment in self.join.predictions.fragments]

    @property
    def read(self) -> Mapping[str, ReadAs]:
        """The columns of the predictions that are read."""
        return self.joining.read

    @property
    def elsewhere(self) -> JoinElsewhere:
        """What another process does with a split."""
        return JoinElsewhere(self.joining.for_workers(), None if self.same is None else self.same.compared,
                             self.conversions)  # fmt: skip

    @property
    def failed(self) -> bool:
        """Whether an error is found."""
        return self.match.has_errors(self.join.strict)

    def then(self, conversion: Conversion, projection: Mapping[str, ReadAs]) -> DistributedJoin:
        """The same, whose batches are made of those of this one."""
        self.conversions = (*self.conversions, (conversion, projection))
        return self

    def take(self, found: SplitKeys) -> bool:
        """Add what another process saw of a split; False if it must be joined here, as rows have keys of others."""
        match, ids = self.match, np.concatenate([np.zeros(0, np.int64), *found.ids])
        if self.ordered and self._repeats(ids):
            return False
        match.rows += found.rows
        match.matched += found.matched
        match.filtered += found.filtered
        match.without_key.count += found.without_key
        match.unmatched.count += found.unmatched
        match.unmatched_by_path.update(found.unmatched_by_path)
        for some in found.filtered_ids:
            match.seen[some] = True
        before = match.occurrences.add(ids)
        if match.unique:
            match.repeated.count += int(np.count_nonzero(before))
        if self.same is not None:
            for hashes in found.hashes:
                self.same.hashes.add(hashes)
        return True

    def _repeats(self, ids: KeyIds) -> bool:
        """Whether some rows have the same key as others, or as rows before."""
        return bool(self.match.occurrences.counts[ids].any()) or len(np.unique(ids)) < len(ids)

    def here(self, split: Split) -> SplitHere:
        """The rows of a split joined in this process, after all that were taken."""
        return SplitHere(self, split)

    def finish(self) -> None:
        """Raise what is wrong with the keys of all rows, and record what was left out."""
        if self.failed or self.match.lacks_matches(lookup_strict=self.join.lookup_strict):
            for _ in self.join.splits(self.projection):  # raises the error, with its row
                pass
            raise FileError("the workers of the cluster find other keys than this process",
                            path=source_name(self.join.predictions), code="IO_CLUSTER")  # fmt: skip
        if self.same is not None and self.match.occurrences.most > 1:
            self.same.check(self.joining.lookup)
        self.join.count(self.match, self.same)


@dataclass
class SplitHere:
    """The rows of one split, joined after all before it."""

    join: DistributedJoin
    split: Split
    rows: int = 0
    found: None = None

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The joined rows, until an error is found."""
        join, joining = self.join, self.join.joining
        for batch, keys, ids in _looked_up(joining, self.split, first_row):
            self.rows += len(ids)
            kept = joining.kept(batch, ids)
            before = join.match.update(batch, keys, ids, kept)
            if join.same is not None:
                join.same.update(batch, ids, kept)
            if not join.failed:
                yield _converted(joining.joined(batch, ids, before), join.conversions)


def _looked_up(joining: Joining, split: Split, first_row: int) -> Iterator[tuple[Batch, Sequence[pa.Array], KeyIds]]:
    """The batches of a split, with the keys of their rows and which of the targets these are."""
    lookup = joining.lookup
    for whole in split.batches(first_row):
        for batch in pieces(whole):
            keys = batch_keys(batch, joining.on, lookup.match)
            yield batch, keys, lookup.index.find(keys)


def _converted(batch: Batch, conversions: Sequence[tuple[Conversion, Mapping[str, ReadAs]]]) -> Batch:
    for conversion, projection in conversions:
        batch = conversion(batch, projection)
    return batch
