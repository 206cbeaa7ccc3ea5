"""Shards of a run, scored apart and merged: the same bytes as one run, or a refusal that says why."""

from __future__ import annotations

import gzip
import json
import os
import random
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typed_request import typed_request

import losscli
from losscli.aggregate.exact_sum import Sums
from losscli.cli.entry import run
from losscli.errors import UsageError
from losscli.execution import merge_states, packed_arrays, shards, state_file
from losscli.execution.packed_arrays import packed, same, unpacked
from losscli.execution.placed_splits import PlacedSplit
from losscli.execution.shard_plan import ShardPlan
from losscli.execution.shard_state import request_in, request_out
from losscli.execution.shards import cut
from losscli.execution.state_file import Shard, checksum, read_shard
from losscli.io.arrow.build import strings
from losscli.io.files.planned import PlannedFile
from losscli.io.formats import parquet
from losscli.io.formats import text_windows as windows

ROWS = 3000


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch):
    monkeypatch.setattr(windows, "WINDOW", 9000)
    monkeypatch.setattr(parquet, "SPLIT_ROWS", 150)


def table(rows=ROWS, seed=0):
    rng = np.random.default_rng(seed)
    y = rng.standard_normal(rows) * 10.0 ** rng.integers(-12, 12, rows)
    s = rng.random(rows)
    s[::500] = 1 + 5e-7
    return {
        "y": y,
        "p": y + rng.standard_normal(rows),
        "q": y * rng.random(rows),
        "z": y * 1e4,
        "w": rng.integers(0, 3, rows) / 3,
        "b": rng.integers(0, 2, rows),
        "s": s,
        "g": np.array(["north", "süd", "x,\ny", ""])[rng.integers(0, 4, rows)],
        "h": np.array(["a", "b"])[rng.integers(0, 2, rows)],
    }


def write(folder, kind, data):
    """One file of a kind, in many pieces."""
    columns = [[value.item() for value in column] for column in data.values()]
    rows = list(zip(*columns, strict=True))
    path = folder / f"preds.{kind}"
    if kind == "parquet":
        pq.write_table(pa.table(dict(zip(data, columns, strict=True))), path, row_group_size=150)
    elif kind.startswith("jsonl"):
        text = "".join(json.dumps(dict(zip(data, row, strict=True))) + "\n" for row in rows).encode()
        path.write_bytes(gzip.compress(text) if kind.endswith("gz") else text)
    else:
        lines = [",".join(f'"{v}"' if isinstance(v, str) else repr(v) for v in row) for row in rows]
        path.write_text("\n".join([",".join(data), *lines, ""]), encoding="utf-8")
    return str(path)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("files")
    return {kind: write(folder, kind, table()) for kind in ("parquet", "csv", "jsonl", "jsonl.gz")}


def ends(code, *args):
    assert run([str(arg) for arg in args]) == code


def one(folder, args):
    ends(0, "eval", *args, "-o", folder / "one.json")
    return (folder / "one.json").read_bytes()


def states(folder, args, of):
    paths = [folder / f"s{number}of{of}.json" for number in range(1, of + 1)]
    for number, path in enumerate(paths, start=1):
        ends(0, "eval", *args, "--shard", f"{number}/{of}", "--state-out", path)
    return paths


def merged(folder, paths):
    ends(0, "merge", *paths, "-o", folder / "merged.json")
    return (folder / "merged.json").read_bytes()


PLAIN = ("-t", "y", "-p", "p", "-p", "second=q")
RUNS = {
    "models": (*PLAIN, "-l", "mse", "-l", "rmse", "-l", "huber:delta=0.3", "-l", "mix=0.7*mse+0.3*mae"),
    "slices": (*PLAIN, "-l", "mae", "-l", "wmape", "--by", "g", "--by", "h"),
    "derived columns": (
        "-t",
        "y",
        "-p",
        "r",
        "-l",
        "mse",
        "--let",
        "r = p * 0.5 + q",
        "--let",
        "far = abs(r) > 1",
        "--by",
        "far",
        "--where",
        "far == true or w > 0",
    ),
    "weights": (*PLAIN, "-l", "mse", "-w", "w", "--by", "h", "--divide-by", "count"),
    "all rows": (*PLAIN, "-l", "mse", "-l", "rmse", "-w", "w", "--by", "h", "--divide-by", "rows"),
    "of a preset": (*PLAIN, "-l", "mse@keras", "-l", "mae", "-w", "w", "--by", "h"),
    "narrowed by a preset": (
        "-t",
        "b",
        "-p",
        "s",
        "-l",
        "bce@sklearn",
        "-l",
        "bce",
        "-l",
        "mix=0.5*brier@sklearn+mse@keras",
    ),
    "filter": (*PLAIN, "-l", "mse", "--where", 'h == "a" and y > -3', "--reduction", "sum"),
    "not finite": ("-t", "b", "-p", "z", "-l", "poisson_nll_log_rate", "-l", "bce_with_logits", "--by", "h"),
    "classes": ("-t", "b", "-p", "s", "-l", "bce", "-l", "focal", "--class-weight", "balanced", "--by", "h"),
    "labels": ("-t", "h", "-p", "s", "-l", "bce", "--positive", "b", "--class-weight", "a=1,b=0.1"),
}


@pytest.mark.parametrize("name", RUNS)
def test_any_shards_give_the_bytes_of_one_run(name, files, tmp_path, capfd):
    args = (files["parquet"], *RUNS[name])
    expected = one(tmp_path, args)
    for of in (1, 2, 3, 16):
        paths = states(tmp_path, args, of)
        random.Random(of).shuffle(paths)
        assert merged(tmp_path, paths) == expected
    report = json.loads(expected)
    if name == "not finite":
        assert any(result["nonfinite"] for result in report["results"])
    if name in ("classes", "labels"):
        assert "clipped to the bound" in report["warnings"][0]["message"]
        assert report["warnings"][0]["count"] == 6
    capfd.readouterr()


@pytest.mark.parametrize("kind", ["csv", "jsonl", "jsonl.gz"])
def test_every_format_is_cut(kind, files, tmp_path):
    args = (files[kind], *PLAIN, "-l", "mse", "-l", "mae", "--by", "g", "-w", "w")
    paths = states(tmp_path, args, 5)
    assert merged(tmp_path, paths) == one(tmp_path, args)
    read = [json.loads(path.read_text())["reader"]["read"] for path in paths]
    assert sum(read) == ROWS
    assert all(read) if kind != "jsonl.gz" else sorted(read) == [0, 0, 0, 0, ROWS]
    assert max(read) < ROWS / 2 or kind == "jsonl.gz"


def test_several_files_and_folders_that_name_columns(tmp_path):
    for place in ("eu", "us"):
        (tmp_path / f"region={place}").mkdir()
        write(tmp_path / f"region={place}", "parquet", table(700, seed=len(place) + ord(place[0])))
    args = (str(tmp_path), *PLAIN, "-l", "mse", "--by", "region")
    expected = one(tmp_path.parent, args)
    assert [source["rows"] for source in json.loads(expected)["sources"]] == [700, 700]
    out = tmp_path.parent / "out"
    out.mkdir()
    assert merged(out, states(out, args, 3)) == expected


def test_policies_classes_lists_and_tables(tmp_path):
    rng = np.random.default_rng(3)
    vectors = rng.standard_normal((400, 3))
    data = {
        "label": [["cat", "dog", "owl"][i] for i in rng.integers(0, 3, 400)],
        "e": list(vectors),
        "p": [None if i % 50 == 7 else float(i) for i in range(400)],
        "y": [float(i % 7) for i in range(400)],
    }
    data |= {f"z_{name}": rng.standard_normal(400) for name in ("cat", "dog", "owl")}
    source = tmp_path / "x.parquet"
    pq.write_table(pa.table(data), source, row_group_size=40)
    pq.write_table(pa.table({f"c{i}": rng.standard_normal(4) for i in range(3)}), tmp_path / "params.parquet")
    args = (source, "-t", "label", "-p", "z_*", "-l", "cross_entropy_with_logits", "-l", "l2_penalty",
            "--table", f"params={tmp_path / 'params.parquet'}", "--by", "label")  # fmt: skip
    assert merged(tmp_path, states(tmp_path, args, 4)) == one(tmp_path, args)
    args = (source, "-t", "y", "-p", "p", "-l", "mae", "--missing", "drop")
    assert merged(tmp_path, states(tmp_path, args, 3)) == one(tmp_path, args)
    counts = {"read": 400, "used": 392, "dropped": 8, "filtered": 0, "missing": 8, "nan": 0, "lost": 8}
    counts |= {"weightless": 0}
    assert json.loads(one(tmp_path, args))["rows"] == {**counts, "unmatched": {}}
    args = (source, "-c", "anchor=e", "-c", "positive=e", "-c", "negative=e", "-l", "triplet")
    assert merged(tmp_path, states(tmp_path, args, 3)) == one(tmp_path, args)


def test_tables_alone_count_once(tmp_path):
    pq.write_table(pa.table({"c": [1.0, 2.0], "d": [3.0, -4.0]}), tmp_path / "params.parquet")
    args = ("-l", "l1_penalty", "-l", "l2_penalty", "--table", f"params={tmp_path / 'params.parquet'}")
    assert merged(tmp_path, states(tmp_path, args, 3)) == one(tmp_path, args)
    assert json.loads(one(tmp_path, args))["results"][0]["value"] == 10


def test_a_state_of_the_whole_run_and_python(files, tmp_path, capfd):
    args = (files["parquet"], "-t", "y", "-p", "p", "-l", "mse")
    whole = tmp_path / "whole.json"
    ends(0, "eval", *args, "--state-out", whole)
    out, err = capfd.readouterr()
    assert out == ""
    assert err == f"note: wrote shard 1/1 to {whole}: 3,000 rows, 20 of 20 tasks\n"
    expected = losscli.evaluate(files["parquet"], "mse", target="y", pred="p").to_json()
    assert losscli.merge(whole).to_json() == losscli.merge([whole]).to_json() == expected
    ends(0, "merge", whole, "-q")
    assert capfd.readouterr().out == f"{json.loads(expected)['results'][0]['value']!r}\n"
    ends(0, "eval", *args, "--state-out", "-")
    assert capfd.readouterr() == (whole.read_text(), "")


# ------------------------------------------------------------------------------------------------------------- errors


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_an_error_has_its_row_in_the_whole_file(kind, tmp_path, capfd):
    data = table(1000)
    data["y"][700] = np.nan
    args = ("eval", write(tmp_path, kind, data), "-t", "y", "-p", "p", "-l", "mse")
    ends(3, *args)
    expected = capfd.readouterr()
    assert "row 701" in expected.err
    for number in (1, 2, 3, 4):
        code = run([*args, "--shard", f"{number}/4", "--state-out", str(tmp_path / "s.json")])
        shown = capfd.readouterr()
        if code:
            assert (code, shown) == (3, expected)
            break
        (tmp_path / "s.json").unlink()
    assert number == 3
    assert not (tmp_path / "s.json").exists()


def test_what_only_the_end_can_tell_is_told_by_merge(files, tmp_path, capfd):
    def compare(code, *args):
        ends(code, "eval", *args)
        expected = capfd.readouterr()
        paths = states(tmp_path, args, 3)
        capfd.readouterr()
        ends(code, "merge", *paths)
        assert capfd.readouterr() == expected
        return expected.err

    said = compare(3, files["parquet"], "-t", "h", "-p", "s", "-l", "bce", "--positive", "z")
    assert "the positive class label 'z' does not occur in column 'h'" in said
    assert "none of the 3000 rows is left" in compare(5, files["csv"], *PLAIN, "-l", "mse", "--where", "y > 1e300")
    assert "class 'b' has no weight" in compare(3, files["csv"], "-t", "h", "-p", "s", "-l", "bce", "--positive", "b",
                                                "--class-weight", "a=1")  # fmt: skip


def test_the_slices_of_all_shards_are_counted(tmp_path, capfd):
    data = table(600)
    data["g"] = np.array([f"g{i // 120}" for i in range(600)])
    args = (write(tmp_path, "parquet", data), *PLAIN, "-l", "mse", "--by", "g", "--max-slices", "4")
    ends(3, "eval", *args)
    expected = capfd.readouterr()
    paths = states(tmp_path, args, 2)
    capfd.readouterr()
    ends(3, "merge", *paths)
    assert capfd.readouterr() == expected


def test_lists_of_another_width_are_refused(tmp_path, capfd):
    path = tmp_path / "v.parquet"
    lists = [[1.0, 2.0]] * 300 + [[1.0]] * 300
    pq.write_table(pa.table({"a": lists, "b": lists}), path, row_group_size=150)
    args = (path, "-c", "anchor=a", "-c", "positive=b", "-c", "negative=a", "-l", "triplet")
    ends(3, "eval", *args)
    paths = states(tmp_path, args, 2)
    assert "another width" in refused(3, capfd, "merge", *paths)


def test_a_state_is_judged_once_and_read_twice(files, two, capfd, monkeypatch):
    judged, read = [], []
    own_checksum, own_content = state_file.checksum, state_file.content
    monkeypatch.setattr(state_file, "checksum", lambda document: judged.append(1) or own_checksum(document))
    for module in (state_file, merge_states):
        monkeypatch.setattr(module, "content", lambda path: read.append(path) or own_content(path))
    ends(0, "merge", *two, "-q")
    assert len(judged) == 2
    assert sorted(read) == sorted([*map(str, two)] * 2)


def test_a_state_that_changes_between_its_reads_is_refused(two, tmp_path, capfd, monkeypatch):
    own = state_file.content
    changed = [two[0].read_bytes(), two[0].read_bytes() + b" "]
    monkeypatch.setattr(merge_states, "content", lambda path: changed[1] if path == str(two[0]) else own(path))
    assert "the state changed while it was read" in refused(3, capfd, "merge", *two)


@pytest.mark.parametrize("place", ["name", "slice"])
def test_a_slice_that_is_there_twice_is_refused(place, files, tmp_path, capfd):
    paths = states(tmp_path, (files["parquet"], *PLAIN, "-l", "mse", "--by", "h"), 2)
    document = json.loads(paths[0].read_text())
    del document["sha256"]
    ((names, at),) = unpacked(document["totals"]["cells"])
    assert sorted(names.to_pylist()) == ["(null)", "a", "b"]  # the name of null is there in any case
    assert len(at) == 2
    forged = [strings(["a", "a", "b"]), at] if place == "name" else [names, at[[0, 0]]]
    document["totals"]["cells"] = packed([forged])
    paths[0].write_text(json.dumps({**document, "sha256": checksum(document)}))
    assert "damaged" in refused(3, capfd, "merge", *paths)


@pytest.fixture
def two(files, tmp_path):
    return states(tmp_path, (files["parquet"], *PLAIN, "-l", "mse"), 2)


def refused(code, capfd, *args):
    capfd.readouterr()
    ends(code, *args)
    shown = capfd.readouterr()
    assert shown.out == ""
    assert len(shown.err.splitlines()) <= 3
    return shown.err


def test_merge_refuses_what_is_no_whole_run(files, two, tmp_path, capfd):
    three = states(tmp_path, (files["parquet"], *PLAIN, "-l", "mse"), 3)
    said = refused(3, capfd, "merge", three[1])
    assert "shards 1, 3 of 3 are missing" in said
    assert "shard 2 of 2 is missing" in refused(3, capfd, "merge", two[0])
    said = refused(3, capfd, "merge", *three[:2], three[1])
    assert f"shard 2 is given 2 times ({three[1]}, {three[1]}); shard 3 of 3 is missing" in said
    assert "shards of different runs" in refused(3, capfd, "merge", *three, two[0])
    assert "no such file" in refused(4, capfd, "merge", tmp_path / "nowhere.json")
    assert "shards of different runs" in refused(3, capfd, "merge", tmp_path)
    (tmp_path / "empty").mkdir()
    assert "no file matches" in refused(4, capfd, "merge", tmp_path / "empty")


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (("-l", "mae"), "losses"),
        (("-l", "mse", "--by", "h"), "by"),
        (("-l", "mse", "-w", "w"), "weight"),
        (("-l", "mse", "--where", "y > 0"), "where"),
        (("-l", "mse", "--nan", "drop"), "nan"),
        (("-l", "mse", "--null-values", "-"), "null_values"),
    ],
)
def test_states_of_other_settings_are_refused(change, named, files, two, tmp_path, capfd):
    other = tmp_path / "other.json"
    ends(0, "eval", files["parquet"], *PLAIN, *change, "--shard", "2/2", "--state-out", other)
    said = refused(3, capfd, "merge", two[0], other)
    assert "shard 2/2 belongs to a different run than shard 1/2: they differ in " in said
    assert named in said.splitlines()[0].split("differ in ")[1].split(", ")


def test_states_of_other_files_are_refused_and_of_moved_ones_not(files, two, tmp_path, capfd):
    args = (*PLAIN, "-l", "mse", "--shard", "2/2", "--state-out", tmp_path / "other.json")
    ends(0, "eval", write(tmp_path, "parquet", table(seed=5)), *args)
    assert "differ in files" in refused(3, capfd, "merge", two[0], tmp_path / "other.json")
    (tmp_path / "preds.parquet").write_bytes(Path(files["parquet"]).read_bytes())
    ends(0, "eval", tmp_path / "preds.parquet", *args)
    ends(0, "merge", two[0], tmp_path / "other.json")


def test_damaged_and_foreign_files_are_refused(two, tmp_path, capfd, monkeypatch):
    text = two[1].read_text()
    bad = tmp_path / "bad.json"
    bad.write_text(text[: len(text) // 2])
    assert "damaged" in refused(3, capfd, "merge", two[0], bad)
    bad.write_text(text.replace('"used": ', '"used": 1'))
    assert "damaged" in refused(3, capfd, "merge", two[0], bad)
    bad.write_text("[" * 100_000)
    assert "damaged" in refused(3, capfd, "merge", bad)
    for foreign in ("{}", "[]", '{"schema": 3}', '{"schema": "losscli.report/1"}'):
        bad.write_text(foreign)
        assert "not the state of a shard" in refused(3, capfd, "merge", bad)
    document = json.loads(text)
    del document["sha256"]
    for wrong in ({"shard": "0/2"}, {"shard": None}, {"totals": {}}, {"run": []}, {"reader": {"read": "x"}}):
        forged = {**document, **wrong}
        bad.write_text(json.dumps({**forged, "sha256": checksum(forged)}))
        assert "error: " in refused(3, capfd, "merge", two[0], bad)
    bad.write_text(text.replace("losscli.state/3", "losscli.state/4"))
    assert "losscli.state/4" in refused(3, capfd, "merge", bad)
    monkeypatch.setattr("losscli.execution.state_file.__version__", "9.9")
    said = refused(3, capfd, "merge", *two)
    assert "a state of losscli 0.1.0" in said
    assert "this is losscli 9.9" in said


def test_other_arithmetic_is_noted(files, two, tmp_path, capfd, monkeypatch):
    monkeypatch.setattr(shards, "fingerprint", lambda: "another")
    ends(0, "eval", files["parquet"], *PLAIN, "-l", "mse", "--shard", "2/2", "--state-out", two[1])
    capfd.readouterr()
    ends(0, "merge", *two, "-f", "json", "--error-format", "text")
    assert capfd.readouterr().err.startswith("note: the shards come from 2 kinds of CPU")


def test_what_shards_cannot_do_is_refused_before_reading(files, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    out = ("--shard", "1/2", "--state-out", "s.json")
    group = ("eval", "nowhere.csv", "-c", "anchor=a", "-c", "positive=b", "-l", "nt_xent", *out)
    said = refused(2, capfd, *group)
    assert "'nt_xent' needs many rows at once" in said
    assert "hint: a run without --shard scores it" in said
    joined = ("eval", files["csv"], *PLAIN, "-l", "mse", *out, "--targets", "t.csv", "--on", "k")
    assert "does not support joins" in refused(2, capfd, *joined)
    assert "standard input can be read only once" in refused(2, capfd, "eval", "-", *PLAIN, "-l", "mse", *out)
    score = ("eval", files["csv"], *PLAIN, "-l", "mse")
    assert "needs --state-out" in refused(2, capfd, *score, "--shard", "1/2")
    assert "nothing for --output" in refused(2, capfd, *score, *out, "-o", "r.json")
    for wrong in ("0/2", "3/2", "1", "1/0", "a/b", "-1/2", "1/2/3", ""):
        assert "is not a shard" in refused(2, capfd, *score, "--shard", wrong, "--state-out", "s.json")
    assert "is an input" in refused(2, capfd, *score, "--state-out", files["csv"])
    assert list(tmp_path.iterdir()) == []


# ------------------------------------------------------------------------------------------------------------- pieces


class Bytes:
    def __init__(self, size):
        self.size = size


@given(st.lists(st.integers(0, 100), max_size=60), st.integers(1, 20))
def test_the_cut_takes_every_stretch_once_and_in_order(sizes, of):
    placed = [PlacedSplit(i // 3, Bytes(size)) for i, size in enumerate(sizes)]
    found = [cut(placed, Shard(number, of)) for number in range(1, of + 1)]
    assert [each for chosen in found for each in chosen.splits] == placed
    for chosen in found:
        for each in chosen.before:
            assert each.fragment == chosen.splits[0].fragment
            assert placed.index(each) < placed.index(chosen.splits[0])
    loads = [sum(each.split.size or 0 for each in chosen.splits) for chosen in found]
    if sizes and all(sizes):
        assert max(loads) <= sum(sizes) / of + max(sizes)


@pytest.mark.parametrize(("splits", "of"), [(16, 16), (80, 40), (200, 7)])
@pytest.mark.parametrize("spread", [0, 30])
def test_equal_splits_are_spread_evenly(splits, of, spread):
    """Also where each is a little longer or shorter than the others."""
    sizes = 1000 + np.random.default_rng(splits).integers(-spread, spread + 1, splits)
    placed = [PlacedSplit(i, Bytes(int(size))) for i, size in enumerate(sizes)]
    counts = {len(cut(placed, Shard(number, of)).splits) for number in range(1, of + 1)}
    assert counts <= {splits // of, -(-splits // of)}


def test_unequal_splits_are_spread_by_their_bytes():
    """No shard has more than 5 % above its share, planned or not."""
    sizes = np.random.default_rng(1).integers(1, 2000, 1000).tolist()
    placed = [PlacedSplit(i, Bytes(size)) for i, size in enumerate(sizes)]
    plan = ShardPlan(tuple(PlannedFile(f"{i}.csv", size, "a tag", {}) for i, size in enumerate(sizes)), 7, ())
    for given_plan in None, plan:
        loads = [sum(each.size for each in cut(placed, Shard(n, 7), given_plan).splits) for n in range(1, 8)]
        assert sum(loads) == sum(sizes)
        assert max(loads) <= 1.05 * sum(sizes) / 7


@given(st.lists(st.tuples(st.floats(), st.integers(0, 4)), max_size=40))
def test_sums_as_state_and_back(pairs):
    sums = Sums(5)
    sums.grow(5)
    values, slice_ids = np.array([v for v, _ in pairs]), np.array([c for _, c in pairs], np.int64)
    if len(pairs):
        sums.update(values, slice_ids)
    back = Sums.from_state(unpacked(json.loads(json.dumps(packed(sums.state())))))
    for slice_id in range(5):
        assert back.exact(slice_id) == sums.exact(slice_id)
        assert repr(back.non_finite(slice_id)) == repr(sums.non_finite(slice_id))
    one_by_one = Sums(5)
    for value, slice_id in reversed(pairs):
        one_by_one.update(np.array([value]), np.array([slice_id]) if slice_id else None)
    assert same(one_by_one.state(), sums.state())  # however they were added
    again = Sums(5)
    again.merge(back)
    again.merge(sums)
    assert [again.exact(slice_id) for slice_id in range(5)] == [2 * sums.exact(slice_id) for slice_id in range(5)]


@pytest.mark.parametrize(
    "text", ["mse", "huber:delta=0.1", "a=0.1*mse+3*huber:delta=2", "0.7*mse+1e-300*mae", "bce@keras"]
)
def test_requests_as_plain_values_and_back(text):
    request = typed_request(
        text, target="y", preds=("a", "b=c", "m=p_*,q\\,"), columns=("m:anchor=a*", "proto.class=n"),
        tables=("proto=f=g.csv",), where="k == 'u' and (a<1)", class_weight={"x": 0.1, "y": 1e-320}, by=("k",),
    )  # fmt: skip
    assert request_in(json.loads(json.dumps(request_out(request)))) == request


def test_read_shard():
    assert read_shard(" 3/16 ") == Shard(3, 16)
    with pytest.raises(UsageError):
        read_shard("17/16")


def test_slices_of_two_columns_that_come_one_after_the_other(tmp_path):
    """A later split has slices that sort before those of earlier ones."""
    rng = np.random.default_rng(5)
    n = 900
    data = {
        "y": rng.normal(size=n),
        "p": rng.normal(size=n),
        "g": np.arange(n)[::-1] // 100,
        "h": rng.permutation(n) % 7,
    }
    pq.write_table(pa.table(data), tmp_path / "t.parquet", row_group_size=100)
    args = (tmp_path / "t.parquet", "-t", "y", "-p", "p", "-l", "mse", "--by", "g", "--by", "h")
    assert merged(tmp_path, states(tmp_path, args, 2)) == one(tmp_path, args)


def test_a_state_that_is_there_is_kept(tmp_path, capfd):
    """A job that is started again keeps a whole state of the same run, and no other."""
    table_path, state = tmp_path / "t.csv", tmp_path / "s.json"
    table_path.write_text("y,p\n1,2\n3,5\n")
    os.utime(table_path, (1, 1))
    args = ("eval", table_path, "-t", "y", "-p", "p", "-l", "mse", "--shard", "1/1", "--state-out", state)

    def said(*more):
        capfd.readouterr()
        ends(0, *args, *more)
        return capfd.readouterr().err

    assert "wrote shard 1/1" in said()
    text = state.read_bytes()
    assert "kept shard 1/1" in said() and state.read_bytes() == text
    assert "wrote shard 1/1" in said("-l", "mae")  # another request
    assert "wrote shard 1/1" in said()
    state.write_bytes(text[:-50])
    assert "wrote shard 1/1" in said()
    table_path.write_text("y,p\n1,2\n3,9\n")  # as long as before
    os.utime(table_path, (2, 2))
    assert "wrote shard 1/1" in said()
    assert json.loads(merged(tmp_path, [state]))["results"][0]["value"] == 18.5
    state.unlink()
    assert "wrote shard 1/1" in said()


@pytest.mark.parametrize("form", ["{}", "{}/", "{}/*.json", "{}/s[12]of?.json"])
def test_states_in_a_folder(form, files, tmp_path, capfd, monkeypatch):
    """Of a folder its *.json, and of a glob what it matches; a name that is there is no glob."""
    args = (files["csv"], *PLAIN, "-l", "mse")
    folder = tmp_path / "run [1]"
    folder.mkdir()
    states(folder, args, 2)
    (folder / "notes.txt").write_text("no state")
    monkeypatch.chdir(folder)
    expected = one(tmp_path, args)
    assert merged(tmp_path, [form.format("." if "*" in form or "?" in form else folder)]) == expected
    os.rename("s1of2.json", "s[2].json")  # noqa: PTH104
    assert merged(tmp_path, ["s[2].json", "s2of2.json"]) == expected
    ends(0, "merge", ".", "--state-out", tmp_path / "all.json")
    assert losscli.merge(folder).to_json() + "\n" == losscli.merge(tmp_path / "all.json").to_json() + "\n"
    capfd.readouterr()
    assert "no file matches" in refused(4, capfd, "merge", tmp_path / "x*.json")
    assert "is an input" in refused(2, capfd, "merge", ".", "-o", "s2of2.json")


def test_states_of_states(files, tmp_path, capfd):
    """Shards 1-2, 3 and 4-5, merged in two steps, give the bytes of one run; in any other way they are refused."""
    args = (files["parquet"], *PLAIN, "-l", "rmse", "-l", "mae", "--by", "g", "--interval")
    one_each = states(tmp_path, args, 5)
    low, high = tmp_path / "low.json", tmp_path / "high.json"
    ends(0, "merge", one_each[1], one_each[0], "--state-out", low)
    ends(0, "merge", *one_each[3:], "--state-out", high)
    assert "wrote shards 4-5/5" in capfd.readouterr().err
    assert merged(tmp_path, [high, one_each[2], low]) == one(tmp_path, args)
    ends(0, "merge", low, one_each[2], high, "--state-out", tmp_path / "all.json")
    assert merged(tmp_path, [tmp_path / "all.json"]) == one(tmp_path, args)
    capfd.readouterr()
    assert "shard 3 of 5 is missing" in refused(3, capfd, "merge", low, high, "--state-out", tmp_path / "x.json")
    assert "shard 2 is given 2 times" in refused(3, capfd, "merge", low, *one_each[1:])
    assert "nothing for --gate" in refused(
        2, capfd, "merge", low, "--state-out", tmp_path / "x.json", "--gate", "mae<1"
    )
    assert not (tmp_path / "x.json").exists()


@pytest.mark.parametrize(
    "array",
    [np.array([1, -2, 3]), np.array([-0.0, np.nan, 1e300]), np.array([7, -7], np.int32), np.array([True, False]),
     np.zeros(0), strings(["a", "\u6f22\"\\", ""])],
)  # fmt: skip
def test_arrays_in_json_and_back(array):
    back = unpacked(json.loads(json.dumps(packed({"x": [array]}))))["x"][0]
    assert same(back, array)
    assert not same(array[:-1], array) or not len(array)


def test_an_array_takes_no_more_memory_than_it_has(monkeypatch):
    array = packed(np.arange(300_000))  # more than a piece
    before = pa.default_memory_pool().max_memory()
    assert unpacked(array).tolist() == list(range(300_000))
    assert pa.default_memory_pool().max_memory() - before < 8 << 20
    monkeypatch.setattr(packed_arrays, "_MOST_BYTES", 2_399_999)
    with pytest.raises(ValueError, match="too large"):
        unpacked(array)


@pytest.mark.parametrize(
    "wrong",
    [{"dtype": "|O"}, {"dtype": "text"}, {"zstd": "AAAA"}, {"zstd": 3}, {"zstd": ""}, {"more": 1}],
)
def test_a_damaged_array_is_refused(wrong):
    with pytest.raises((ValueError, OSError, TypeError)):
        unpacked({**packed(np.array([1.5])), **wrong})


def _places(value, path=()):
    """The path of every value in a document."""
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield (*path, key)
        yield from _places(item, (*path, key))


@pytest.mark.parametrize("value", [None, 1, "x", 1.5, True, [], {}])
def test_a_field_of_another_type_is_damage(value, tmp_path, capfd, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("a.csv").write_text("y,p,g\n1,2,a\n0,1,b\n1,0,a\n")
    assert run(["eval", "a.csv", "-t", "y", "-p", "p", "-l", "rmse", "--by", "g", "--interval", "-q",
                "--state-out", "s.json"]) == 0  # fmt: skip
    text = Path("s.json").read_text()
    whole = json.loads(text)
    del whole["sha256"]
    for place in _places(whole):
        document = json.loads(json.dumps(whole))
        inside = document
        for key in place[:-1]:
            inside = inside[key]
        same = type(inside[place[-1]]) is type(value)
        inside[place[-1]] = value
        Path("bad.json").write_text(json.dumps({**document, "sha256": checksum(document)}))
        code = run(["merge", "bad.json", "-f", "json"])
        # Another value of the same type may be a state too; what may be absent may be null.
        assert code == 3 or (code in (0, 5) and (same or value in (None, "x", 1) or _unused(place))), (place, code)
        capfd.readouterr()


def _unused(place):
    """Whether nothing is computed or reported of this field; shards of one run must agree in it."""
    return place[:2] in [("run", "files"), ("run", "tasks"), ("run", "cut")]
