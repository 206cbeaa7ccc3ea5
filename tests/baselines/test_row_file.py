"""Row values beside a report, and read back: every format, by number and by key, and what may be wrong with a file."""

from __future__ import annotations

import bz2
import gzip
import io
import json

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typed_request import typed_request

import losscli
from losscli.baselines import key_index
from losscli.baselines.row_file import read_rows, terms_of
from losscli.binding import row_columns
from losscli.binding.encoded_labels import EncodedLabels
from losscli.cli import eval as eval_command
from losscli.cli import merge as merge_command
from losscli.cli import rows_output, scoring
from losscli.cli.option_values import RowsFile
from losscli.cli.read_options import eval_options
from losscli.errors import DataError, LosscliError, UsageError
from losscli.execution.prepare import Data, prepare
from losscli.execution.row_values import row_values
from losscli.io import batches as batch
from losscli.io.formats import text_windows as windows
from losscli.io.write.tables import ColumnSpec, open_table

FORMATS = ("csv", "tsv", "jsonl", "parquet", "arrow")
ROWS = 300
SCORE = ("-t", "y", "-p", "p", "-p", "q", "-l", "huber:delta=2", "-l", "rmse", "-l", "total=0.7*mse+0.3*mae")


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Many stretches out of small files."""
    monkeypatch.setattr(windows, "WINDOW", 1_500)
    for module in ("parquet", "in_memory"):
        monkeypatch.setattr(f"losscli.io.formats.{module}.SPLIT_ROWS", 41)
    for module in ("csv", "jsonl"):
        monkeypatch.setattr(f"losscli.io.formats.{module}.BATCH_ROWS", 37)
    monkeypatch.setattr(batch, "BATCH_ROWS", 37)


def data(rows=ROWS):
    rng = np.random.default_rng(4)
    y = rng.normal(size=rows)
    return {
        "id": [f"k{i}" for i in rng.permutation(rows)], "g": [("a", "b")[i] for i in rng.integers(0, 2, rows)],
        "y": y, "p": y + rng.normal(size=rows) * 10.0 ** rng.integers(-12, 3, rows), "q": rng.normal(size=rows),
    }  # fmt: skip


@pytest.fixture
def preds(tmp_path):
    table = data()
    lines = [",".join(table), *(",".join(map(str, row)) for row in zip(*table.values(), strict=True))]
    path = tmp_path / "preds.csv"
    path.write_text("\n".join(lines) + "\n")
    return str(path)


def run(*args, command=eval_command):
    return command.command.main([str(arg) for arg in args], standalone_mode=False)


def coded(names, column="id"):
    return EncodedLabels(np.arange(len(names)), tuple(names), column)


def saved(path, columns, rows=None):
    """A file of these row values: name -> (values, which take part)."""
    count = len(next(iter(columns.values())))
    specs = [ColumnSpec("row", "int"), *(ColumnSpec(name, "float") for name in columns)]
    with open_table(str(path), specs) as table:
        numbers = np.arange(1, count + 1) if rows is None else np.asarray(rows)
        masked = {name: np.array([value is None for value in values]) for name, values in columns.items()}
        values = {name: np.array([0.0 if v is None else v for v in values]) for name, values in columns.items()}
        table.write({"row": numbers, **values}, masked)
    return str(path)


# -- writing ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", FORMATS)
def test_eval_saves_what_rows_gives(suffix, preds, tmp_path, capsys):
    wanted = losscli.row_values(preds, ["huber:delta=2", "rmse", "total=0.7*mse+0.3*mae"],
                                target="y", pred={"p": "p", "q": "q"})  # fmt: skip
    files = []
    for threads in (1, 2, 3):
        path = tmp_path / f"rows{threads}.{suffix}"
        assert run(preds, *SCORE, "--threads", threads, "-o", f"rows={path}", "-o", tmp_path / "r.json") == 0
        files.append(path.read_bytes())
    assert files[0] == files[1] == files[2]
    assert json.loads((tmp_path / "r.json").read_text())["rows"]["used"] == ROWS
    assert f"wrote {ROWS} rows to {path}" in capsys.readouterr().err
    got = read_rows(str(path))
    assert (got.keys, got.count, got.numbers) == ((), ROWS, None)
    assert list(got.columns) == [name for name in wanted if name != "row"]
    for name, values in got.columns.items():
        assert values.dtype == np.float64
        assert np.array_equal(values, wanted[name])
        assert got.taking_part[name] is None
    assert got.positions(np.array([1, 7, ROWS, ROWS + 1, 0]), []).tolist() == [0, 6, ROWS - 1, -1, -1]


def test_the_run_knows_the_bare_name_of_the_file(preds, tmp_path):
    (tmp_path / "out").mkdir()
    path = tmp_path / "out" / "rows.parquet"
    args = [preds, *SCORE, "-q", "-o", f"rows={path}"]
    given = eval_command.command.make_context("eval", [str(arg) for arg in args]).params
    assert scoring.score(eval_options(given)).rows_file == "rows.parquet"
    given["outputs"] = ()
    assert scoring.score(eval_options(given)).rows_file is None


def test_standard_input_is_read_twice(preds, tmp_path, monkeypatch):
    for name, source in (("file", preds), ("stdin", "-")):
        with open(preds, "rb") as file:  # noqa: PTH123
            monkeypatch.setattr("sys.stdin", io.TextIOWrapper(file))
            assert run(source, *SCORE, "-q", "-o", f"rows={tmp_path / name}.csv") == 0
    assert (tmp_path / "file.csv").read_bytes() == (tmp_path / "stdin.csv").read_bytes()


def test_the_rows_are_those_of_the_report(preds, tmp_path):
    path, report = tmp_path / "rows.csv", tmp_path / "r.json"
    assert run(preds, *SCORE, "--where", "g == 'a'", "--by", "g", "-q", "-o", f"rows={path}", "-o", report) == 0
    got = read_rows(str(path))
    of_a = [i for i, g in enumerate(data()["g"]) if g == "a"]
    assert got.count == len(of_a) == json.loads(report.read_text())["rows"]["used"]
    assert (got.numbers - 1).tolist() == of_a
    positions = got.positions(np.arange(1, ROWS + 1), [])
    assert [i for i, at in enumerate(positions) if at >= 0] == of_a
    assert positions[positions >= 0].tolist() == list(range(len(of_a)))


def test_losses_without_row_values_are_left_out_with_a_note(preds, tmp_path, capsys):
    (tmp_path / "w.csv").write_text("w\n1\n2\n")
    path = tmp_path / "rows.csv"
    base = [preds, "-t", "y", "-p", "p", "--table", f"params={tmp_path / 'w.csv'}", "-o", f"rows={path}"]
    assert run(*base, "-l", "mse", "-l", "l2_penalty", "-l", "both=mse+rmse") == 0
    said = capsys.readouterr().err
    assert "l2_penalty, both=mse+rmse: no value per row, so left out of the file of row values" in said
    assert list(read_rows(str(path)).columns) == ["p/mse"]
    path.unlink()
    with pytest.raises(UsageError, match="no loss here has a value per row"):
        run(*base[:1], *base[5:], "-l", "l2_penalty")
    assert not path.exists()


def test_outputs_that_contradict_each_other_are_refused(preds, tmp_path):
    rows = tmp_path / "rows.csv"
    for outputs, words in (
        (["rows=a.csv", "rows=b.csv"], "one file"),
        (["rows=-"], "needs a file"),
        (["rows="], "needs a file"),
        (["rows=a.txt"], "does not name a format"),
        ([f"rows={rows}", str(rows)], "both be written"),
        ([f"rows={preds}"], "is an input"),
        ([f"rows={tmp_path}/none/rows.csv"], "could not write"),
    ):
        with pytest.raises(LosscliError, match=words):
            run(preds, *SCORE, *(arg for output in outputs for arg in ("-o", output)))
    with pytest.raises(UsageError, match="makes no report"):
        run(preds, *SCORE, "--state-out", tmp_path / "state", "-o", f"rows={rows}")
    with pytest.raises(UsageError, match="no row values to write"):
        run("state", "-o", f"rows={rows}", command=merge_command)
    assert not rows.exists()


def test_the_rows_of_the_baseline_are_not_written_over(preds, tmp_path):
    rows, base = tmp_path / "rows.csv", tmp_path / "base.json"
    assert run(preds, *SCORE, "-q", "-o", f"rows={rows}", "-o", base) == 0
    before = rows.read_bytes()
    for output in (rows, tmp_path / "." / "rows.csv"):
        report = json.loads(base.read_text())
        base.write_text(json.dumps({**report, "data": {**report["data"], "rows_file": "rows.csv"}}))
        with pytest.raises(UsageError, match="overwrite the baseline"):
            run(preds, *SCORE, "-q", "--baseline", base, "-o", f"rows={output}")
    assert rows.read_bytes() == before


def test_a_report_in_another_folder_is_noted(preds, tmp_path, capsys):
    (tmp_path / "out").mkdir()
    report = tmp_path / "out" / "r.json"
    assert run(preds, *SCORE, "-o", f"rows={tmp_path / 'rows.csv'}", "-o", report) == 0
    assert f"{report} expects rows.csv in its own folder" in capsys.readouterr().err


def test_an_error_in_the_second_pass_leaves_no_file(preds, tmp_path, monkeypatch):
    def broken(*_):
        yield from ()
        raise DataError("the file has changed")

    monkeypatch.setattr("losscli.execution.row_values.row_values", broken)
    with pytest.raises(DataError, match="has changed"):
        run(preds, *SCORE, "-o", f"rows={tmp_path / 'rows.csv'}", "-o", tmp_path / "r.json")
    assert [path.name for path in tmp_path.iterdir()] == ["preds.csv"]


def test_what_is_asked_for_is_read_from_the_outputs():
    assert rows_output.taken(["a.json", "rows=b.csv", "csv=c"]) == (("a.json", "csv=c"), RowsFile("b.csv"))
    assert RowsFile("some/where/b.csv").name == "b.csv"


# -- keys ------------------------------------------------------------------------------------------------------------

KEYED = {
    "id": ["007", "7", "-5", "=x", "'y", "é", 'a"b,c', " ", "true", "0.5", "x" * 100, "x" * 99 + "y"],
    "k": ["a", "b", "a", "b", "a", "b", "a", "b", "a", "b", "a", "a"],
}


def keyed(path, order, on):
    keys = {name: [KEYED[name][i] for i in order] for name in on}
    truth = {**KEYED, "y": np.arange(12.0)}
    table = {**keys, "p": np.arange(12.0)[order] + np.array(order) / 8}
    request = typed_request("mae", target="y", preds=("p",), on=tuple(on))
    prepared = prepare(request, Data(memory=table, targets=truth, on=tuple(on)))
    (batch,) = row_values(prepared)
    specs = [*(ColumnSpec(name, "text") for name in on), ColumnSpec("mae", "float")]
    with open_table(str(path), specs) as out:
        out.write({**{key.column: key.texts() for key in batch.keys}, "mae": batch.arrays["p/mae"].values})
    return str(path)


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize("on", [("id",), ("id", "k"), ("k", "id")])
@pytest.mark.parametrize("weak", [False, True])
def test_rows_are_found_by_their_keys(suffix, on, weak, tmp_path, monkeypatch):
    if weak:  # many keys share their 64 bits, and texts decide
        monkeypatch.setattr(key_index, "fnv1a_words", lambda texts: np.zeros(len(texts), np.uint64))
    order = np.random.default_rng(2).permutation(12).tolist()
    got = read_rows(keyed(tmp_path / f"rows.{suffix}", order, on))
    assert (got.keys, got.count) == (on, 12)
    strangers = {"id": ["07", "x" * 100], "k": ["a", "b"]}
    batch = [coded([*KEYED[name], *strangers[name]], name) for name in on[::-1]]
    positions = got.positions(np.arange(14), batch)
    assert positions.tolist() == [order.index(i) for i in range(12)] + (
        [-1, -1] if len(on) == 2 else [-1, order.index(10)]
    )
    assert got.columns["mae"][positions[:12]].tolist() == [i / 8 for i in range(12)]
    missing = [EncodedLabels(np.array([0, -1]), key.names, key.column) for key in batch]
    assert got.positions(np.arange(2), missing).tolist() == [order.index(0), -1]


def test_eval_saves_keys_and_rows_may_come_in_another_order(preds, tmp_path):
    table = data()
    truth = tmp_path / "truth.csv"
    truth.write_text("id,t\n" + "".join(f"{key},{y}\n" for key, y in zip(table["id"], table["y"], strict=True)))
    path = tmp_path / "rows.parquet"
    assert (
        run(preds, "--targets", truth, "--on", "id", "-t", "t", "-p", "p", "-l", "mse", "-q", "-o", f"rows={path}") == 0
    )
    got = read_rows(str(path))
    assert got.keys == ("id",)
    shuffled = list(np.random.default_rng(0).permutation(table["id"]))
    positions = got.positions(np.arange(ROWS), [coded(shuffled)])
    assert [table["id"][at] for at in positions] == shuffled
    for names in ([], ["id", "k"], ["other"]):
        with pytest.raises(DataError, match="rows were saved by 'id', but this run identifies them by"):
            got.positions(np.arange(1), [coded(["x"], name) for name in names])
    with pytest.raises(DataError, match="saved by row number"):
        read_rows(saved(tmp_path / "n.csv", {"mse": [1.0]})).positions(np.arange(1), [coded(["x"])])


def test_a_key_is_not_found_by_luck(monkeypatch):
    monkeypatch.setattr(key_index, "fnv1a_words", lambda texts: np.array([len(t.as_py()) for t in texts], np.uint64))
    keys = key_index.KeyIndex.of([pa.array(["a", "bb", "ccc"], pa.large_string())])
    assert not keys.collisions
    assert keys.find([coded(["z", "bb", "ccd", "a", "dddd"])]).tolist() == [-1, 1, -1, 0, -1]


def test_many_keys_are_found(monkeypatch):
    monkeypatch.setattr(key_index, "_AT_ONCE", 1000)
    rng = np.random.default_rng(1)
    names = [str(n) * int(n % 7 + 1) for n in rng.permutation(30_000)]
    keys = key_index.KeyIndex.of([pa.array(names, pa.large_string())])
    assert not keys.collisions
    order = rng.permutation(30_000)
    assert np.array_equal(keys.find([coded([names[i] for i in order])]), order)
    assert (keys.find([coded([f"{name}!" for name in names[:50]])]) == -1).all()


# -- reading ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("suffix", FORMATS)
def test_no_part_and_no_number_are_told_apart_where_the_format_can(suffix, tmp_path):
    columns = {"mse": [1.0, None, np.nan, np.inf, -np.inf, 0.1], "m/mae": [1.0, 2.0, 3.0, 4.0, 5.0, 1e-300]}
    got = read_rows(saved(tmp_path / f"rows.{suffix}", columns, rows=[1, 2, 5, 6, 7, 90]))
    assert np.array_equal(got.columns["m/mae"], columns["m/mae"])
    assert got.taking_part["m/mae"] is None
    if suffix == "jsonl":
        assert got.ambiguous == ("mse",)
        assert got.taking_part["mse"].tolist() == [True, False, False, False, False, True]
        assert np.array_equal(got.columns["mse"], [1.0, *[np.nan] * 4, 0.1], equal_nan=True)
    else:
        assert got.ambiguous == ()
        assert got.taking_part["mse"].tolist() == [True, False, True, True, True, True]
        assert np.array_equal(got.columns["mse"], [1.0, np.nan, np.nan, np.inf, -np.inf, 0.1], equal_nan=True)
    assert got.positions(np.array([1, 3, 5, 90, 91]), []).tolist() == [0, -1, 2, 5, -1]


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_packed_files_are_read(pack, tmp_path):
    plain = read_rows(saved(tmp_path / "rows.csv", {"mse": [0.1, None, 3.0]}))
    path = tmp_path / ("rows.csv.gz" if pack is gzip.compress else "rows.csv.bz2")
    path.write_bytes(pack((tmp_path / "rows.csv").read_bytes()))
    got = read_rows(str(path))
    assert np.array_equal(got.columns["mse"], plain.columns["mse"], equal_nan=True)
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(LosscliError):
        read_rows(str(path))


@pytest.mark.parametrize("suffix", FORMATS)
@pytest.mark.parametrize(
    ("rows", "words", "row"),
    [
        ([1, 2, 2, 4], "row 2 comes twice", 3),
        ([1, 3, 2, 4], "row 2 comes too late", 3),
        ([0, 1, 2, 3], "whole number of at least 1", 1),
    ],
)
def test_numbers_of_rows_are_ascending(suffix, rows, words, row, tmp_path):
    path = saved(tmp_path / f"rows.{suffix}", {"mse": [1.0, 2.0, 3.0, 4.0]}, rows)
    with pytest.raises(DataError, match=words) as caught:
        read_rows(path)
    assert (caught.value.path, caught.value.row, caught.value.column) == (path, row, "row")


def test_order_is_kept_across_batches(tmp_path):
    for last in range(60, 110):  # somewhere here a batch ends
        rows = [*range(1, last + 1), *range(last, 200)]
        path = saved(tmp_path / "rows.csv", {"mse": [0.123456789] * len(rows)}, rows)
        with pytest.raises(DataError, match=f"row {last} comes twice") as caught:
            read_rows(path)
        assert (caught.value.row, caught.value.line) == (last + 1, last + 2)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("row,mse\n", "no rows"),
        ("row\n1\n", "no column of row values"),
        ("y,p\n1,2\n", "not a file of row values"),
        ("mse,mae\n1,2\n", "not a file of row values"),
        ("row,mse\n1.5,2\n", "whole"),
        ("row,mse\n,2\n", "whole"),
        ("row,mse\nx,2\n", "'x' is not a number"),
        ("row,mse\n1,two\n", "'two' is not a number"),
        ("row,mse\n1,2\n2\n", "the row has 1 cell"),
        ("row,mse\n1,2\n2,3", "truncated"),
        ("row,mse,mse\n1,2,3\n", "occurs 2 times"),
        ("id,mse\na,1\nb,2\na,3\n", "duplicate key: 'a'"),
        ("id,mse\na,1\n,2\n", "no key in 'id'"),
    ],
)
def test_other_files_are_refused(text, words, tmp_path):
    path = tmp_path / "rows.csv"
    path.write_text(text)
    with pytest.raises(DataError, match=words) as caught:
        read_rows(str(path))
    assert caught.value.path == str(path)


@pytest.mark.parametrize("suffix", ["parquet", "arrow", "jsonl", "csv"])
def test_files_that_are_cut_off_are_refused(suffix, tmp_path):
    path = tmp_path / f"rows.{suffix}"
    saved(path, {"mse": list(np.random.default_rng(0).normal(size=500))})
    whole = path.read_bytes()
    for size in (len(whole) - 1, len(whole) - 5, len(whole) // 2):
        path.write_bytes(whole[:size])
        if suffix == "jsonl" and size == len(whole) - 1:  # only the end of the last line is gone
            assert read_rows(str(path)).count == 500
            continue
        with pytest.raises(DataError) as caught:
            read_rows(str(path))
        assert caught.value.path == str(path)


def test_keys_twice_are_found_where_words_clash(tmp_path, monkeypatch):
    monkeypatch.setattr(key_index, "fnv1a_words", lambda texts: np.full(len(texts), 5, np.uint64))
    path = tmp_path / "rows.csv"
    path.write_text("id,k,mse\na,1,1\nb,1,2\na,2,3\nb,1,4\n")
    with pytest.raises(DataError, match="duplicate key: 'b, 1'") as caught:
        read_rows(str(path))
    assert caught.value.row == 4


def test_a_key_may_be_called_row_where_types_tell(tmp_path):
    table = pa.table({"row": ["a", "b"], "mse": [1.0, 2.0]})
    pq.write_table(table, tmp_path / "rows.parquet")
    got = read_rows(str(tmp_path / "rows.parquet"))
    assert got.keys == ("row",)
    assert got.positions(np.arange(2), [coded(["b", "a"], "row")]).tolist() == [1, 0]


# -- which column has what -------------------------------------------------------------------------------------------

LINES = ("mse", "huber:delta=2", "rmse", "wmape", "pinball:q=0.9", "both=0.5*mse+2*mae", "mse+mae")


def lines_of(specs, table, **settings):
    request = typed_request(*specs, **settings)
    prepared = prepare(request, Data(memory=table))
    return prepared.plan.lines, list(row_values(prepared))


@pytest.mark.parametrize("preds", [("p",), ("p", "q"), ("a/b=p", "@c=q", "d e=p")])
def test_what_is_written_is_found_under_its_name(preds, tmp_path):
    lines, (first, *_) = lines_of(LINES, data(), target="y", preds=preds)
    got = read_rows(saved(tmp_path / "rows.csv", {name: values for name, (values, _) in first.arrays.items()}))
    assert list(got.columns) == list(first.arrays)
    found = [column for line in lines for terms in terms_of(got, line, line.model) for column in terms.values()]
    assert found == list(first.arrays)
    for line in lines:
        (terms,) = terms_of(got, line, line.model)
        loss = line.jobs[0].spec.loss
        assert set(terms) == (set(loss.combined) if loss.own_combine and not line.spec.is_composite else {None})
        assert terms_of(got, line, "stranger") == ()


def test_terms_that_share_no_row_are_one_column(tmp_path):
    table = {"y": [1, 0, 1, 0], "p": [0.5, 0.25, 0.75, 0.125], "d": [0, 1, 0, 1]}
    lines, (piece,) = lines_of(("gan_discriminator", "lsgan_discriminator"), table, target="y", preds=("p",))
    for line in lines:
        assert terms_of_names(piece.arrays, line) == ({None: f"p/{line.spec.text}"},)


def test_terms_that_share_rows_have_a_column_each():
    (line,), _ = lines_of(("mse",), data(), target="y", preds=("p",))
    names = {"p/mse/one": 0, "p/mse/two": 0, "p/mse/q/mae": 0, "q/mse": 0}
    assert terms_of_names(names, line) == ({"one": "p/mse/one", "two": "p/mse/two"},)
    assert terms_of_names({"p/mse/q/mae": 0}, line) == ()
    assert terms_of_names({**names, "p/mse": 0}, line) == ({None: "p/mse"},)


def terms_of_names(names, line):
    return row_columns.terms_of(names, line, line.model)


def test_a_term_that_has_every_row_has_it_in_any_number_of_chunks(monkeypatch):
    lines, pieces = lines_of(("wmape",), data(), target="y", preds=("p",))
    monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", "7")
    _, cut = lines_of(("wmape",), data(), target="y", preds=("p",))
    for one, other in zip(pieces, cut, strict=True):
        for name, (values, part) in one.arrays.items():
            assert part is None
            assert other.arrays[name].where is None
            assert np.array_equal(other.arrays[name].values, values)
    assert terms_of_names(pieces[0].arrays, lines[0]) == ({"error": "p/wmape/error", "size": "p/wmape/size"},)
