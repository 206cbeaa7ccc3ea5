"""Hashes of what decides which rows make a number and with what weight; none depends on the order of the rows.

A baseline is comparable if they agree. Predictions are in none of them, as these are what is compared.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from losscli.aggregate.hashing import Fingerprint, combined_hash, label_hashes, splitmix64
from losscli.aggregate.slices import SliceIndex
from losscli.binding.encoded_labels import EncodedLabels
from losscli.binding.plan import Input, Plan
from losscli.binding.predicted_labels import BINARY
from losscli.binding.ragged_lists import is_ragged, matrices
from losscli.binding.read_rows import ReadRows
from losscli.binding.row_batch import RowBatch
from losscli.contract.kinds import Array

ASPECTS = ("keys", "targets", "weights", "batches", "slices")


class RowFingerprints:
    """One `Fingerprint` for each of `ASPECTS`.

    Keys and targets are hashed as they are; weights, batches and slices together with the targets of their rows, so
    that it counts which row has which.
    """

    def __init__(self, plan: Plan) -> None:
        grouped = any(job.spec.loss.batched for job in plan.jobs)
        self.batch_by, self.batch_size = (plan.batch_by, plan.request.batch_size) if grouped else (None, None)
        self.weighted, self.by = plan.weight is not None, tuple(key.name for key in plan.slice_keys)
        self.aspects = {name: Fingerprint() for name in ASPECTS}

    def update(self, rows: ReadRows, batch: RowBatch[Input, Array], slices: SliceIndex) -> None:
        """Add what was read; `batch` are the same rows with the ids of their slices in `slices`."""
        words = self._targets(rows)
        for each in words:
            for _, some in matrices(each, np.nan):
                self.aspects["targets"].update(some)
        if batch.keys:
            keys = np.stack([label_hashes(key) for key in batch.keys], axis=1)
            self.aspects["keys"].update(np.ascontiguousarray(keys))
        if not (self.weighted or self.batch_size or self.batch_by or self.by):
            return
        row = _hash_of_row(words, len(batch))
        if batch.weights is not None:
            # Adding 0 makes one of the two zeros.
            self._add("weights", [row, (batch.weights + 0.0).view(np.uint64)])
        if self.batch_by is not None and rows.batch_key is not None:
            self._add("batches", [row, label_hashes(rows.batch_key)])
        elif self.batch_size:  # one reader forms these groups, so it has seen all rows that came before
            seen = self.aspects["batches"].count
            self._add(
                "batches", [row, np.arange(seen, seen + len(batch), dtype=np.uint64) // np.uint64(self.batch_size)]
            )
        if self.by and batch.slice_ids is not None:
            self._add("slices", [row, slices.hashes(self.by)[batch.slice_ids]])

    @staticmethod
    def _targets(rows: ReadRows) -> list[Array]:
        """The bits of each target, or the hash of its class: a position depends on the order of classes."""
        found: dict[tuple[str, ...], Array] = {}
        for item, values in rows.batch.arrays.items():
            if _is_data(item):
                given = rows.labels.get(item)
                if is_ragged(values):
                    found[item.columns] = values
                    continue
                bits = values.view(np.uint64) if given is None else _bits(item, given.take(rows.index))
                found[item.columns] = np.ascontiguousarray(bits).reshape(len(values), -1)
        return list(found.values())

    def _add(self, aspect: str, columns: Sequence[Array]) -> None:
        """Add one entry a row; mixed into one word first, as each lane of the fingerprint mixes every word again."""
        self.aspects[aspect].update(combined_hash(columns, len(columns[0])))

    def merge(self, other: RowFingerprints) -> None:
        """Add the rows of another; the order of merges makes no difference."""
        for name, fingerprint in self.aspects.items():
            fingerprint.merge(other.aspects[name])

    def state(self) -> dict[str, Any]:
        """The hashes so far, as plain values."""
        return {name: fingerprint.state() for name, fingerprint in self.aspects.items()}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Take the hashes of `state`."""
        self.aspects = {name: Fingerprint.from_state(state[name]) for name in ASPECTS}

    def hexdigests(self) -> dict[str, str | None]:
        """The hash of each aspect; None if the rows have no such thing."""
        return {name: found.hexdigest() if found.count else None for name, found in self.aspects.items()}


def _hash_of_row(words: Sequence[Array], rows: int) -> Array:
    """One hash a row, of the words that it has: of lists, as many as each has elements."""
    combined = combined_hash((), rows)
    for each in words:
        for at, some in matrices(each, np.nan):
            for column in some.view(np.uint64).T:
                combined[at] = splitmix64(combined[at] ^ column)
    return combined


def _bits(item: Input, given: EncodedLabels) -> Array:
    """The hashes of labels. Against predictions that may be probabilities, 0 and 1 are numbers."""
    hashes = label_hashes(given)
    if item.against is None:
        return hashes
    numbers = given.mapped([BINARY.get(name, np.nan) for name in given.names], np.nan)
    return np.where(np.isnan(numbers), hashes, numbers.view(np.uint64))


def _is_data(item: Input) -> bool:
    """Whether an input is given with the rows, and is not what a model says: targets, and marks such as a domain."""
    kind = item.kind
    return item.role == "target" or (item.role != "pred" and bool(kind.labels or kind.sides or kind.shape == "class"))
