"""Rows with more cells than the header has names: whether those that are used are certain.

A delimiter inside a cell, as of a decimal comma, also makes a cell more, and shifts all behind it. So the extra cells
are left out only if no cell that is used can have been cut, and none can stand for one that was shifted.
"""

from __future__ import annotations

from collections.abc import Sequence

from losscli.io.arrow.numbers import NumberFormat
from losscli.io.formats.number_spelling import number_options

WARNING = "rows with more cells than the header has names, whose extra cells are not used"


def are_unused(
    cells: Sequence[bytes], width: int, used: Sequence[tuple[int, bool]], delimiter: str, numbers: NumberFormat
) -> bool:
    """Whether the cells from `width` on are no part of the columns that are used.

    Parameters
    ----------
    cells
        The cells of the row.
    width
        The number of columns.
    used
        The positions of the columns that are used, and whether each holds numbers.
    delimiter
        What separates cells.
    numbers
        How numbers are written.
    """
    texts = [cell.decode(errors="replace").strip() for cell in cells]
    if len(texts) <= width or not any(texts[width:]) or any(text.endswith("\\") for text in texts[:-1]):
        return False  # a backslash may have made the delimiter behind it a part of the cell
    shifts = range(1, len(texts) - width + 1)

    def shifted(position: int, is_number: bool) -> bool:
        """Whether the column can be a cell further to the right."""
        return not is_number or any(_is_number(texts[position + shift], numbers) for shift in shifts)

    def cut(position: int, is_number: bool) -> bool:
        """Whether the column can be this cell and the next."""
        joined = (delimiter.join(texts[position : position + shift + 1]) for shift in shifts)
        return not is_number or any(_is_number(text, numbers) or number_options([text]) for text in joined)

    later, free = True, width  # whether all columns behind may be shifted; the position of the next one that is used
    for position, is_number in sorted(used, reverse=True):
        behind = free if free < width else None
        if behind is not None and later and behind > position + 1:
            return False  # a column in between, which nobody reads, may have been cut
        if later and cut(position, is_number):
            return False
        later = later and shifted(position, is_number)
        free = position
    return not (later and free > 0)


def _is_number(text: str, numbers: NumberFormat) -> bool:
    return numbers.is_null(text) or numbers.number(text) is not None
