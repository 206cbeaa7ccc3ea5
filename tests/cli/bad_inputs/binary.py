"""D: Parquet and Arrow files that are damaged, forged, of unusual types, or at odds with the files beside them."""

from __future__ import annotations

import datetime
import decimal
import resource
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from bad_inputs.case import PLAIN, Here, case, text

# A case is a few lines of a table; one argument a line would hide it.
# fmt: off

SMALL = {"y": [1.0, 3.0], "p": [2.0, 3.0]}
HUNDRED = {"y": [0.0] * 100, "p": [float(n) for n in range(100)]}  # mean absolute error 49.5


def _bytes(here: Here, columns=None, **more) -> bytes:
    return (here.path / here.parquet(columns or SMALL, **more)).read_bytes()


def _cut(row: str, name: str, keep: slice, *says: str) -> None:
    def make(here: Here):
        return here.file(_bytes(here)[keep], "p.parquet")

    make.__name__ = name
    case(row, 3, *says, "in: p.parquet")(make)


_cut("B069", "half", slice(None, 300), "truncated or not Parquet")
_cut("B069", "without_its_last_byte", slice(None, -1), "truncated or not Parquet")
_cut("B069", "only_the_first_letters", slice(None, 4), "truncated or not Parquet")
_cut("B069", "only_the_end", slice(-8, None), "the name says Parquet")


@case("B069", 3, "truncated or not Arrow data", "in: p.arrow")
def arrow_half(here: Here):
    content = (here.path / here.arrow(SMALL)).read_bytes()
    return here.file(content[: len(content) // 2], "p.arrow")


@case("B069", value=0.5)
def arrow_stream_without_its_end(here: Here):
    """A stream has no mark that it is complete but its end; what came is whole batches."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, pa.table(SMALL).schema) as out:
        out.write_table(pa.table(SMALL))
    return here.file(sink.getvalue().to_pybytes(), "p.arrow")


@case("B069", 3, "in: p.arrow")
def arrow_stream_cut_in_a_batch(here: Here):
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, pa.table(HUNDRED).schema) as out:
        out.write_table(pa.table(HUNDRED))
    content = sink.getvalue().to_pybytes()
    return here.file(content[:-500], "p.arrow")


@case("B070", 3, "truncated or not Parquet", "in: p.parquet")
def footer_of_two_gigabytes(here: Here):
    return here.file(_bytes(here)[:-8] + b"\xff\xff\xff\x7fPAR1", "p.parquet")


@case("B070", 3, "Parquet", "in: p.parquet")
def footer_of_rubbish(here: Here):
    content = bytearray(_bytes(here))
    size = int.from_bytes(content[-8:-4], "little")
    content[-8 - size : -8] = bytes(range(256)) * (size // 256) + bytes(range(size % 256))
    return here.file(bytes(content), "p.parquet")


@case("B070", 3, "Parquet", "in: p.parquet")
def footer_with_one_byte_changed(here: Here):
    content = bytearray(_bytes(here))
    size = int.from_bytes(content[-8:-4], "little")
    content[-8 - size + 1] ^= 0xFF
    return here.file(bytes(content), "p.parquet")


@case("B071", value=0.5)
def wrong_first_letters(here: Here):
    return here.file(b"\xff\xff\x00\x01" + _bytes(here)[4:], "p.parquet")


def _flipped(here: Here, checksums: bool, where: float = 0.5) -> str:
    name = here.parquet(HUNDRED, write_page_checksum=checksums, compression="none", use_dictionary=False)
    chunk = pq.ParquetFile(here.path / name).metadata.row_group(0).column(1)
    content = bytearray((here.path / name).read_bytes())
    content[chunk.data_page_offset + int(chunk.total_compressed_size * where)] ^= 0xFF
    return here.file(bytes(content), name)


@case("B072", 3, "a page does not match its checksum", "in: p.parquet")
def flipped_with_checksum(here: Here):
    return _flipped(here, True)


@case("B073")
def flipped_without_checksum(here: Here):
    """Nothing can tell: the file itself does not say what its bytes should be."""
    return _flipped(here, False)


@case("B073", 3, "Parquet", "in: p.parquet")
def flipped_inside_compressed(here: Here):
    name = here.parquet({"y": [0.0] * 1000, "p": list(np.random.default_rng(1).normal(size=1000))}, compression="zstd")
    chunk = pq.ParquetFile(here.path / name).metadata.row_group(0).column(1)
    content = bytearray((here.path / name).read_bytes())
    middle = (chunk.dictionary_page_offset or chunk.data_page_offset) + 40
    content[middle : middle + 400] = bytes(400)
    return here.file(bytes(content), name)


@case("B074", 3, "encrypted Parquet", "in: p.parquet")
def encrypted_footer(here: Here):
    content = _bytes(here)
    return here.file(b"PARE" + content[4:-4] + b"PARE", "p.parquet")


@case("B075", value=1.0)
def one_large_row_group(here: Here):
    """Read in pieces: what is held does not grow with the row group."""
    return here.parquet({"y": np.zeros(300_000), "p": np.ones(300_000)}, row_group_size=300_000)


def _forged(here: Here, rows: int) -> str:
    """The footer says that there are `rows` rows where there are 100."""
    content = _bytes(here, HUNDRED)
    size = int.from_bytes(content[-8:-4], "little")
    footer = content[-8 - size : -8].replace(_zigzag(100), _zigzag(rows))
    assert len(footer) == size
    return here.file(content[: -8 - size] + footer + content[-8:], "p.parquet")


def _zigzag(value: int) -> bytes:
    """A number as the footer writes it, in two bytes."""
    return bytes([(value * 2 & 0x7F) | 0x80, value * 2 >> 7])


@case("B077", 3, "damaged Parquet: it declares 8000 rows but holds 100", "in: p.parquet")
def more_rows_than_there_are(here: Here):
    return _forged(here, 8000)


@case("B077", value=31.5)
def fewer_rows_than_there_are(here: Here):
    """The footer is what says how many rows there are; values behind them belong to none."""
    return _forged(here, 64)


@case("B078", 3, "column 'p' has no value (and", "in: p.parquet, row 1")
def millions_of_nulls(here: Here):
    nulls = pa.nulls(1_000_000, pa.float64())
    return here.parquet({"y": np.zeros(1_000_000), "p": nulls})


@case("B078", 5, "none of the 1000000 rows is left")
def millions_of_nulls_dropped(here: Here):
    nulls = pa.nulls(1_000_000, pa.float64())
    return [here.parquet({"y": np.zeros(1_000_000), "p": nulls}), *PLAIN, "--missing", "drop"]


@case("B078", 3, "column 'p' has no value", "row 1")
def column_of_no_type(here: Here):
    return here.parquet({"y": [1.0, 2.0], "p": pa.nulls(2)})


def _wide(here: Here, kind: pa.DataType, rows: int) -> list[str]:
    """A list of 2^31 - 1 elements, each of which takes no room."""
    lists = pa.list_(kind, 2**31 - 1)
    nothing = pa.nulls(rows * (2**31 - 1), kind) if kind == pa.null() else pa.array([], kind)
    column = pa.Array.from_buffers(lists, rows, [pa.py_buffer(bytes(8))], children=[nothing])
    return [here.arrow(pa.table({"y": pa.array([0] * rows), "p": column})), "-t", "y", "-p", "p", "-l", "cross_entropy"]


@case("B079", 5, "nothing to score: 0 rows")
def list_of_two_billion_without_rows(here: Here):
    return _wide(here, pa.float64(), 0)


@case("B079", 3, "is declared as a vector of 2147483647 numbers", "row 1")
def list_of_two_billion_nothings(here: Here):
    return _wide(here, pa.null(), 1)


def _not_utf8(n: int) -> pa.Array:
    offsets = pa.array([0, 1, 3, 4], pa.int32()).buffers()[1]
    return pa.Array.from_buffers(pa.string(), n, [None, offsets, pa.py_buffer(b"a\xff\xfeb")])


@case("B080", 3, "column 'g'", "UTF", "in: p.parquet")
def text_that_is_none(here: Here):
    return [here.parquet({"y": [1.0] * 3, "p": [2.0] * 3, "g": _not_utf8(3)}), *PLAIN, "--by", "g"]


@case("B080", 3, "column 'g'", "UTF", "in: p.arrow")
def text_that_is_none_in_arrow(here: Here):
    return [here.arrow({"y": [1.0] * 3, "p": [2.0] * 3, "g": _not_utf8(3)}), *PLAIN, "--by", "g"]


@case("B080", value=1.0)
def text_that_is_none_unused(here: Here):
    return here.parquet({"y": [1.0] * 3, "p": [2.0] * 3, "g": _not_utf8(3)})


@case("B081", 3, "column 'p' is missing in 2 files: d/3.parquet, d/7.parquet")
def column_missing_in_some_files(here: Here):
    for n in range(12):
        here.parquet({"y": [1.0]} if n in (3, 7) else {"y": [1.0], "p": [2.0]}, f"d/{n}.parquet")
    return "d"


@case("B081", value=1.0)
def unused_column_missing_in_some_files(here: Here):
    here.parquet({"y": [1.0], "p": [2.0]}, "d/1.parquet")
    here.parquet({"p": [3.0], "g": ["x"], "y": [2.0]}, "d/2.parquet")
    return "d"


@case("B082", value=0.75)
def whole_numbers_and_fractions(here: Here):
    here.parquet({"y": pa.array([1, 2]), "p": pa.array([1.5, 2.5], pa.float32())}, "d/1.parquet")
    here.parquet({"y": [1.5, 2.5], "p": pa.array([3, 3], pa.int8())}, "d/2.parquet")
    return "d"


@case("B082", 3, "d/2.parquet", "column 'p' holds text", "numbers are needed")
def numbers_and_texts(here: Here):
    here.parquet({"y": [1.0], "p": [2.0]}, "d/1.parquet")
    here.parquet({"y": [1.0], "p": ["2.0"]}, "d/2.parquet")
    return "d"


@case("B082", 3, "files of different formats: d/1.csv is csv, d/2.parquet is parquet")
def files_of_two_formats(here: Here):
    here.file("y,p\n1,2\n", "d/1.csv")
    here.parquet(SMALL, "d/2.parquet")
    return "d"


@case("B083", shows=("007\tmae\t1.0", "7\tmae\t3.0"))
def folders_that_name_a_column(here: Here):
    here.parquet({"y": [1.0], "p": [2.0]}, "d/region=007/1.parquet")
    here.parquet({"y": [1.0], "p": [4.0]}, "d/region=7/1.parquet")
    return ["d", *PLAIN[:-1], "--by", "region"]


@case("B083", 3, "column 'p' is in the file and in the name of its folder", "d/p=7/1.parquet")
def folders_that_name_a_column_again(here: Here):
    here.parquet(SMALL, "d/p=7/1.parquet")
    return "d"


def _twice(names: list[str]) -> pa.Table:
    return pa.Table.from_arrays([pa.array([1.0, 3.0]), pa.array([2.0, 3.0]), pa.array([9.0, 9.0])], names=names)


@case("B084", 3, "column 'p' occurs 2 times", "rename one of them")
def column_twice(here: Here):
    return here.parquet(_twice(["y", "p", "p"]))


@case("B084", value=0.5)
def unused_column_twice(here: Here):
    columns = [*_twice(["y", "p", "g"]).columns, pa.array([1, 2])]
    return here.parquet(pa.Table.from_arrays(columns, names=["y", "p", "g", "g"]))


@case("B080", 3, "the name of a column is not UTF-8", "in: p.parquet")
def name_that_is_no_text(here: Here):
    columns = {"y": [1.0], "p": [2.0], "name": [3.0]}
    table = pa.table(columns)
    pq.write_table(table, here.path / "p.parquet", store_schema=False)
    return here.file((here.path / "p.parquet").read_bytes().replace(b"name", b"na\xffe"), "p.parquet")


@case("B080", 3, "the name of a column is not UTF-8", "in: p.arrow")
def name_that_is_no_text_in_arrow(here: Here):
    name = here.arrow({"y": [1.0], "p": [2.0], "nameless": [3.0]})
    return here.file((here.path / name).read_bytes().replace(b"nameless", b"na\xff\xfeless"), name)


@case("B085", 3, "no column 'p'", "did you mean 'P'?")
def column_absent(here: Here):
    return here.parquet({"y": [1.0], "P": [2.0]})


@case("B085", 3, "no column 'p.z'", "'p' has the fields x")
def field_of_a_struct(here: Here):
    return [here.parquet({"y": [1.0], "p": [{"x": 2.0}]}), "-t", "y", "-p", "p.z", "-l", "mae"]


DECIMALS = [decimal.Decimal("2.5"), decimal.Decimal("3.0")]
TYPES = {
    "float16": pa.array(np.array([2.5, 3.0], np.float16)),
    "float32": pa.array([2.5, 3.0], pa.float32()),
    "decimal128": pa.array(DECIMALS, pa.decimal128(10, 2)),
    "decimal256": pa.array(DECIMALS, pa.decimal256(50, 20)),
    "decimal_negative_scale": pa.array([decimal.Decimal("200"), decimal.Decimal("-100")], pa.decimal128(5, -2)),
    "dictionary": pa.array([2.5, 3.0]).dictionary_encode(),
    "uint8": pa.array([2, 3], pa.uint8()),
    "uint64": pa.array([2, 3], pa.uint64()),
    "int8": pa.array([2, 3], pa.int8()),
    "bool": pa.array([True, False]),
}


def _typed(name: str, column: pa.Array) -> None:
    values = [float(v) for v in column.to_pylist()]
    expected = (abs(values[0] - 255) + abs(values[1] - 1)) / 2  # in the type itself this would wrap round

    def binary(here: Here):
        target = pa.array([255, 1], pa.uint8())
        return here.arrow({"y": target, "p": column})

    def nullable(here: Here):
        with_null = pa.concat_arrays([column, pa.nulls(1, column.type)])
        return [here.arrow({"y": pa.array([255, 1, 7], pa.uint8()), "p": with_null}), *PLAIN, "--missing", "drop"]

    def missing(here: Here):
        with_null = pa.concat_arrays([column, pa.nulls(1, column.type)])
        return here.arrow({"y": pa.array([255, 1, 7], pa.uint8()), "p": with_null})

    for suffix, make in (("", binary), ("_nullable", nullable)):
        make.__name__ = f"type_{name}{suffix}"
        case("B086", value=expected)(make)
    missing.__name__ = f"type_{name}_missing"
    case("B086", 3, "column 'p' has no value", "row 3")(missing)


for _name, _column in TYPES.items():
    _typed(_name, _column)

STRANGE = {
    "timestamp": (pa.array([datetime.datetime(2024, 1, 1)] * 2), "timestamp[us]", "convert it to numbers"),
    "date": (pa.array([datetime.date(2024, 1, 1)] * 2), "date32[day]", "convert it to numbers"),
    "duration": (pa.array([5, 6], pa.duration("s")), "duration[s]", "convert it to numbers"),
    "struct": (pa.array([{"a": 1}] * 2), "objects with the fields a", "name a field, p.a"),
    "map": (pa.array([[("a", 1)]] * 2, pa.map_(pa.string(), pa.int64())), "map<string, int64", "list column"),
    "binary": (pa.array([b"1", b"2"]), "binary", "numbers are needed"),
    "text": (pa.array(["1", "2"]), "text (string)", "if these are numbers, store them as a numeric type"),
    "wide_struct": (pa.array([{f"field{n}": n for n in range(3000)}] * 2), "the fields field0, field1", "field19, …"),
}


def _strange(name: str, column: pa.Array, shown: str, hint: str) -> None:
    def make(here: Here):
        return here.parquet({"y": [1.0, 2.0], "p": column})

    make.__name__ = f"prediction_is_{name}"
    case("B087", 3, "column 'p' holds", shown, hint, "in: p.parquet")(make)


for _name, (_column, _shown, _hint) in STRANGE.items():
    _strange(_name, _column, _shown, _hint)


def _lists(name: str, lists: pa.Array, *says: str, code: int = 3, value: float | None = None, more=()) -> None:
    def make(here: Here):
        count = len(lists)
        return [here.parquet({"y": [0] * count, "p": lists}), "-t", "y", "-p", "p", "-l", "cross_entropy_with_logits",
                "-q", *more]

    make.__name__ = f"lists_{name}"
    case("B088", code, *says, value=value)(make)


LOG2 = 0.6931471805599453
_lists("ragged", pa.array([[1.0, 1.0], [1.0, 1.0, 1.0]]), "has 3 elements where 2 are expected", "row 2, column 'p'")
_lists("null_row", pa.array([[1.0, 1.0], None]), "column 'p' has no value", "row 2")
_lists("null_row_dropped", pa.array([[1.0, 1.0], None, [2.0, 2.0]]), code=0, value=LOG2, more=("--missing", "drop"))
_lists("null_element", pa.array([[1.0, 1.0], [1.0, None]]), "column 'p' has no value", "row 2, column 'p'",
       "--missing drop")
_lists("null_element_dropped", pa.array([[1.0, 1.0], [1.0, None], [2.0, 2.0]]), code=0, value=LOG2,
       more=("--missing", "drop"))
_lists("empty", pa.array([[1.0, 1.0], []], pa.list_(pa.float64())), "has 0 elements where 2 are expected", "row 2")
_lists("all_empty", pa.array([[], []], pa.list_(pa.float64())), "the list in column 'p' is empty", "row 1")
_lists("nan_element", pa.array([[1.0, 1.0], [1.0, float("nan")]]), "column 'p' is NaN", "row 2")
_lists("infinite_element", pa.array([[1.0, 1.0], [1.0, float("inf")]]), "column 'p' is infinite", "row 2")
_lists("of_texts", pa.array([["1", "2"], ["1", "2"]]), "lists of numbers are needed")
_lists("of_lists", pa.array([[[1.0], [1.0]]] * 2), code=0, value=LOG2)
_lists("class_beyond", pa.array([[1.0], [1.0]]), code=0, value=0.0)


@case("B088", 3, "has 2 elements where 3 are expected", "d/2.parquet, row 1, column 'p'")
def lists_ragged_between_files(here: Here):
    here.parquet({"y": [0], "p": [[1.0, 1.0, 1.0]]}, "d/1.parquet")
    here.parquet({"y": [0], "p": [[1.0, 1.0]]}, "d/2.parquet")
    return ["d", "-t", "y", "-p", "p", "-l", "cross_entropy_with_logits"]


text("B088", "lists_ragged_in_jsonl", '{"y":0,"p":[1,1]}\n{"y":0,"p":[1]}\n', 3, "has 1 elements where 2 are expected",
     "row 2 (line 2), column 'p'", args="-t y -p p -l cross_entropy_with_logits", file="p.jsonl")
text("B088", "lists_and_numbers_in_jsonl", '{"y":0,"p":[1,1]}\n{"y":0,"p":1}\n', 3, "not a list of numbers",
     "row 2 (line 2), column 'p'", args="-t y -p p -l cross_entropy_with_logits", file="p.jsonl")
text("B088", "class_beyond_the_list", '{"y":0,"p":[1,1]}\n{"y":2,"p":[1,1]}\n', 3, "class index 2 in 'y'",
     "out of range for 2 class columns",
     "row 2 (line 2), column 'y'", args="-t y -p p -l cross_entropy_with_logits", file="p.jsonl")


@case("B089", value=LOG2)
def sliced_lists(here: Here):
    lists = pa.array([[9.0, 0.0], [9.0, 0.0], [1.0, 1.0], [2.0, 2.0]], pa.list_(pa.float64(), 2))
    return [here.arrow(pa.table({"y": [0, 0, 0, 0], "p": lists}).slice(2)), "-t", "y", "-p", "p", "-l",
            "cross_entropy_with_logits", "-q"]


@case("B090", value=float(np.float32(0.1)))
def many_small_float32(here: Here):
    """A running sum in float32 would be off by percents."""
    return here.parquet({"y": np.zeros(2_000_000, np.float32), "p": np.full(2_000_000, 0.1, np.float32)})


@case("B091", 5, "nothing to score: 0 rows", "in: p.parquet")
def no_row_group(here: Here):
    with pq.ParquetWriter(here.path / "p.parquet", pa.table(SMALL).schema):
        pass
    return "p.parquet"


@case("B091", value=0.5)
def empty_row_group(here: Here):
    table = pa.table(SMALL)
    with pq.ParquetWriter(here.path / "p.parquet", table.schema) as out:
        for piece in (table.slice(0, 0), table, table.slice(0, 0)):
            out.write_table(piece)
    return "p.parquet"


@case("B091", 3, "the file has no columns", "in: p.parquet")
def no_columns(here: Here):
    return here.parquet(pa.table({}))


@case("B091", 3, "the file has no columns", "in: p.arrow")
def no_columns_in_arrow(here: Here):
    return here.arrow(pa.table({}))


@case("B092", value=1.0)
def more_files_than_may_be_open(here: Here):
    for n in range(300):
        here.file("y,p\n1,2\n", f"d/{n}.csv")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (len(list(Path("/proc/self/fd").iterdir())) + 16, hard))
    here.after.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
    return "d"


ODD = {
    "string_view": (pa.array(["1", "2"], pa.string_view()), "text (string)"),
    "binary_view": (pa.array([b"1", b"2"], pa.binary_view()), "binary"),
    "list_view": (pa.array([[1.0], [1.0]], pa.list_view(pa.float64())), "list_view<item: double>"),
    "union": (pa.UnionArray.from_sparse(pa.array([0, 0], pa.int8()), [pa.array([1, 2])]), "sparse_union<"),
    "fixed_binary": (pa.array([b"ab", b"cd"], pa.binary(2)), "fixed_size_binary[2]"),
}


def _odd(name: str, column: pa.Array, shown: str) -> None:
    def make(here: Here):
        return [here.arrow({"y": [1.0, 2.0], "p": column, "ok": [1, 0]}), "-t", "y", "-p", "p", "-l", "mae"]

    def filtered(here: Here):
        return [*make(here), "--where", "ok == 1"]

    make.__name__, filtered.__name__ = f"prediction_is_{name}", f"prediction_is_{name}_filtered"
    for each in (make, filtered):
        case("B087", 3, "column 'p' holds", shown, "numbers are needed", "in: p.arrow")(each)


for _name, (_column, _shown) in ODD.items():
    _odd(_name, _column, _shown)


@case("B086", value=1.0)
def run_end_encoded(here: Here):
    runs = pa.RunEndEncodedArray.from_arrays(pa.array([3], pa.int32()), pa.array([2.0]))
    columns = {"y": [1.0, 1.0, 9.0], "p": runs, "ok": [1, 1, 0]}
    return [here.arrow(columns), *PLAIN, "--where", "ok == 1"]


@case("B086", shows=("p\tx\tmae\t1.0", "p\t(null)\tmae\t2.0"))
def slices_in_the_view_layout(here: Here):
    columns = {"y": [1.0, 1.0, 9.0], "p": [2.0, 3.0, 4.0], "g": pa.array(["x", None, "z"], pa.string_view())}
    return [here.arrow(columns), *PLAIN[:-1], "--by", "g", "--where", "y < 5"]
