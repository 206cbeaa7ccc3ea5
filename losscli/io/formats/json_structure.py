"""The structure of JSON text: where its brackets, colons and commas are, found over all bytes at once."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Positions = NDArray[np.int64]
Bytes = NDArray[np.uint8]

QUOTE, BACKSLASH, OPEN, CLOSE, COMMA, COLON, NEWLINE = range(1, 8)

_KINDS = np.zeros(256, np.uint8)
for _letters, _kind in ((b'"', QUOTE), (b"\\", BACKSLASH), (b"{[", OPEN), (b"}]", CLOSE), (b",", COMMA), (b":", COLON),
                        (b"\r\n", NEWLINE)):  # fmt: skip
    _KINDS[list(_letters)] = _kind
_TABLE = _KINDS.tobytes()
_STEPS = np.zeros(NEWLINE + 1, np.int8)
_STEPS[[OPEN, CLOSE]] = 1, -1


class Structure(NamedTuple):
    """The structural characters of a text, outside its strings: their positions, kinds, and the depth behind each."""

    at: Positions
    kinds: Bytes
    depth: Positions
    in_string: bool  # whether the text ends inside a string

    def where(self, kept: slice | NDArray[np.bool_]) -> Structure:
        """Some of the characters."""
        return Structure(self.at[kept], self.kinds[kept], self.depth[kept], self.in_string)


def structure_of(raw: Bytes) -> Structure:
    """The structural characters of a text that begins outside a string."""
    kinds = np.frombuffer(raw.tobytes().translate(_TABLE), np.uint8)  # half the time of an index, as is != 0 below
    at = np.flatnonzero(kinds != 0)
    kinds = kinds[at]
    if (kinds == BACKSLASH).any():
        at, kinds = _without_escaped(at, kinds)
    quotes = kinds == QUOTE
    inside = np.bitwise_xor.accumulate(quotes.view(np.uint8)).view(np.bool_)
    outside = np.flatnonzero(~(inside | quotes))
    at, kinds = at[outside], kinds[outside]
    depth = np.cumsum(_STEPS[kinds], dtype=np.int64)
    return Structure(at, kinds, depth, bool(inside[-1]) if len(inside) else False)


def _without_escaped(at: Positions, kinds: Bytes) -> tuple[Positions, Bytes]:
    """Quotes and structural characters without backslashes, and without the quotes behind an odd number of these."""
    slashes = at[kinds == BACKSLASH]
    begins = np.ones(len(slashes), np.bool_)
    begins[1:] = np.diff(slashes) != 1
    run = np.maximum.accumulate(np.where(begins, np.arange(len(slashes)), 0))
    odd = (np.arange(len(slashes)) - run) % 2 == 0  # it is the 1st, 3rd, … of its run
    escaped = np.isin(at, slashes[odd] + 1) & (kinds == QUOTE)
    kept = (kinds != BACKSLASH) & ~escaped
    return at[kept], kinds[kept]
