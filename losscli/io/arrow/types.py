"""Which Arrow types are numbers, texts, instants or vectors."""

from __future__ import annotations

import pyarrow as pa

_DEEPEST = 16
_LARGEST_SCALE = (
    100  # a schema may claim a scale of two thousand million; with this limit decimals stay in the range of float64
)


def is_number(kind: pa.DataType) -> bool:
    """Whether a cell of this type is a number as it stands: integer, float, decimal, boolean, or always null."""
    t = pa.types
    if t.is_decimal(kind):
        return bool(abs(kind.scale) <= _LARGEST_SCALE)
    return bool(t.is_integer(kind) or t.is_floating(kind) or t.is_boolean(kind) or t.is_null(kind))


def is_plain_number(kind: pa.DataType) -> bool:
    """Whether a cell of this type is an integer or a float."""
    return bool(pa.types.is_integer(kind) or pa.types.is_floating(kind))


def is_floating(kind: pa.DataType) -> bool:
    """Whether cells of this type are floating-point numbers."""
    return bool(pa.types.is_floating(kind))


def is_text(kind: pa.DataType) -> bool:
    """Whether a cell of this type is a text, in any of Arrow's layouts."""
    t = pa.types
    return bool(t.is_string(kind) or t.is_large_string(kind) or t.is_string_view(kind))


def is_label(kind: pa.DataType) -> bool:
    """Whether a cell of this type is a text, also in a dictionary."""
    return is_text(kind.value_type if pa.types.is_dictionary(kind) else kind)


def is_instant(kind: pa.DataType) -> bool:
    """Whether a cell of this type is a date, or a date with a time."""
    return bool(pa.types.is_date(kind) or pa.types.is_timestamp(kind))


def is_list(kind: pa.DataType) -> bool:
    """Whether a cell of this type is a list of any type."""
    t = pa.types
    return bool(t.is_list(kind) or t.is_large_list(kind) or t.is_fixed_size_list(kind))


def is_nested_list(kind: pa.DataType) -> bool:
    """Whether a cell of this type is a list of lists."""
    return is_list(kind) and is_list(kind.value_type)


def fields_of(kind: pa.DataType | None) -> list[str]:
    """The names of the fields of a struct; none if it is no struct."""
    if kind is None or not pa.types.is_struct(kind):
        return []
    return [kind.field(index).name for index in range(kind.num_fields)]


def is_vector(type: pa.DataType) -> bool:
    """Whether a cell of this type is a list (of lists) of numbers."""
    kind = element_type(type)
    return kind is not None and is_number(kind)


SPELLED_NUMBERS = pa.list_(pa.field("spelled", pa.string()))
"""Lists of numbers as a text file spells them, some of which may be no numbers: judged where their row is used."""


def is_spelled(type: pa.DataType) -> bool:
    """Whether it is `SPELLED_NUMBERS`; for `==` the name of the elements makes no difference."""
    return bool(pa.types.is_list(type)) and type.value_field.name == SPELLED_NUMBERS.value_field.name


def is_text_list(type: pa.DataType) -> bool:
    """Whether a cell of this type is a list (of lists) of texts."""
    kind = element_type(type)
    return kind is not None and is_text(kind)


def element_type(type: pa.DataType) -> pa.DataType | None:
    """The type of the elements of a list (of lists); None if it is no list. That of a dictionary is of its entries."""
    kind = _storage_type(type)
    if not is_list(kind):
        return None
    for _ in range(_DEEPEST):
        if not is_list(kind):
            break
        kind = kind.value_type
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def storage(column: pa.Array) -> pa.Array:
    """The column itself, or the lists that a tensor column is stored as."""
    return column if is_list(column.type) else column.storage


def _storage_type(kind: pa.DataType) -> pa.DataType:
    """The list type of a tensor. Other extension types are unchanged, as the meaning of their storage is unknown."""
    if getattr(kind, "extension_name", "") != "arrow.fixed_shape_tensor":
        return kind
    order = kind.permutation
    return kind.storage_type if order is None or list(order) == sorted(order) else kind
