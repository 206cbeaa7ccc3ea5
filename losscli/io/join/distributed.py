"""A join in several processes: each has the targets and joins splits of the predictions; this one compares their keys.

What another process says of a split are the targets of its rows, as numbers, and counts. That is enough to know
whether anything is wrong with the keys. Which row and file an error names is found by reading them here once more.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from losscli.errors import FileError, UsageError
from losscli.io.batches import Batch
from losscli.io.join.join import JoinedFragment
from losscli.io.join.joining import Joining, JoinPass
from losscli.io.join.key_index import KeyIds
from losscli.io.join.keys import rows_with_key
from losscli.io.join.lookup_side import LargeLookupError, batch_keys, small_batches, source_name
from losscli.io.join.repeats import Hashes, row_hashes
from losscli.io.source import Conversion, Fragment, ReadAs, Split
from losscli.io.wrapped_fragment import ConvertedFragment, WrappedFragment
from losscli.lazy import dataclass

BROADCAST = 256 << 20
"""Bytes of the keys and needed columns of the targets that are sent to each worker, at most."""

Conversions = tuple[tuple[Conversion, Mapping[str, ReadAs]], ...]
"""What is made of joined batches, one after the other, with the columns of each."""


def distributed_join(fragment: Fragment, projection: Mapping[str, ReadAs], *, ordered: bool) -> DistributedJoin | None:
    """The join whose rows other processes read, with what is made of its batches; None if the fragment is no join.

    With `ordered`, a row knows how many before it have its key.
    """
    conversions: Conversions = ()
    while isinstance(fragment, WrappedFragment):
        if isinstance(fragment, ConvertedFragment):
            if (conversion := fragment.conversion()) is not None:
                conversions = ((conversion, projection), *conversions)  # those inside come first
            projection = fragment.inner(projection)
        fragment = fragment.fragment
    if not isinstance(fragment, JoinedFragment):
        return None
    return DistributedJoin(fragment, projection, conversions, ordered=ordered)


@dataclass
class SplitKeys:
    """What a worker found out about the keys of one split; pickled.

    Attributes
    ----------
    rows, matched : int
        How many rows were read, and how many of them have a match.
    without_key, unmatched, filtered : int
        The others: rows without a key, those whose key no target has, and those of either kind that the filter leaves
        out.
    unmatched_by_path : Counter
        All three by the path that their locations name.
    ids, filtered_ids : list of arrays of int32
        The keys of the matched rows that the filter keeps, and of those that it leaves out; an array for each batch.
    hashes : list of arrays of uint64
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
class RemoteSplitJoin:
    """Joins one split without those before it: pickled with the targets, once a run."""

    joining: Joining
    compared: tuple[str, ...] | None  # columns of which rows that are the same are found
    conversions: Conversions = ()

    def __call__(self, split: Split) -> RemoteJoinedSplit:
        """The joined rows of a split."""
        return RemoteJoinedSplit(self, split)


@dataclass
class RemoteJoinedSplit:
    """The rows of one split, joined without those before it: how many had the same key is not known.

    `keys` is what was found out when the rows were read last.
    """

    join: RemoteSplitJoin
    split: Split
    keys: SplitKeys = field(default_factory=SplitKeys)

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The joined rows; the first of the split is row `first_row` of its file. Repeatable."""
        self.keys = SplitKeys()
        joining = self.join.joining
        for batch, keys, ids in _looked_up(joining, self.split, first_row):
            kept = joining.kept(batch, ids)
            self._record(batch, rows_with_key(keys), ids, np.ones(len(ids), np.bool_) if kept is None else kept)
            yield _converted(joining.joined(batch, ids, np.zeros(len(ids), np.int64)), self.join.conversions)

    def _record(
        self, batch: Batch, keyed: npt.NDArray[np.bool_], ids: KeyIds, kept: npt.NDArray[np.bool_]
    ) -> None:  # fmt: skip
        keys, matched = self.keys, ids >= 0
        keys.rows += len(ids)
        keys.matched += int(matched.sum())
        if not matched.all():
            keys.unmatched_by_path[batch.location.path] += int((~matched).sum())
            keys.without_key += int((~keyed & kept).sum())
            keys.unmatched += int((keyed & ~matched & kept).sum())
            keys.filtered += int((~matched & ~kept).sum())
        keys.ids.append(ids[matched & kept].astype(np.int32))
        if not kept.all():
            keys.filtered_ids.append(ids[matched & ~kept].astype(np.int32))
        if self.join.compared is not None:
            columns = [batch.data.column(batch.data.schema.names.index(name)) for name in self.join.compared]
            keys.hashes.append(row_hashes(ids, columns, stable=True)[matched & kept])


class DistributedJoin:
    """What this process knows of the keys of all rows so far."""

    def __init__(
        self, join: JoinedFragment, projection: Mapping[str, ReadAs], conversions: Conversions, *, ordered: bool
    ) -> None:  # fmt: skip
        """Read the targets. With `ordered`, it counts how many rows before a row have its key."""
        self.join, self.projection, self.conversions, self.ordered = join, projection, conversions, ordered
        try:
            self.begun: JoinPass = join.begin(projection, BROADCAST, stable=True)
        except LargeLookupError as error:
            name = source_name(join.targets)
            raise UsageError(
                f"the keys and needed columns of the first {error.rows:,} rows of {name} take "
                f"{error.size / (1 << 20):.1f} MB; at most {BROADCAST >> 20} MB are sent to each worker of a cluster",
                path=name, code="USAGE_CONFLICT",
                hint="--engine threads scores it; or join the files first, on the cluster or part by part",
            ) from None  # fmt: skip

    @property
    def fragments(self) -> Sequence[Fragment]:
        """The predictions, which are read split by split."""
        on = self.join.on
        return [fragment.with_plain_texts(on) for fragment in self.join.predictions.fragments]

    @property
    def read(self) -> Mapping[str, ReadAs]:
        """The columns of the predictions that are read."""
        return self.begun.joining.read

    @property
    def for_workers(self) -> RemoteSplitJoin:
        """What a worker does with a split."""
        same = self.begun.same
        return RemoteSplitJoin(self.begun.joining.for_workers(), None if same is None else same.compared,
                               self.conversions)  # fmt: skip

    @property
    def failed(self) -> bool:
        """Whether an error is found, which `finish` raises: no further row is needed."""
        return self.begun.failed

    def merge(self, keys: SplitKeys) -> bool:
        """Add what a worker found out about a split; False if it must be joined here, as rows have keys of others."""
        match, same = self.begun.match, self.begun.same
        ids = np.concatenate([np.zeros(0, np.int64), *keys.ids])
        if self.ordered and self._repeats(ids):
            return False
        match.rows += keys.rows
        match.matched += keys.matched
        match.filtered += keys.filtered
        match.without_key.count += keys.without_key
        match.unmatched.count += keys.unmatched
        match.unmatched_by_path.update(keys.unmatched_by_path)
        for some in keys.filtered_ids:
            match.seen[some] = True
        before = match.occurrences.add(ids)
        if match.unique:
            match.repeated.count += int(np.count_nonzero(before))
        if same is not None:
            for hashes in keys.hashes:
                same.hashes.add(hashes)
        return True

    def _repeats(self, ids: KeyIds) -> bool:
        """Whether some rows have the same key as others, or as rows before."""
        return bool(self.begun.match.occurrences.counts[ids].any()) or len(np.unique(ids)) < len(ids)

    def joined(self, split: Split) -> LocalJoinedSplit:
        """The rows of a split joined in this process, after all that were merged."""
        return LocalJoinedSplit(self, split)

    def finish(self) -> None:
        """Raise what is wrong with the keys of all rows, and record what was left out."""
        if self.failed or self.begun.match.lacks_matches(lookup_strict=self.join.lookup_strict):
            for _ in self.join.splits(self.projection):  # raises the error, with its row
                pass
            raise FileError("the workers of the cluster find other keys than this process",
                            path=source_name(self.join.predictions),
                            hint="do they read the same files? --engine threads needs no worker",
                            code="IO_CLUSTER")  # fmt: skip
        self.join.finish(self.begun)


@dataclass
class LocalJoinedSplit:
    """The rows of one split, joined after all before it; they are read once, as their keys count."""

    join: DistributedJoin
    split: Split
    rows: int = 0  # of the split, that were read

    def batches(self, first_row: int) -> Iterator[Batch]:
        """The joined rows, until an error is found; the first of the split is row `first_row` of its file."""
        begun = self.join.begun
        for batch, keys, ids in _looked_up(begun.joining, self.split, first_row):
            self.rows += len(ids)
            if (joined := begun.joined(batch, keys, ids)) is not None:
                yield _converted(joined, self.join.conversions)


def _looked_up(joining: Joining, split: Split, first_row: int) -> Iterator[tuple[Batch, Sequence[pa.Array], KeyIds]]:
    """The batches of a split, with the keys of their rows and which of the targets these are."""
    lookup = joining.lookup
    for whole in split.batches(first_row):
        for batch in small_batches(whole):
            keys = batch_keys(batch, joining.on, lookup.match)
            yield batch, keys, lookup.index.find(keys)


def _converted(batch: Batch, conversions: Conversions) -> Batch:
    for conversion, projection in conversions:
        batch = conversion(batch, projection)
    return batch
