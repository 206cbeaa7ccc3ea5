"""Models in files of their own: paired by key or by place, and only where the files agree on what the rows are."""

from __future__ import annotations

import gzip
import json

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest
from typed_request import typed_request

from losscli.binding.bind import bind
from losscli.errors import DataError, EmptyError, Location, LosscliError, UsageError
from losscli.execution.engines.threads import Threads
from losscli.execution.evaluate import evaluate
from losscli.execution.prepare import Data, Prepared, prepare
from losscli.io import batches as batch
from losscli.io.arrow.equality import different_rows
from losscli.io.files.open import open_source
from losscli.io.formats import text_windows as windows
from losscli.io.formats.in_memory import from_memory
from losscli.io.join.models import pair_models

ROWS = 300
NAN = float("nan")
KINDS = ("csv", "csv.gz", "tsv", "parquet", "jsonl", "arrow")


@pytest.fixture(params=["small", "large"])
def cuts(request, monkeypatch):
    """Windows far smaller than the files, and of other sizes than the stretches; or one window a file."""
    if request.param == "small":
        shrink(monkeypatch)


def shrink(monkeypatch, window=1_500, split=43):
    monkeypatch.setattr(windows, "WINDOW", window)
    for module in ("parquet", "in_memory"):  # before the numbers that modules copy when they are loaded
        monkeypatch.setattr(f"losscli.io.formats.{module}.SPLIT_ROWS", split)
    for module in ("csv", "jsonl"):
        monkeypatch.setattr(f"losscli.io.formats.{module}.BATCH_ROWS", split)
    monkeypatch.setattr(batch, "SPLIT_ROWS", split)
    monkeypatch.setattr(batch, "BATCH_ROWS", split)


def table(seed, rows=ROWS):
    """The same target for every seed; predictions of its own."""
    targets, own = np.random.default_rng(0), np.random.default_rng(seed + 1)
    y = targets.normal(size=rows) * 10.0 ** targets.integers(-9, 9, rows)
    return {
        "id": [f"k{i:04d}" for i in range(rows)],
        "y": y,
        "w": targets.integers(1, 4, rows).astype(float),
        "g": [f"group {i}" for i in targets.integers(0, 5, rows)],
        "c": [("cat", "dog", "emu")[i] for i in targets.integers(0, 3, rows)],
        "pred": y + own.normal(size=rows),
        "said": [("cat", "dog", "emu")[i] for i in own.integers(0, 3, rows)],
    }


def written(data, path):
    """The path of a file in the format that its name ends in."""
    columns, kind = pa.table(data), path.name.partition(".")[2]
    if kind == "parquet":
        pq.write_table(columns, path, row_group_size=37)
    elif kind == "arrow":
        with pa.ipc.new_file(str(path), columns.schema) as out:
            out.write_table(columns, max_chunksize=61)
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in columns.to_pylist()))
    else:
        plain = path.with_name("plain")
        pc.write_csv(columns, plain, pc.WriteOptions(delimiter="\t" if kind == "tsv" else ","))
        path.write_bytes(gzip.compress(plain.read_bytes()) if kind == "csv.gz" else plain.read_bytes())
    return str(path)


def taken(data, order):
    return {name: [values[i] for i in order] for name, values in data.items()}


def sources(folder, tables, kinds=("csv",)):
    return [
        (f"m{i}", open_source([written(data, folder / f"side{i}.{kinds[i % len(kinds)]}")]))
        for i, data in enumerate(tables)
    ]


SHARED = ("y", "w", "g")
REQUEST = typed_request("rmse", "mae", target="y", preds=("m0=m0:pred", "m1=m1:pred"), weight="w", by=("g",))


def scored(source, request=REQUEST, threads=2):
    plan = bind(request, source.columns, source.types, {})
    return evaluate(Prepared(plan, source, {}), Threads(threads))


def numbers(evaluation):
    return {(r.model, r.spec, *r.by.values()): (r.value, r.count, r.weight) for r in evaluation.results}


def in_one_table(tables, request=REQUEST):
    """What eval says of the predictions side by side in one table."""
    data = dict(tables[0]) | {f"m{i}:{name}": values for i, one in enumerate(tables) for name, values in one.items()}
    return numbers(evaluate(prepare(request, Data(memory=data)), Threads(1)))


def refused(source, request=REQUEST):
    said = set()
    for threads in (1, 2, 3):
        with pytest.raises(LosscliError) as caught:
            scored(source, request, threads)
        error = caught.value
        said.add((type(error), error.message, error.path, error.row, error.line, error.column, error.value, error.hint))
    assert len(said) == 1
    return error


@pytest.mark.usefixtures("cuts")
@pytest.mark.parametrize("on", [(), ("id",)])
@pytest.mark.parametrize("first", KINDS)
def test_files_are_scored_as_one_table_would_be(first, on, tmp_path):
    tables = [table(0), table(1)]
    wanted = in_one_table(tables)
    for second in KINDS:
        order = np.random.default_rng(3).permutation(ROWS) if on else range(ROWS)
        source = pair_models(
            sources(tmp_path, [tables[0], taken(tables[1], order)], (first, second)), (*SHARED, *on), on
        )
        assert numbers(scored(source)) == wanted


@pytest.mark.parametrize("on", [(), ("id",)])
def test_neither_threads_nor_windows_change_a_bit(on, tmp_path, monkeypatch):
    tables = [table(0), table(1)]
    named = sources(tmp_path, tables, ("csv", "jsonl"))
    found = []
    for window, split in ((1 << 22, 1 << 18), (1_500, 43), (700, 19), (60_000, 7)):
        shrink(monkeypatch, window, split)
        found += [scored(pair_models(named, SHARED, on), threads=threads) for threads in (1, 2, 3)]
    assert all(one == found[0] for one in found)
    assert found[0].rows.read == ROWS


@pytest.mark.parametrize("on", [(), ("id",)])
def test_tables_in_memory_and_more_than_two(on):
    tables = [table(i) for i in range(4)]
    preds = tuple(f"m{i}=m{i}:pred" for i in range(4))
    request = typed_request("mse", target="y", preds=preds)
    source = pair_models([(f"m{i}", from_memory(one)) for i, one in enumerate(tables)], SHARED, on)
    assert numbers(scored(source, request)) == in_one_table(tables, request)


def test_a_side_may_be_many_files_and_the_report_counts_all(tmp_path):
    whole, pieces = table(0), table(1)
    for name, some in (("a", range(100)), ("b", range(100, 101)), ("c", range(101, ROWS))):
        written(taken(pieces, some), tmp_path / f"new-{name}.parquet")
    named = [
        ("old", open_source([written(whole, tmp_path / "old.csv")])),
        ("new", open_source([str(tmp_path / "new-*.parquet")])),
    ]
    request = typed_request("mse", target="y", preds=("old=old:pred", "new=new:pred"))
    forth, back = (scored(pair_models(some, SHARED), request) for some in (named, named[::-1]))
    assert {r.model: r.value for r in forth.results} == {r.model: r.value for r in back.results}
    assert forth.sources[0].path == str(tmp_path / "old.csv")
    assert [s.rows for s in forth.sources] == [ROWS, ROWS]
    assert [s.rows for s in back.sources] == [100, 1, 199, ROWS]


def test_classes_of_typed_and_of_text_files_are_the_same(tmp_path):
    columns = {"y": [1, 0, 1, 1], "p": [0.9, 0.2, 0.4, 0.7]}
    typed = open_source([written(columns, tmp_path / "typed.parquet")])
    flags = open_source([written({**columns, "y": [True, False, True, True]}, tmp_path / "flags.parquet")])
    (tmp_path / "text.csv").write_text("y,p\n1.0,0.9\n0,0.2\n1,0.4\n1.00,0.7\n")
    text = open_source([str(tmp_path / "text.csv")])
    request = typed_request("bce", target="y", preds=("a=a:p", "b=b:p"))
    values = set()
    for first, second in ((typed, text), (text, typed), (typed, flags), (typed, typed)):
        values |= {r.value for r in scored(pair_models([("a", first), ("b", second)], ["y"]), request).results}
    assert len(values) == 1


# -- what is shared must agree ---------------------------------------------------------------------------------------


@pytest.mark.usefixtures("cuts")
@pytest.mark.parametrize("on", [(), ("id",)])
@pytest.mark.parametrize(("column", "other"), [("y", 0.5), ("w", 9.0), ("g", "elsewhere")])
def test_a_shared_column_that_differs_is_named_with_both_cells(column, other, on, tmp_path):
    ours, theirs = table(0), table(1)
    theirs[column] = [other if row in (211, 250, 298) else cell for row, cell in enumerate(theirs[column])]
    order = list(range(ROWS))[::-1] if on else list(range(ROWS))
    named = sources(tmp_path, [ours, taken(theirs, order)], ("csv", "parquet"))
    error = refused(pair_models(named, SHARED, on))
    assert isinstance(error, DataError)
    assert (error.row, error.line, error.column, error.path) == (212, 213, column, str(tmp_path / "side0.csv"))
    mine = ours[column][211]
    shown = f"'{mine}'" if isinstance(mine, str) else repr(float(mine)).removesuffix(".0")
    assert error.value == shown
    key = "'" + column + "'" + (" of key 'k0211'" if on else "")
    place = 212 if not on else ROWS - 211
    theirs_shown = "'elsewhere'" if column == "g" else str(other).removesuffix(".0")
    assert error.message == (
        f"{key} is {shown} in {tmp_path / 'side0.csv'}, but {theirs_shown} in {tmp_path / 'side1.parquet'} "
        f"(row {place}); 2 more rows differ"
    )
    assert ("--on" in error.hint) is (not on)


@pytest.mark.parametrize("on", [(), ("id",)])
def test_of_several_the_first_row_is_named_and_nothing_else_is_said_about_its_rows(on):
    tables = [table(0), table(1), table(2)]
    tables[1]["y"][50] += 1
    tables[2]["g"][20] = "elsewhere"
    tables[0]["pred"][21] = NAN  # an error of its own, were these rows scored
    error = refused(pair_models([(f"m{i}", from_memory(one)) for i, one in enumerate(tables)], SHARED, on))
    assert (error.row, error.column) == (21, "g")
    assert "'elsewhere' in 'm2' (row 21); 1 more row differs" in error.message


def test_the_key_of_a_row_after_rows_that_are_dropped():
    ours, theirs = table(0), taken(table(1), range(10, ROWS))
    theirs["y"][90] += 1
    error = refused(pair_models([("m0", from_memory(ours)), ("m1", from_memory(theirs))], SHARED, ["id"], "drop"))
    assert "'y' of key 'k0100'" in error.message
    assert error.row == 101


def test_the_row_of_a_file_among_many(tmp_path):
    ours, theirs = table(0), table(1)
    theirs["y"][250] += 1
    for name, some in (("a", range(200)), ("b", range(200, ROWS))):
        written(taken(theirs, some), tmp_path / f"new-{name}.csv")
    named = [("old", from_memory(ours)), ("new", open_source([str(tmp_path / "new-*.csv")]))]
    for on in ((), ("id",)):
        error = refused(
            pair_models(named, ["y"], on), typed_request("mse", target="y", preds=("a=old:pred", "b=new:pred"))
        )
        assert f"(row 51 of {tmp_path / 'new-b.csv'})" in error.message
        assert error.row == 251


def test_what_only_some_files_have_is_taken_from_the_first(tmp_path):
    ours, theirs = table(0), table(1)
    del theirs["w"], theirs["g"]
    source = pair_models(sources(tmp_path, [ours, theirs]), SHARED)
    assert numbers(scored(source)) == in_one_table([ours, table(1)])
    for name in "wg":
        assert f"{tmp_path}/side1.csv has no column '{name}': that of {tmp_path}/side0.csv is used" in source.notes
    assert any("paired by row order; 'y' must agree row by row" in note for note in source.notes)
    with pytest.raises(DataError, match="no column 'w'"):
        pair_models(sources(tmp_path, [theirs, ours]), SHARED)
    bare = {"pred": theirs["pred"]}
    source = pair_models(sources(tmp_path, [ours, bare]), SHARED)
    assert any("no shared column confirms that they belong together" in note for note in source.notes)
    assert numbers(scored(source)) == in_one_table([ours, table(1)])


@pytest.mark.parametrize(
    ("ours", "theirs", "same"),
    [
        ([1, 2], [1.0, 2.0], True),
        ([1, None], [1.0, None], True),
        ([1.0, NAN], [1.0, NAN], True),
        ([1.0, NAN], [1.0, None], False),
        ([1.0, 0.0], [1.0, None], False),
        ([0.0, 1.0], [-0.0, 1.0], True),
        ([1.0, 2.0], [1.0, np.nextafter(2, 3)], False),
        ([2**53, 2**53 + 1], [2**53, 2**53 + 1], True),
        ([2**53, 2**53 + 1], [2**53, 2**53 + 2], False),
        (["1", "0.50"], [1.0, 0.5], True),
        (["1.0", "1e3"], ["1", "1000"], True),
        (["007", "a"], ["7", "a"], False),
        (["007", "a"], ["007", "a"], True),
        (["", "a"], [None, "a"], True),
        (["a", "b"], ["a", "B"], False),
        (["True", "False"], [True, False], True),
        (["nan", "1"], [NAN, 1.0], True),
        ([[1.0, 2.0], [3.0, NAN]], [[1.0, 2.0], [3.0, NAN]], True),
        ([[1.0, 2.0], [3.0, 4.0]], [[1.0, 2.0], [3.0, 5.0]], False),
        ([[1.0, 2.0], [3.0, 4.0]], [[1.0], [3.0]], False),
        ([[1.0], [3.0, 4.0]], [[1.0], [3.0, 4.0]], True),
        ([[1.0], None], [[1.0], None], True),
    ],
)
def test_cells_are_compared_as_values(ours, theirs, same):
    arrays = [pa.array(ours), pa.array(theirs)]
    variants = [arrays, arrays[::-1]]
    if not isinstance(ours[0], list):
        variants += [[arrays[0].dictionary_encode(), arrays[1]], [arrays[0], arrays[1].dictionary_encode()]]
    for some, other in variants:
        found = different_rows(some, other, "y", Location("a", 1), Location("b", 1))
        assert found.dtype == np.bool_
        assert found.tolist()[1:] == [not same] or (not same and found.any())
        assert found.any() == (not same)
        sliced = different_rows(some[1:], other[1:], "y", Location("a", 1), Location("b", 1))
        assert sliced.tolist() == found.tolist()[1:]


def test_missing_cells_and_nan_follow_the_policies(tmp_path):
    targets = {"y": [1.0, 2.0, None, NAN, 5.0]}
    sides = [from_memory(pa.table({**targets, "pred": [1.0, 2.0, 3.0, 4.0, last]})) for last in (7.0, NAN)]
    source = pair_models([("a", sides[0]), ("b", sides[1])], ["y"])
    request = typed_request("mae", target="y", preds=("a=a:pred", "b=b:pred"), missing="drop", nan="drop")
    got = scored(source, request)
    assert (got.rows.read, got.rows.used, got.rows.dropped) == (5, 2, 3)
    assert [r.count for r in got.results] == [2, 2]


# -- rows without a partner ------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("cuts")
@pytest.mark.parametrize(("left", "right"), [(ROWS, ROWS - 1), (ROWS - 1, ROWS), (ROWS, 40), (40, ROWS), (ROWS, 0)])
def test_without_a_key_files_have_the_same_number_of_rows(left, right, tmp_path):
    tables = [taken(table(i), range(rows)) for i, rows in enumerate((left, right))]
    error = refused(
        pair_models([(f"m{i}", from_memory(pa.table(one, SCHEMA))) for i, one in enumerate(tables)], SHARED)
    )
    assert isinstance(error, DataError)
    assert f"'m0' has {left}, 'm1' has {right}" in error.message
    assert "--on KEY" in error.hint


SCHEMA = pa.table(table(0, 1)).schema


def test_a_row_too_few_is_said_rather_than_that_all_rows_differ(tmp_path):
    tables = [table(0), taken(table(1), [i for i in range(ROWS) if i != 5])]
    assert "numbers of rows" in refused(pair_models(sources(tmp_path, tables), SHARED)).message


@pytest.mark.usefixtures("cuts")
def test_rows_of_three_files_are_cut_to_the_common_ones_and_counted(tmp_path):
    rng = np.random.default_rng(8)
    kept = [np.sort(rng.permutation(ROWS)[: ROWS - cut]) for cut in (60, 30, 10)]
    kept[2] = rng.permutation(kept[2])
    tables = [taken(table(i), order) for i, order in enumerate(kept)]
    common = sorted(set(kept[0]) & set(kept[1]) & set(kept[2]))
    named = sources(tmp_path, tables, ("csv", "parquet", "jsonl"))
    request = typed_request("mse", target="y", preds=tuple(f"m{i}=m{i}:pred" for i in range(3)))
    for threads in (1, 2, 3):
        got = scored(pair_models(named, SHARED, ["id"], "drop"), request, threads)
        assert numbers(got) == in_one_table([taken(table(i), common) for i in range(3)], request)
        said = {warning.message for warning in got.warnings}
        paths = [tmp_path / f"side{i}.{kind}" for i, kind in enumerate(("csv", "parquet", "jsonl"))]
        assert said == {
            f"{len(order) - len(common)} rows of {path} had no match and were left out"
            for order, path in zip(kept, paths, strict=True)
        }
        assert got.rows.read == len(common)


@pytest.mark.parametrize("unmatched", ["error", "drop"])
def test_keys_twice_are_errors(unmatched, tmp_path):
    twice = taken(table(0), [*range(20), 3])
    for tables in ([twice, table(1, 20)], [table(1, 20), twice]):
        error = refused(pair_models(sources(tmp_path, tables), SHARED, ["id"], unmatched))
        assert "1 row repeats a key of an earlier row: 'k0003'" in error.message
        assert error.row == 21


def test_rows_without_a_partner_are_errors_on_either_side(tmp_path):
    few, many = taken(table(0), range(20)), taken(table(1), range(22))
    for tables, path in (([few, many], "side1.csv"), ([many, few], "side0.csv")):
        error = refused(pair_models(sources(tmp_path, tables), SHARED, ["id"]))
        assert "2 of 22 rows: no match in" in error.message
        assert (error.path, error.row) == (str(tmp_path / path), 21)
        assert "--unmatched drop" in error.hint


def test_no_key_in_common(tmp_path):
    tables = [taken(table(0), some) for some in (range(20), range(10, 30), range(20, 40))]
    error = refused(pair_models(sources(tmp_path, tables[:1] + tables[2:]), SHARED, ["id"], "drop"))
    assert isinstance(error, EmptyError)
    assert "'k0000'" in error.message
    assert "'k0020'" in error.message
    tables[2] = taken(table(0), [*range(5), *range(20, 40)])
    error = refused(pair_models(sources(tmp_path, tables), SHARED, ["id"], "drop"))
    assert isinstance(error, EmptyError)
    assert "no key occurs in all of" in error.message


def test_a_missing_key_is_an_error_or_dropped(tmp_path):
    ours = table(0, 5)
    ours["id"][2] = None
    named = [("a", from_memory(ours)), ("b", from_memory(table(1, 5)))]
    request = typed_request("mse", target="y", preds=("a=a:pred", "b=b:pred"))
    assert "1 row has no key" in refused(pair_models(named, SHARED, ["id"]), request).message
    got = scored(pair_models(named, SHARED, ["id"], "drop"), request)
    assert [w.message for w in got.warnings] == [
        "1 row of 'a' had no match and was left out",
        "1 row of 'b' had no match and was left out",
    ]


# -- names -----------------------------------------------------------------------------------------------------------


def test_columns_have_the_name_of_their_file(tmp_path):
    source = pair_models(sources(tmp_path, [table(0, 3), table(1, 3)]), ["y"])
    assert source.columns == (*table(0), *(f"m{i}:{name}" for i in (0, 1) for name in table(0)))
    (fragment,) = source.fragments
    (found,) = fragment.batches({"m1:pred": "number", "pred": "number", "m0:pred": "number", "m1:g": "text"})
    assert found.data.column(1).equals(found.data.column(2))
    assert found.data.column(0).to_pylist() == table(1, 3)["pred"].tolist()
    with pytest.raises(DataError, match="no column 'm2:pred'"):
        list(fragment.batches({"m2:pred": "number"}))


def test_names_that_are_not_clear_are_refused():
    one = from_memory({"y": [1.0], "b:y": [1.0]})
    with pytest.raises(UsageError, match="two files are named 'a'"):
        pair_models([("a", one), ("a", one)], ["y"])
    with pytest.raises(UsageError, match="'b:y' would name two columns"):
        pair_models([("a", one), ("b", one)], ["y"])
    with pytest.raises(UsageError, match="needs at least two"):
        pair_models([("a", one)], ["y"])
    with pytest.raises(DataError, match="no key column 'id'"):
        pair_models([("a", one), ("c", one)], ["y"], ["id"])


def test_keys_can_be_wanted_as_numbers_too(tmp_path):
    for name in "ab":
        (tmp_path / f"{name}.csv").write_text("id,y\n07,1\n8,2\n")
    named = [(name, open_source([str(tmp_path / f"{name}.csv")])) for name in "ab"]
    (fragment,) = pair_models(named, ["y", "id"], ["id"]).fragments
    (found,) = fragment.batches({"id": "number", "b:id": "number", "b:y": "number"})
    assert found.data.to_pylist() == [{"id": 7.0, "b:id": 7.0, "b:y": 1.0}, {"id": 8.0, "b:id": 8.0, "b:y": 2.0}]
