"""Differences between keys that a join looks over when it is asked to: white space, Unicode form, zeros, case.

Nothing is looked over unasked. Where keys do not match, the error says how many would with which of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import field

import numpy as np
import pyarrow as pa

from losscli.io.arrow.build import present
from losscli.io.join.key_index import KeyIndex
from losscli.io.join.keys import without_empty
from losscli.io.sides import KEY_DIFFERENCES, KeyDifference
from losscli.lazy import dataclass

MOST_COMPARED = 200_000
"""So many keys without a match are compared once more for the hint of an error."""

_ZEROS = (
    (r"^[+]?(-?)0*([0-9]+)(?:\.0*)?$", r"\1\2"),
    (r"^[+]?(-?)0*([0-9]+\.[0-9]*?[1-9])0+$", r"\1\2"),
    ("^-0$", "0"),
)


def folded(texts: pa.Array, match: Sequence[KeyDifference]) -> pa.Array:
    """The keys without the differences `match`; a key of nothing but white space becomes null if that is one."""
    if not match:
        return texts
    import pyarrow.compute as pc

    if "trim" in match:
        texts = without_empty(pc.utf8_trim_whitespace(texts))
    if "unicode" in match:
        texts = pc.utf8_normalize(texts, form="NFC")
    if "case" in match:
        texts = pc.utf8_lower(texts)
    if "number" in match:
        for pattern, replacement in _ZEROS:
            texts = pc.replace_substring_regex(texts, pattern=pattern, replacement=replacement)
    return texts


def said_of(match: Sequence[KeyDifference]) -> Iterator[str]:
    """What a report says of keys that were matched in spite of differences."""
    if match:
        yield f"keys were compared without {', '.join(KEY_DIFFERENCES[name] for name in match)}"


@dataclass
class UnmatchedKeys:
    """Keys without a match, as many as are compared once more."""

    parts: list[list[pa.Array]] = field(default_factory=list)
    count: int = 0
    left_out: int = 0

    def add(self, keys: Sequence[pa.Array], places: np.ndarray[tuple[int], np.dtype[np.intp]]) -> None:
        """Add the keys of a batch at these places."""
        taken = places[: MOST_COMPARED - self.count]
        self.left_out += len(places) - len(taken)
        if len(taken):
            at = pa.array(taken)
            self.parts.append([column.take(at) for column in keys])
            self.count += len(taken)

    def hint(self, known: Sequence[pa.Array], already: Sequence[KeyDifference]) -> str | None:
        """How many of the keys match one of `known` but for a difference, and the option that looks over it."""
        if not self.count:
            return None
        ours = [pa.concat_arrays(parts) for parts in zip(*self.parts, strict=True)]
        left = [name for name in KEY_DIFFERENCES if name not in already]
        every = self._matches(ours, known, [*already, *left])
        if not every:
            return None
        helping = list(left)
        for name in left:  # without each that changes nothing
            fewer = [other for other in helping if other != name]
            if self._matches(ours, known, [*already, *fewer]) == every:
                helping = fewer
        what = " and ".join(KEY_DIFFERENCES[name] for name in helping)
        some = "1 of them matches" if every == 1 else f"{every}{' or more' * bool(self.left_out)} of them match"
        return f"{some} but for {what}: --key-match {','.join([*already, *helping])}"

    @staticmethod
    def _matches(ours: Sequence[pa.Array], known: Sequence[pa.Array], match: Sequence[KeyDifference]) -> int:
        theirs = [folded(column, match) for column in known]
        rows = np.logical_and.reduce([present(column) for column in theirs])
        index, _ = KeyIndex.of([column.filter(pa.array(rows)) for column in theirs])
        return int((index.find([folded(column, match) for column in ours]) >= 0).sum())
