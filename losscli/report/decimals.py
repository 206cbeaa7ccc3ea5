"""The numbers of a column with their decimal points below each other."""

from __future__ import annotations

from collections.abc import Sequence

from losscli.lazy import pattern

# The digits before the point, and what follows them: 54.5744, +1.2e-05, nan. Thousands are separated by commas.
_NUMBER = pattern(r"([+-]?(?:\d+(?:,\d{3})*|\binf\b|\bnan\b))((?:\.\d+)?(?:e[+-]?\d+)?)")


def with_aligned_decimals(texts: Sequence[str]) -> Sequence[str]:
    """Cells that are aligned to the right, padded so that their numbers stand below each other.

    The first numbers of cells stand below each other, and so do the second, as the ends of intervals. A cell without a
    number stays as it is.
    """
    if "." not in "".join(texts):
        return texts
    split = [_NUMBER.split(text) for text in texts]  # what stands between, digits, fraction, what stands between, …
    widest: list[int] = []
    for pieces in split:
        if len(pieces) > 1:
            widest += [0] * (len(pieces) - len(widest))
            for at, piece in enumerate(pieces):
                widest[at] = max(widest[at], len(piece))
    return [_padded(pieces, widest) if len(pieces) > 1 else pieces[0] for pieces in split]


def _padded(pieces: Sequence[str], widest: Sequence[int]) -> str:
    padded = []
    for at, width in enumerate(widest):
        piece = pieces[at] if at < len(pieces) else ""
        # Digits, and what stands before the first of them, end at the same place.
        padded.append(piece.rjust(width) if at == 0 or at % 3 == 1 else piece.ljust(width))
    return "".join(padded)
