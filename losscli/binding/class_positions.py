"""Classes as positions: by name where the other side names its classes, else by class index."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from losscli.binding.encoded_labels import EncodedLabels
from losscli.binding.label_registry import LabelRegistry, used_names
from losscli.binding.plan import Classes, Input
from losscli.contract.kinds import Array
from losscli.errors import DataError, Location
from losscli.io.arrow.buffers import RowNumbers
from losscli.io.arrow.canonical import canonical_label
from losscli.lazy import pattern

UNKNOWN = -1  # the position of a class that the other side does not have
_INDEX = pattern(r"0|-?[1-9][0-9]{0,15}")  # 007 is not the class 7


def class_positions(
    item: Input, named: EncodedLabels, index: RowNumbers, registry: LabelRegistry, location: Location
) -> Array:
    """The class of each of these rows, which all have one, as a position on the other side.

    A class that the other side does not have is an error that shows both sides.
    """
    classes, used = item.classes or Classes(), named.take(index)
    if classes.carrier is None:
        places = [registry.free.setdefault(name, len(registry.free)) for name in named.names]
        return np.array([*places, 0])[used.codes]
    known = _known(classes.names or ())
    if not len(used.codes):
        return np.zeros(0, np.int64)
    by_name = _binds_by_name(classes, used.names[used.codes[0]], known, registry)
    places = [known.get(name, UNKNOWN) if by_name else _position(name, classes.first or 0) for name in used.names]
    if not by_name:
        if classes.first is None:
            places = [UNKNOWN if name in known else place for name, place in zip(used.names, places, strict=True)]
        registry.see_positions(item, (places[code] for code in used_names(named, index)))
    positions = np.array([*places, 0])[used.codes]
    unknown = positions == UNKNOWN
    if unknown.any():
        row = int(np.argmax(unknown))
        raise _unknown_class(item, classes, used.names[used.codes[row]], int(index[row]), by_name, known, location)
    return positions


@lru_cache(maxsize=8)
def _known(names: tuple[str, ...]) -> Mapping[str, int]:
    """The position of each class, by its label."""
    return {canonical_label(name): i for i, name in enumerate(names)}


def _binds_by_name(classes: Classes, first: str, known: Mapping[str, int], registry: LabelRegistry) -> bool:
    """A glob, a class column and --classes name the classes; the columns of a list do if the first target is one."""
    if classes.sure or classes.first is not None or classes.names is None:
        return classes.sure
    return registry.by_name.setdefault(classes, first in known)


@lru_cache(maxsize=1 << 12)  # every batch has nearly all classes
def _position(name: str, first: int) -> int:
    return max(int(name) - first if _INDEX.fullmatch(name) else UNKNOWN, UNKNOWN)


def _unknown_class(
    item: Input, classes: Classes, name: str, row: int, by_name: bool, known: Mapping[str, int], location: Location
) -> DataError:
    column, listed, first = item.columns[0], classes.names or (), classes.first or 0
    shown = ", ".join(listed[:12]) + (", …" if len(listed) > 12 else "")
    hint = f"name the class columns by a glob (p_*) or by --classes A,B,C, or use class indices from {first}"
    if by_name:
        why = f"is not among the classes {shown}"
        hint = "the names of the columns, or the class column of the table, give the classes"
    elif name in known and classes.first is None:
        why = f"is the name of a column ({shown}), but the classes before it are class indices"
    elif _INDEX.fullmatch(name):
        why, hint = f"is not a class index: they count from {first}", "--first-class N gives the first class index"
    else:
        why = "is not a class index, and the classes have no names here"
    return location.error(row, column, f"class '{name}' of '{column}' {why}", name, hint, code="DATA_UNKNOWN_CLASS")


def check_positions(item: Input, values: Array, width: int, index: RowNumbers, location: Location) -> None:
    """Positions lie below the number of classes on the other side."""
    if len(values) and int(values.max()) >= width:
        row = int(np.argmax(values >= width))
        first = 0 if item.classes is None else item.classes.first or 0
        name, column = int(values[row]) + first, item.columns[0]
        hint = f"class indices count from {first}"
        if name == width and not first:
            hint += "; if these count from 1, give --first-class 1"
        raise location.error(int(index[row]), column, f"class index {name} in '{column}' is "
                             f"out of range for {width} class columns", str(name), hint,
                             code="DATA_UNKNOWN_CLASS")  # fmt: skip
