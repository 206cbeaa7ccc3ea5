"""A table that people read, as raw text: its columns, and the cells of each, held together as rows may be very many."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from losscli.lazy import dataclass


@dataclass(frozen=True)
class Cell:
    """One cell of a table.

    Attributes
    ----------
    text : str
        Raw text.
    best : bool
        Whether it is the value of the best model.
    part : bool
        Whether it is about one loss of a composite loss, below the line of the composite loss.
    verdict : str
        "good" or "bad" where the cell is a verdict.
    """

    text: str = ""
    best: bool = False
    part: bool = False
    verdict: Literal["", "good", "bad"] = ""


@dataclass(frozen=True)
class Column:
    """One column of a table.

    Attributes
    ----------
    title : str
        The heading.
    number : bool
        Whether its cells are numbers, which are aligned to the right.
    title_from_data : bool
        Whether the heading is a spec or comes from data.
    fixed_words : bool
        Whether its cells only contain words of ours.
    """

    title: str
    number: bool = False
    title_from_data: bool = False
    fixed_words: bool = False


class Cells(NamedTuple):
    """The cells of one column: their texts, and for those that are more than a text a cell whose text is not read."""

    texts: Sequence[str]
    marked: Mapping[int, Cell]


Row = Sequence[Cell]
"""The cells of one row."""

Block = Sequence[Cells]
"""Those of many rows, column by column."""


@dataclass(frozen=True)
class Layout:
    """A table: its columns, and the cells of each."""

    columns: tuple[Column, ...]
    cells: tuple[Cells, ...]

    @staticmethod
    def of(columns: Sequence[Column], rows: Iterable[Row]) -> Layout:
        """The table of these rows."""
        return Layout.of_blocks(columns, map(one_row, rows))

    @staticmethod
    def of_blocks(columns: Sequence[Column], blocks: Iterable[Block]) -> Layout:
        """The table of the rows of these blocks."""
        texts: list[list[str]] = [[] for _ in columns]
        marked: list[dict[int, Cell]] = [{} for _ in columns]
        for block in blocks:
            for cells, into, marks in zip(block, texts, marked, strict=True):
                marks.update((len(into) + at, cell) for at, cell in cells.marked.items())
                into.extend(cells.texts)
        return Layout(tuple(columns), tuple(map(Cells, texts, marked)))

    @property
    def height(self) -> int:
        """How many rows there are."""
        return len(self.cells[0].texts)

    def row(self, at: int) -> tuple[Cell, ...]:
        """The cells of one row."""
        plain = Cell()
        marks = [(column.texts[at], column.marked.get(at, plain)) for column in self.cells]
        return tuple(Cell(text, mark.best, mark.part, mark.verdict) for text, mark in marks)

    @property
    def has_best(self) -> bool:
        """Whether any cell is the value of the best model."""
        return any(cell.best for column in self.cells for cell in column.marked.values())


def one_row(row: Row) -> list[Cells]:
    """One row as a block."""
    return [Cells((cell.text,), {0: cell} if cell.best or cell.part or cell.verdict else {}) for cell in row]


def listed(titles: Sequence[str], rows: Iterable[Sequence[str]], numbers: Iterable[int] = ()) -> Layout:
    """A plain table; the columns at these positions are numbers."""
    right = set(numbers)
    columns = tuple(Column(title, number=at in right) for at, title in enumerate(titles))
    return Layout.of(columns, (tuple(map(Cell, row)) for row in rows))
