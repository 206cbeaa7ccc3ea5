"""Vectors that are spelled in one text: `[0.1 0.9]`, `0.1;0.9`, `1:0.25 2:0.75`, and what NumPy and torch print.

`split_cell` is the grammar: one text to the texts of its elements. `parse_vectors` gives the same for a whole column by
a few passes over its bytes, and leaves to the grammar what is not plain.
"""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from itertools import dropwhile

import pyarrow as pa

from losscli.io.arrow.canonical import canonical_label
from losscli.io.arrow.numbers import INEXACT, NumberFormat
from losscli.lazy import dataclass, pattern

_DENSE, _DOUBTFUL, _SPARSE = "vector as text", "perhaps a vector as text", "sparse vector as text"
_LABELS = b"labels"

_MODULE = r"(?:[A-Za-z_]+\.)*"
WRAPPINGS = (
    (b"'", r"(?s)^\s*[bB]?'(.*)'\s*$", r"\1"),
    (b'"', r'(?s)^\s*[bB]?"(.*)"\s*$', r"\1"),
    (b"\\", r"\\[nrt]", " "),  # in what Python writes of bytes
    (
        b"(",
        rf"(?s)^\s*{_MODULE}(?:array|asarray|tensor|Array|Tensor)\(\s*(.*?)\s*"
        r"(?:,\s*(?:dtype|device|grad_fn|requires_grad|size)\s*=[^\[\]]*)?\)\s*$",
        r"\1",
    ),
    (b"(", rf"{_MODULE}(?:tensor|float\d*|int\d+|uint\d+)\(([^()\[\],]*)(?:,[^()\[\]]*)?\)", r"\1"),
)
"""What Python writes around vectors: a sign of it, a pattern in the syntax of Python and Arrow, what is left."""
_PAIR = pattern(r"[^\s:,;\[\]()]+:[^\s:,;\[\]()]+")
_OPEN, _CLOSE = "[(", "])"
_EMPTY = ("[]", "()")


class NotAVectorError(ValueError):
    """A text that spells no vector, and why."""


@dataclass(frozen=True)
class SpelledForm:
    """How the texts of a column spell vectors.

    `sure` is False where the same texts may be labels, as 0;1 may. Labels are there where elements have them.
    """

    sure: bool
    labels: tuple[str, ...] | None = None

    @property
    def type(self) -> pa.DataType:
        """The type that says so, of a column whose cells have none."""
        name = _SPARSE if self.labels is not None else _DENSE if self.sure else _DOUBTFUL
        metadata = None if self.labels is None else {_LABELS: json.dumps(self.labels).encode()}
        return pa.list_(pa.field(name, pa.float64(), metadata=metadata))


def form_of_type(kind: pa.DataType | None) -> SpelledForm | None:
    """What `SpelledForm.type` says; None for any other type."""
    if kind is None or not pa.types.is_list(kind):
        return None
    name, metadata = kind.value_field.name, kind.value_field.metadata
    if name == _SPARSE:
        return SpelledForm(sure=False, labels=tuple(json.loads(metadata[_LABELS])))
    return SpelledForm(sure=name == _DENSE) if name in (_DENSE, _DOUBTFUL) else None


def recognised(cells: Sequence[str], number_format: NumberFormat) -> SpelledForm | None:
    """The form of the first cells of a column that are not missing, by the first one that is no empty list.

    None if it is no vector.
    """
    cells = [*dropwhile(lambda cell: unwrapped(cell).strip() in _EMPTY, cells)]
    if not cells:
        return None
    if _pairs(cells[0], number_format):
        labels = {canonical_label(label) for cell in cells for label, _ in _pairs(cell, number_format)}
        return SpelledForm(sure=False, labels=tuple(sorted(labels, key=_natural)))
    try:
        elements = split_cell(cells[0], number_format)
    except NotAVectorError:
        return None
    numbers = [number_format.number(e) is not None or number_format.flaw(e) == INEXACT for e in elements]
    known = [number or number_format.is_null(e) for number, e in zip(numbers, elements, strict=True)]
    if not any(numbers) or not all(known):
        return None
    bare = unwrapped(cells[0]).strip()[0] not in _OPEN
    return SpelledForm(sure=not bare or any(number_format.decimal in element for element in elements))


def _natural(label: str) -> tuple[int, int, str]:
    """Whole numbers in their order, then texts: the order must not depend on which label comes first."""
    return (0, int(label), "") if label.isdecimal() and label.isascii() and len(label) < 16 else (1, 0, label)


def _pairs(cell: str, number_format: NumberFormat) -> list[tuple[str, str]]:
    """The elements of `1:0.25 2:0.75`; none if it is spelled in another way."""
    found = [tuple(part.rsplit(":", 1)) for part in cell.split() if _PAIR.fullmatch(part)]
    numbers = all(number_format.number(number) is not None for _, number in found)
    return [(label, number) for label, number in found] if numbers and len(found) == len(cell.split()) else []


def split_pairs(cell: str, number_format: NumberFormat) -> list[tuple[str, str]]:
    """The labels and numbers of `1:0.25 2:0.75`; another text is a NotAVectorError."""
    pairs = []
    for part in cell.split():
        label, colon, number = part.rpartition(":")
        if not (colon and label):
            raise NotAVectorError(f"'{part[:40]}' is no pair such as 2:0.75")
        pairs.append((label, number))
    return pairs


def unwrapped(text: str) -> str:
    """The text without what Python writes around it: `b'…'`, `array(…, dtype=float32)`, `tensor(…)`."""
    for _, form, kept in WRAPPINGS:
        text = re.sub(form, kept, text)
    return text


def split_cell(cell: str, number_format: NumberFormat, *, lone: bool = False) -> list[str]:
    """The texts of the elements; those of nested lists, which must be of equal lengths, one after another.

    Where other cells are vectors, a `lone` number is one of a single element.
    """
    text = unwrapped(cell).strip()
    if text[:1] and text[0] in _OPEN:
        return _bracketed(text, number_format)[0]
    if text and text[-1] in _CLOSE:
        raise NotAVectorError("has a bracket that is not opened")
    if ";" not in text and not (lone and number_format.number(text) is not None):
        raise NotAVectorError("is no list of numbers such as [0.1, 0.9]")
    return [part.strip() for part in text.split(";")]


def _bracketed(text: str, number_format: NumberFormat) -> tuple[list[str], tuple[int, ...]]:
    """The elements of a list and its shape."""
    if text[-1] != _CLOSE[_OPEN.index(text[0])]:
        raise NotAVectorError("has a bracket that is not closed")
    inner = text[1:-1].strip()
    if not inner:
        return [], (0,)
    if not any(mark in inner for mark in _OPEN + _CLOSE):
        elements = _separated(inner, number_format)
        return elements, (len(elements),)
    parts = [_bracketed(part, number_format) for part in _lists_in(inner)]
    if len({shape for _, shape in parts}) > 1:
        raise NotAVectorError("has lists of different lengths")
    return [element for elements, _ in parts for element in elements], (len(parts), *parts[0][1])


def _lists_in(text: str) -> list[str]:
    """The lists that stand side by side in a list."""
    parts, depth, start = [], 0, 0
    for at, letter in enumerate(text):
        if letter in _OPEN:
            start, depth = (start, depth + 1) if depth else (at, 1)
        elif letter in _CLOSE:
            depth -= 1
            if depth < 0:
                raise NotAVectorError("has a bracket that is not opened")
            if not depth:
                parts.append(text[start : at + 1])
        elif not depth and not (letter.isspace() or letter in ",;"):
            raise NotAVectorError("has numbers beside lists")
    if depth:
        raise NotAVectorError("has a bracket that is not closed")
    return parts


def _separated(text: str, number_format: NumberFormat) -> list[str]:
    mark = ";" if ";" in text else "," if number_format.decimal != "," and "," in text else None
    if mark is None:
        elements = text.split()
    else:
        elements = [part.strip() for part in text.split(mark)]
        elements = elements[:-1] if elements[-1] == "" and len(elements) > 1 else elements  # Python's (0.5,)
    if any(len(element.split()) > 1 or "," in element.replace(number_format.decimal, "") for element in elements):
        raise NotAVectorError("separates its numbers in two ways")
    if "..." in elements or "…" in elements:
        raise NotAVectorError("was shortened by '...' when it was written")
    return elements
