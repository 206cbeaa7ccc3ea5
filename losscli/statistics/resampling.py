"""Random numbers of the bootstrap and the permutation test: they depend on a seed and on the units alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TypeAlias

import numpy as np

from losscli.contract.kinds import Array

Statistic: TypeAlias = Callable[[Array], Array]
"""Makes estimates of shape (...) of totals of shape (..., contributions)."""


BOOTSTRAP_STREAM, PERMUTATION_STREAM, MAXIMUM_STREAM, WILD_STREAM = 1, 2, 3, 4  # none shares a stream with another
BLOCK = 1 << 18  # entries of the matrix of a block of replicates: 2 MB, which stays in the cache
_HALVES = 1 << 20  # fewer units than this are drawn by 32 random bits each
ROUNDING_NOISE = 64 * 2.0**-52  # values no further apart than this, relative to their size, are taken as equal


class RandomStream:
    """Random indices and bits that stay the same for a seed, whatever the version of NumPy.

    NumPy keeps the raw stream of a bit generator and the hashing of seeds for ever, but not what `Generator` makes of
    them (NEP 19), so that is made here.

    Parameters
    ----------
    seed
        The seed of the run.
    stream
        Integers of at most 64 bits that tell apart the uses of this seed.
    """

    def __init__(self, seed: int, stream: Sequence[int]) -> None:
        halves = [half for number in stream for half in (number & 0xFFFFFFFF, number >> 32 & 0xFFFFFFFF)]
        self._source = np.random.PCG64(np.random.SeedSequence(seed, spawn_key=halves))

    def indices(self, rows: int, count: int, below: int | None = None) -> Array:
        """For each of `rows`, `count` indices below `below`, which is `count` unless it is given, as int64.

        A random fraction of 32 (53) bits times `count` is rounded down, so that the chances of two indices differ by at
        most count / 2**32 < 1/4096 of themselves below 2**20 units, by less than 2**-20 above. The indices that get a
        little more are spread evenly over the units, and a standard error wrong by 1/4096 would show in 10 million
        resamples.
        """
        below = count if below is None else below
        if below < _HALVES:
            raw = self._raw(rows, -(-count // 2)).view("<u4")[:, :count]
            scaled = np.multiply(raw, np.uint64(below), dtype=np.uint64)
            scaled >>= np.uint64(32)  # in place: fresh memory costs as much as the shift
            return np.asarray(scaled.view(np.int64))
        fractions = (self._raw(rows, count) >> np.uint64(11)) * 2.0**-53
        return np.asarray((fractions * below).astype(np.int64))

    def bits(self, rows: int, count: int) -> Array:
        """For each of `rows`, `count` random bits as uint8."""
        raw = self._raw(rows, -(-count // 64)).view(np.uint8)
        return np.unpackbits(raw, axis=1, count=count, bitorder="little")

    def normals(self, rows: int, count: int) -> Array:
        """For each of `rows`, `count` numbers of the standard normal distribution, by pairs (Box & Muller 1958)."""
        raw = self._raw(rows, 2 * -(-count // 2)) >> np.uint64(11)
        fractions = (raw + np.uint64(1)) * 2.0**-53  # above 0, so that each has a logarithm
        lengths, turns = np.split(fractions, 2, axis=1)
        lengths = np.sqrt(-2 * np.log(lengths))
        turns = 2 * np.pi * turns
        return np.concatenate([lengths * np.cos(turns), lengths * np.sin(turns)], axis=1)[:, :count]

    def _raw(self, rows: int, count: int) -> Array:
        raw = np.asarray(self._source.random_raw(rows * count), dtype="<u8")  # the bytes alike on any machine
        return raw.reshape(rows, count)


def blocks(replicates: int, units: int) -> Iterator[int]:
    """The sizes of blocks of replicates that are computed together.

    Parameters
    ----------
    replicates
        How many replicates there are in all.
    units
        How many units each replicate draws.

    Yields
    ------
    int
        As many replicates as fit a block of a fixed size, at least one: the same sizes on every machine.
    """
    most = max(1, BLOCK // units)
    for start in range(0, replicates, most):
        yield min(most, replicates - start)
