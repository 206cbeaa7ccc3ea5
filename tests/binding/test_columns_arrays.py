"""Arrow columns become NumPy arrays: compared with what Python itself says of each cell."""

from __future__ import annotations

import io
import math
import subprocess
import sys
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from losscli.errors import DataError, Location
from losscli.io.arrow import decode as arrays
from losscli.io.arrow.decode import NumberFormat, is_vector, numbers, texts, vectors

LOCATION = Location("data.csv", 101, lambda index: 202 + index)


def near(column: pa.Array) -> list[pa.Array]:
    """The column as it is, and as a slice of a longer one, so that offsets and bit offsets are not zero."""
    before = column.slice(1)  # not the whole column: at offset 0 stands something else
    return [column, pa.concat_arrays([before, column, column]).slice(len(before), len(column))]


def read_back(result: arrays.Numbers | arrays.Vectors) -> list[object]:
    missing = np.zeros(len(result.values), bool) if result.missing is None else result.missing
    return [None if gone else value for gone, value in zip(missing.tolist(), result.values.tolist(), strict=True)]


def spelled(column: pa.Array) -> list[str | None]:
    result = texts(column, "c", LOCATION)
    assert result.codes.dtype == np.int64
    assert len(set(result.names)) == len(result.names)
    assert set(result.codes.tolist()) - {-1} == set(range(len(result.names)))
    return [None if code < 0 else result.names[code] for code in result.codes.tolist()]


# -------------------------------------------------------------------------------------------------------- numbers


def test_plain_floats_are_a_view_of_the_column() -> None:
    column = pa.array([9.0, 1.5, -0.0, math.inf]).slice(1)
    result = numbers(column, "p", LOCATION)
    assert result.missing is None
    assert result.values.tolist() == [1.5, 0.0, math.inf]
    assert result.values.ctypes.data == column.buffers()[1].address + 8
    assert result.values.flags.c_contiguous


@pytest.mark.parametrize(
    ("kind", "cells"),
    [
        (pa.float64(), [1.1, None, -2.5, math.inf, None, 3.0, 4.0, None, 6.0]),
        (pa.float32(), [np.float32(1.1), None, np.float32(-2.5)]),
        (pa.float16(), [np.float16(1.1), None, np.float16(65504)]),
        (pa.int8(), [-128, None, 127]),
        (pa.int16(), [-(2**15), 2**15 - 1, None]),
        (pa.int32(), [None, -(2**31), 2**31 - 1]),
        (pa.int64(), [-(2**63), None, 2**53, 2**62, 2**60 + 2**20, 0]),
        (pa.uint8(), [255, None, 0]),
        (pa.uint32(), [2**32 - 1, None]),
        (pa.uint64(), [2**63, None, 2**64 - 2**11, 0]),
        (pa.bool_(), [True, None, False, True, True, False, True, True, True, False]),
        (pa.decimal128(10, 2), [Decimal("1.25"), None, Decimal("-0.01")]),
        (pa.decimal256(50, 3), [Decimal("0.001"), None, Decimal("-12345678901234567890123456789.123")]),
        (pa.null(), [None, None]),
        (pa.float64(), []),
        (pa.bool_(), []),
        (pa.decimal128(10, 2), []),
        (pa.null(), []),
    ],
)
def test_numbers_are_what_python_says(kind: pa.DataType, cells: list[object]) -> None:
    for column in near(pa.array(cells, kind)):
        result = numbers(column, "p", LOCATION)
        assert result.values.dtype == np.float64
        assert (result.missing is not None) == (None in cells)
        assert read_back(result) == [None if cell is None else float(cell) for cell in cells]  # type: ignore[arg-type]
        assert all(value == 0 for value, cell in zip(result.values, cells, strict=True) if cell is None)
        if cells:
            repeated = pa.DictionaryArray.from_arrays(pa.array([*range(len(cells)), None, 0], pa.int8()), column)
            assert read_back(numbers(repeated, "p", LOCATION)) == [*read_back(result), None, read_back(result)[0]]


def test_what_lies_under_a_null_number_is_never_seen() -> None:
    valid = pa.py_buffer(b"\x05")
    for kind, cells in [
        (pa.float64(), np.array([1.0, math.nan, 3.0])),
        (pa.int64(), np.array([1, 2**53 + 1, 3])),
        (pa.float16(), np.array([1, math.inf, 3], np.float16)),
    ]:
        column = pa.Array.from_buffers(kind, 3, [valid, pa.py_buffer(cells)])
        assert numbers(column, "p", LOCATION).values.tolist() == [1.0, 0.0, 3.0]
        assert spelled(column) == ["1", None, "3"]
    digits = b"".join(cell.to_bytes(16, "little") for cell in (100, 10**30, 300))
    column = pa.Array.from_buffers(pa.decimal128(38, 2), 3, [valid, pa.py_buffer(digits)])
    assert numbers(column, "p", LOCATION).values.tolist() == [1.0, 0.0, 3.0]
    assert spelled(column) == ["1", None, "3"]


def test_nan_is_a_value_even_a_signalling_one() -> None:
    signalling = pa.Array.from_buffers(pa.float32(), 2, [None, pa.py_buffer(np.array([0x7FA00000, 0], np.uint32))])
    result = numbers(signalling, "p", LOCATION)
    assert math.isnan(result.values[0])
    assert result.missing is None
    assert spelled(signalling) == ["nan", "0"]


@pytest.mark.parametrize(
    ("kind", "value"), [(pa.int64(), 2**53 + 1), (pa.int64(), -(2**53) - 1), (pa.uint64(), 2**64 - 1)]
)
def test_a_whole_number_that_a_float_cannot_hold_is_refused(kind: pa.DataType, value: int) -> None:
    for column in [pa.array([None, 1, value], kind), pa.array([None, 1, value], kind).dictionary_encode()]:
        with pytest.raises(DataError) as raised:
            numbers(column, "p", LOCATION)
        error = raised.value
        assert (error.row, error.line, error.column, error.value) == (103, 204, "p", str(value))
    sanitized = pa.DictionaryArray.from_arrays(pa.array([1, 1], pa.int8()), pa.array([value, 5], kind))
    assert numbers(sanitized, "p", LOCATION).values.tolist() == [5.0, 5.0]


@settings(max_examples=60)
@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-(2**54), 2**54))))
def test_integers_pass_only_where_exact(cells: list[int | None]) -> None:
    wrong = [index for index, cell in enumerate(cells) if cell is not None and int(float(cell)) != cell]
    column = pa.array(cells, pa.int64())
    if wrong:
        with pytest.raises(DataError) as raised:
            numbers(column, "p", LOCATION)
        assert raised.value.row == 101 + wrong[0]
    else:
        assert read_back(numbers(column, "p", LOCATION)) == cells


@settings(max_examples=60)
@given(
    st.lists(st.integers(-(10**38) + 1, 10**38 - 1) | st.integers(-(2**63), 2**63 - 1), min_size=1),
    st.integers(-40, 60) | st.integers(0, 22),
)
@example([5258986265376043509], 3)
def test_decimals_are_rounded_once(wholes: list[int], scale: int) -> None:
    raw = b"".join(whole.to_bytes(16, "little", signed=True) for whole in wholes)
    column = pa.Array.from_buffers(pa.decimal128(38, scale), len(wholes), [None, pa.py_buffer(raw)])
    inexact = [whole for whole in wholes if scale == 0 and int(float(whole)) != whole]
    if inexact:  # without fractional digits they are whole numbers
        with pytest.raises(DataError, match=f"'{inexact[0]}' cannot be held exactly by a float64"):
            numbers(column, "p", LOCATION)
        return
    assert numbers(column, "p", LOCATION).values.tolist() == [float(whole * Fraction(10) ** -scale) for whole in wholes]


def test_a_decimal_with_an_absurd_scale_is_refused_at_once() -> None:
    column = pa.Array.from_buffers(pa.decimal128(38, -2_000_000_000), 2, [None, pa.py_buffer(bytes(32))])
    for read in (numbers, texts):
        with pytest.raises(DataError, match="holds decimal128"):
            read(column, "p", LOCATION)


CSV_CELLS = """
    1 1. .5 -1 +1 1e5 1E+5 1e-5 00 -0 inf INF +inf -Infinity nan NaN -nan nan(1) 1e309 1e-400 0.1 NA null <NA> None
    1_000 0x1F ١ 12% 1.5D3 yes 1f e5 1e - . + infin 1d #N/A NULL N/A na
"""


@pytest.mark.parametrize(
    "cell", [*CSV_CELLS.split(), "", " 1", "1\t", "1 2", "\xa01", "1,5", "--1", "1\x0b", "\xa0NA", "1\x00"]
)
def test_text_is_read_as_the_csv_reader_reads_numbers(cell: str) -> None:
    options = pa.csv.ConvertOptions(
        column_types={"p": pa.float64()}, null_values=sorted(arrays.NULL_TEXTS), strings_can_be_null=False
    )
    column = pa.array(["7", cell])
    try:
        data = f'p;q\n"{cell}";1\n'.encode()
        table = pa.csv.read_csv(
            io.BytesIO(data), parse_options=pa.csv.ParseOptions(delimiter=";"), convert_options=options
        )
    except pa.ArrowInvalid:
        with pytest.raises(DataError) as raised:
            numbers(column, "p", LOCATION, parse_text=True)
        assert (raised.value.row, raised.value.value) == (102, cell)
    else:
        expected = table["p"][0].as_py()
        got = read_back(numbers(column, "p", LOCATION, parse_text=True))[1]
        assert repr(got) == repr(expected)
        coded = pa.array(["7", cell, None]).dictionary_encode()
        assert repr(read_back(numbers(coded, "p", LOCATION, parse_text=True))[1:]) == repr([expected, None])


@pytest.mark.parametrize(
    ("cell", "hint"), [("p", "header"), ("12%", "0.12"), ("1,5", "decimal point"), ("abc", None)], ids=str
)
def test_a_bad_cell_says_what_is_usually_wrong(cell: str, hint: str | None) -> None:
    with pytest.raises(DataError, match="is not a number") as raised:
        numbers(pa.array(["1", cell]), "p", LOCATION, parse_text=True)
    assert (raised.value.hint is None) if hint is None else (hint in str(raised.value.hint))


@pytest.mark.parametrize("make", [list, lambda cells: pa.array(cells).dictionary_encode()], ids=["plain", "coded"])
def test_which_texts_stand_for_no_number(make: Any) -> None:
    def read(cells: list[str | None], *nulls: str) -> list[object]:
        return read_back(
            numbers(pa.array(make(cells)), "p", LOCATION, parse_text=True, number_format=NumberFormat(frozenset(nulls)))
        )

    # Arrow's reader takes blanks around a number and not around a null; the exact reader behind it takes both.
    assert read_back(numbers(pa.array(make(["1", " ", " NA", "NA\t"])), "p", LOCATION, parse_text=True)) == [
        1,
        None,
        None,
        None,
    ]
    assert read(["1", "-", "", " - ", None], "-", "") == [1, None, None, None, None]
    result = numbers(
        pa.array(make(["1", "-999", "-999.0"])),
        "p",
        LOCATION,
        parse_text=True,
        number_format=NumberFormat(frozenset({"-999"})),
    )
    assert (read_back(result), result.values[1]) == ([1, None, -999.0], 0)
    for cells, bad in [(["1", "NA"], "NA"), (["1", "", None], ""), (["1", " "], " ")]:
        with pytest.raises(DataError, match="is not a number") as raised:
            read(cells, "-")
        assert (raised.value.row, raised.value.value) == (102, bad)
    assert read(["1", None], "-") == [1, None]


def test_text_is_no_number_unless_asked() -> None:
    for column in [pa.array(["1"]), pa.array(["1"]).dictionary_encode(), pa.array(["1"], pa.large_string())]:
        with pytest.raises(DataError, match="column 'p' holds text") as raised:
            numbers(column, "p", LOCATION)
        assert (raised.value.path, raised.value.row, raised.value.column) == ("data.csv", None, "p")


REFUSED = [
    pa.timestamp("us"),
    pa.date32(),
    pa.duration("s"),
    pa.time64("us"),
    pa.struct([("a", pa.float64())]),
    pa.map_(pa.string(), pa.float64()),
    pa.binary(),
    pa.list_(pa.string()),
    pa.dictionary(pa.int8(), pa.date32()),
    pa.struct([(f"field{i}", pa.float64()) for i in range(100)]),
]


@pytest.mark.parametrize("kind", REFUSED, ids=lambda kind: str(kind)[:20])
@pytest.mark.parametrize("read", [numbers, vectors, texts])
def test_other_types_are_named(kind: pa.DataType, read: object) -> None:
    inner = kind.value_type if pa.types.is_dictionary(kind) else kind
    if read is texts and (pa.types.is_date(inner) or pa.types.is_timestamp(inner)):
        assert texts(pa.nulls(1, kind), "p", LOCATION).names == ()  # dates are labels, though no numbers
        return
    with pytest.raises(DataError) as raised:
        read(pa.nulls(1, kind), "p", LOCATION)  # type: ignore[operator]
    assert str(kind)[:40] in raised.value.message
    assert len(raised.value.message) < 200


# -------------------------------------------------------------------------------------------------------- vectors

ROWS = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0], [7.0, 8.0, 9.5], [0.0, -1.0, 2.0]]


@pytest.mark.parametrize(
    "kind", [pa.list_(pa.float64()), pa.large_list(pa.float32()), pa.list_(pa.float64(), 3)], ids=str
)
def test_lists_become_a_matrix(kind: pa.DataType) -> None:
    for column in near(pa.array(ROWS, kind)):
        for part, rows in [(column, ROWS), (column.slice(1, 2), ROWS[1:3]), (column.slice(4), [])]:
            result = vectors(part, "e", LOCATION, 3)
            assert result.values.shape == (len(rows), 3)
            assert result.values.flags.c_contiguous
            assert read_back(result) == rows
            assert result.missing is None
    for column in near(pa.array([None, ROWS[0], None, ROWS[1], None, None], kind)):
        assert read_back(vectors(column, "e", LOCATION)) == [None, ROWS[0], None, ROWS[1], None, None]
        assert read_back(vectors(column.slice(2, 2), "e", LOCATION)) == [None, ROWS[1]]
        assert vectors(column.slice(4), "e", LOCATION, 3).values.tolist() == [[0.0] * 3] * 2


def test_what_lies_under_a_null_list_is_never_read() -> None:
    inner = pa.array([1.0, 2.0, None, math.nan, 5.0, 6.0])
    mask = pa.array([False, True, False])
    fixed = pa.FixedSizeListArray.from_arrays(inner, 2, mask=mask)
    ragged = pa.ListArray.from_arrays(pa.array([0, 2, 4, 6], pa.int32()), inner, mask=mask)
    for column in (fixed, ragged):
        assert read_back(vectors(column, "e", LOCATION)) == [[1.0, 2.0], None, [5.0, 6.0]]
    nested = pa.FixedSizeListArray.from_arrays(fixed.slice(2, 1), 1)
    assert vectors(nested, "e", LOCATION).values.tolist() == [[5.0, 6.0]]


def test_nested_lists_are_laid_out_flat() -> None:
    rows = [[[1, 2], [3, 4], [5, 6]], [[7, 8], [9, 10], [11, 12]]]
    flat = [[1, 2, 3, 4, 5, 6], [7, 8, 9, 10, 11, 12]]
    for kind in [
        pa.list_(pa.list_(pa.int32())),
        pa.list_(pa.list_(pa.float64(), 2), 3),
        pa.large_list(pa.list_(pa.bool_())),
    ]:
        cells = rows if not pa.types.is_boolean(kind.value_type.value_type) else [[[True, False]] * 3] * 2
        for column in near(pa.array(cells, kind)):
            expected = flat if cells is rows else [[1, 0, 1, 0, 1, 0]] * 2
            assert vectors(column, "e", LOCATION, 6).values.tolist() == expected
            assert vectors(column.slice(1), "e", LOCATION).values.tolist() == expected[1:]


def test_tensors_are_read_by_their_storage() -> None:
    storage = pa.array([[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0]], pa.list_(pa.float64(), 4))
    column = pa.ExtensionArray.from_storage(pa.fixed_shape_tensor(pa.float64(), [2, 2]), storage)
    assert vectors(column, "e", LOCATION).values.tolist() == storage.to_pylist()
    assert vectors(column.slice(1), "e", LOCATION).values.tolist() == storage.to_pylist()[1:]
    turned = pa.fixed_shape_tensor(pa.float64(), [2, 2], permutation=[1, 0])
    assert not is_vector(turned)
    with pytest.raises(DataError):
        vectors(pa.ExtensionArray.from_storage(turned, storage), "e", LOCATION)


@pytest.mark.parametrize(
    ("cells", "kind", "missing"),
    [
        ([[1, 2], None, [3, None]], pa.list_(pa.float64()), [1, 2]),
        ([[1, 2], [None, 1], [0, 0]], pa.list_(pa.float32(), 2), [1]),
        ([None, [True, None]], pa.large_list(pa.bool_()), [0, 1]),
        ([[[1, 2]], None, [None], [[None, 5]], [[3, 4]]], pa.list_(pa.list_(pa.int64())), [1, 2, 3]),
    ],
)
def test_a_list_that_lacks_an_element_is_missing(cells: list[object], kind: pa.DataType, missing: list[int]) -> None:
    for column in near(pa.array(cells, kind)):
        found = vectors(column, "e", LOCATION)
        assert found.missing is not None
        assert np.flatnonzero(found.missing).tolist() == missing
        kept = np.delete(np.arange(len(cells)), missing)
        assert found.values[kept].tolist() == [np.ravel(cells[row]).tolist() for row in kept]


@pytest.mark.parametrize(
    ("cells", "kind", "width", "row", "message"),
    [
        ([[1, 2], None, [3]], pa.list_(pa.float64()), None, 103, "has 1 elements where 2 are"),
        ([[1, 2], [3, 4]], pa.list_(pa.float64()), 3, 101, "has 2 elements where 3 are"),
        ([[], []], pa.list_(pa.float64()), None, 101, "is empty"),
        ([[1, 2], [3, 2**53 + 1]], pa.list_(pa.int64()), None, 102, "cannot be held exactly"),
        ([[[1, 2]], [[1]]], pa.list_(pa.list_(pa.int64())), None, 102, "has 1 elements where 2 are"),
        ([[[1, 2]], [[1, 2]]], pa.list_(pa.list_(pa.int64())), 3, 101, "has 2 elements where 3 are"),
    ],
)
def test_a_wrong_list_is_named_by_its_row(
    cells: list[object], kind: pa.DataType, width: int | None, row: int, message: str
) -> None:
    for column in near(pa.array(cells, kind)):
        with pytest.raises(DataError, match=message) as raised:
            vectors(column, "e", LOCATION, width)
        assert (raised.value.row, raised.value.line, raised.value.column) == (row, row + 101, "e")


@settings(max_examples=60)
@given(st.data())
def test_any_lists_equal_python(data: st.DataObject) -> None:
    width = data.draw(st.integers(1, 4))
    row = st.lists(st.one_of(st.floats(allow_nan=False)), min_size=width, max_size=width)
    rows = data.draw(st.lists(st.one_of(st.none(), row), max_size=12))
    kinds = [pa.list_(pa.float64()), pa.large_list(pa.float64()), pa.list_(pa.float64(), width)]
    column = pa.array(rows, data.draw(st.sampled_from(kinds)))
    start = data.draw(st.integers(0, len(rows)))
    stop = data.draw(st.integers(start, len(rows)))
    result = vectors(column.slice(start, stop - start), "e", LOCATION, width)
    assert read_back(result) == rows[start:stop]
    assert result.values.shape == (stop - start, width)


def test_which_types_are_vectors() -> None:
    yes = [
        pa.list_(pa.int8()),
        pa.large_list(pa.bool_()),
        pa.list_(pa.list_(pa.float16()), 3),
        pa.list_(pa.decimal128(9)),
    ]
    deep = pa.float64()
    for _ in range(40):
        deep = pa.list_(deep)
    no = [pa.float64(), pa.string(), pa.list_(pa.string()), pa.struct([]), pa.map_(pa.int8(), pa.int8()), deep]
    assert [is_vector(kind) for kind in yes + no] == [True] * len(yes) + [False] * len(no)


# ---------------------------------------------------------------------------------------------------------- texts


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array(["b", None, "a", "", "b"]), ["b", None, "a", None, "b"]),
        (pa.array(["007", "7", "é", " "], pa.large_string()), ["007", "7", "é", " "]),
        (pa.array(["b", None, "", "a"], pa.string_view()), ["b", None, None, "a"]),
        (pa.array([3, None, -128, 127, 3], pa.int8()), ["3", None, "-128", "127", "3"]),
        (pa.array([2**64 - 1, 2**53 + 1, None], pa.uint64()), ["18446744073709551615", "9007199254740993", None]),
        (pa.array([-(2**63), 2**63 - 1]), ["-9223372036854775808", "9223372036854775807"]),
        (pa.array([1.0, -0.0, None, 0.0, 3.0]), ["1", "0", None, "0", "3"]),
        (pa.array([0.1, 1e16, 1e-7, math.nan, math.inf, math.nan]), ["0.1", str(10**16), "1e-07", "nan", "inf", "nan"]),
        (pa.array([0.5, -0.0, 0.0]), ["0.5", "0", "0"]),
        (pa.array([0.1, 2.0], pa.float32()), ["0.1", "2"]),
        (pa.array([np.float16(0.1), np.float16(2)], pa.float16()), ["0.1", "2"]),
        (pa.array([True, None, False, True]), ["true", None, "false", "true"]),
        (pa.array([Decimal("1.50"), Decimal("2.00"), None, Decimal("0.00")]), ["1.5", "2", None, "0"]),
        (pa.array([Decimal(10**30), None, Decimal(10**30), Decimal(-1)]), [str(10**30), None, str(10**30), "-1"]),
        (pa.array([None, None], pa.null()), [None, None]),
        (pa.array([], pa.string()), []),
        (pa.array([], pa.int64()), []),
        (pa.array([], pa.float64()), []),
        (pa.array([], pa.dictionary(pa.int32(), pa.string())), []),
    ],
)
def test_texts_are_canonical(column: pa.Array, expected: list[str | None]) -> None:
    for each in near(column) if column.type != pa.string_view() else [column]:
        assert spelled(each) == expected
        if len(each):
            where = pa.array([None, *reversed(range(len(each)))], pa.uint16())
            assert spelled(pa.DictionaryArray.from_arrays(where, each)) == [None, *reversed(expected)]


def test_names_come_in_the_promised_order() -> None:
    assert texts(pa.array(["b", "a", "c", "a"]), "c", LOCATION).names == ("b", "a", "c")
    assert texts(pa.array([9, 2, 9, 4]), "c", LOCATION).names == ("9", "2", "4")
    assert texts(pa.array([10**12, 2, 9, 4]), "c", LOCATION).names == ("1000000000000", "2", "9", "4")
    assert texts(pa.array([2.5, 0.5]), "c", LOCATION).names == ("2.5", "0.5")
    coded = pa.DictionaryArray.from_arrays(pa.array([2, 0, 2], pa.int8()), pa.array(["x", "unused", "y"]))
    assert texts(coded, "c", LOCATION).names == ("x", "y")


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
def test_long_columns_take_another_way_to_the_same_texts(kind: pa.DataType, monkeypatch: pytest.MonkeyPatch) -> None:
    cells = [None if i % 7 == 3 else "" if i % 11 == 5 else f"k{i * i % 13}" for i in range(500)]
    column = pa.array(cells, kind).slice(3)
    short = texts(column, "c", LOCATION)
    monkeypatch.setattr("losscli.io.arrow.texts._MANY", 10)
    long = texts(column, "c", LOCATION)
    assert long.names == short.names
    assert long.codes.tolist() == short.codes.tolist()
    tail = pa.array([str(i) for i in range(1000)]).dictionary_encode().slice(990)
    assert spelled(pa.concat_arrays([tail, tail])) == [str(i) for i in range(990, 1000)] * 2
    holes = pa.DictionaryArray.from_arrays(pa.array([None, 5, None]), pa.array([str(i) for i in range(100)]))
    assert spelled(holes) == [None, "5", None]


@settings(max_examples=80)
@given(st.lists(st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1), st.integers(-3, 3))))
def test_any_integers_are_written_as_python_writes_them(cells: list[int | None]) -> None:
    assert spelled(pa.array(cells, pa.int64())) == [None if cell is None else str(cell) for cell in cells]


@settings(max_examples=80)
@given(st.lists(st.one_of(st.none(), st.floats(), st.integers(-3, 3).map(float))))
def test_any_floats_are_written_shortest(cells: list[float | None]) -> None:
    expected = [None if c is None else str(int(c)) if math.isfinite(c) and c == int(c) else repr(c) for c in cells]
    assert spelled(pa.array(cells, pa.float64())) == expected


@pytest.mark.parametrize(
    ("column", "expected"),
    [
        (pa.array(["a", None, "", "b"]), [False, True, True, False]),
        (pa.array(["a", None, "", "b"]).dictionary_encode(), [False, True, True, False]),
        (pa.array([1, None, 0]), [False, True, False]),
        (pa.array([1, 2]), [False, False]),
        (pa.array([None, None]), [True, True]),
        (pa.array([None, 5], pa.timestamp("s")), [True, False]),
        (pa.array([[1.0], None, []]), [False, True, False]),
        (pa.array([{"a": 1}, None]), [False, True]),
        (pa.DictionaryArray.from_arrays(pa.array([1, 0, None]), pa.array([None, 7])), [False, True, True]),
        (pa.DictionaryArray.from_arrays(pa.array([1, 0, None]), pa.array([6, 7])), [False, False, True]),
        (pa.array([], pa.string()), []),
    ],
)
def test_absent_cells_of_any_type(column: pa.Array, expected: list[bool]) -> None:
    for each in near(column):
        assert arrays.is_missing(each, "c", LOCATION).tolist() == expected


# --------------------------------------------------------------------------------------------- files that lie, cost


def test_damaged_columns_are_refused() -> None:
    bad_text = pa.Array.from_buffers(
        pa.string(), 3, [None, pa.py_buffer(np.array([0, 1, 2, 3], np.int32)), pa.py_buffer(b"ab\xff")]
    )
    for column in [bad_text, pa.DictionaryArray.from_arrays(pa.array([0, 1, 2], pa.int8()), bad_text)]:
        with pytest.raises(DataError, match="UTF-8") as raised:
            texts(column, "c", LOCATION)
        assert raised.value.row == 103
    bad_offsets = pa.Array.from_buffers(
        pa.string(), 2, [None, pa.py_buffer(np.array([0, 90, 3], np.int32)), pa.py_buffer(b"abc")]
    )
    codes = pa.array([0, 9], pa.int8())
    bad_codes = pa.DictionaryArray.from_arrays(codes, pa.array(["a"]), safe=False)
    bad_list = pa.Array.from_buffers(
        pa.list_(pa.float64()), 2, [None, pa.py_buffer(np.array([0, 2, 1], np.int32))], children=[pa.array([1.0, 2.0])]
    )
    for column, read in [(bad_offsets, texts), (bad_codes, texts), (bad_list, vectors)]:
        with pytest.raises(DataError, match="damaged"):
            read(column, "c", LOCATION)


def test_parquet_columns_equal_python(tmp_path: object) -> None:
    path = f"{tmp_path}/a.parquet"
    rows = {"p": [1.5, None, 3.0] * 50, "t": ["a", "b", None] * 50, "e": [[1.0, 2.0], None, [3.0, 4.0]] * 50}
    pq.write_table(pa.table(rows), path)
    file = pq.ParquetFile(path, read_dictionary=["t"])
    seen: dict[str, list[object]] = {"p": [], "t": [], "e": []}
    for batch in file.iter_batches(batch_size=37):
        seen["p"] += read_back(numbers(batch.column("p"), "p", LOCATION))
        seen["t"] += spelled(batch.column("t"))
        seen["e"] += read_back(vectors(batch.column("e"), "e", LOCATION))
    assert seen == rows


def test_the_plain_path_imports_neither_pandas_nor_compute() -> None:
    code = """
import io, sys
import numpy as np
import pyarrow as pa, pyarrow.csv as csv
from losscli.io.arrow.decode import numbers, texts, vectors
from losscli.errors import Location
location = Location("x", 1)
kinds = {"f": pa.float64(), "i": pa.int64(), "s": pa.string(), "d": pa.dictionary(pa.int32(), pa.string())}
options = csv.ConvertOptions(column_types=kinds)
batch = csv.open_csv(io.BytesIO(b"f,i,s,d\\n1.5,1,x,y\\n,2,z,\\n"), convert_options=options).read_next_batch()
for name in "fi":
    numbers(batch.column(name), name, location)
for name in "isdf":
    texts(batch.column(name), name, location)
flat = pa.Array.from_buffers(pa.float64(), 4, [None, pa.py_buffer(np.arange(4.0))])
vectors(pa.FixedSizeListArray.from_arrays(flat, 2), "e", location)
numbers(pa.Array.from_buffers(pa.decimal128(9, 2), 2, [None, pa.py_buffer(bytes(32))]), "p", location)
numbers(batch.column("d").slice(0, 0), "d", location, parse_text=True)
print([name for name in ("pandas", "pyarrow.compute", "pyarrow.dataset") if name in sys.modules])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout, done.stderr) == ("[]\n", "")
