"""Paired comparisons with a baseline: its saved row values give the same as its model in the same run."""

from __future__ import annotations

import json

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest

import losscli
from losscli.cli.entry import run

N = 300
RNG = np.random.default_rng(77)
TARGET = RNG.normal(size=N)
COLUMNS = {
    "id": [f"k{i}" for i in range(N)],
    "y": TARGET.tolist(),
    "old": (TARGET + 0.5 * RNG.normal(size=N)).tolist(),
    "new": (TARGET + 0.5 * RNG.normal(size=N)).tolist(),
    "w": RNG.uniform(0, 2, N).tolist(),
    "site": [("x", "y", "z")[i % 3] for i in range(N)],
    "prob": RNG.uniform(0.1, 0.9, N).tolist(),
    "domain": RNG.integers(0, 2, N).tolist(),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    table = pa.table(COLUMNS)
    pa.csv.write_csv(table, "data.csv")
    pa.csv.write_csv(table.select(["id", "y"]), "truth.csv")
    pa.csv.write_csv(table.drop_columns(["y"]), "predictions.csv")
    order = pa.array(np.random.default_rng(1).permutation(N))
    pa.csv.write_csv(table.drop_columns(["y"]).take(order), "shuffled.csv")
    return tmp_path


def saved(*options, source="data.csv", rows="rows.parquet"):
    assert run(["eval", source, "-t", "y", "-p", "m=old", *options, "-o", "base.json", "-o", f"rows={rows}", "-q"]) == 0


def judged(*options, source="data.csv", code=0):
    """The gates of the new model's run."""
    done = run(["eval", source, "-t", "y", "-p", "m=new", *options, "--baseline", "base.json", "-o", "now.json", "-q"])
    assert done == code
    with open("now.json", encoding="utf-8") as file:  # noqa: PTH123
        return json.load(file)["gates"]


CASES = {
    "mse": ["-l", "mse"],
    "rmse": ["-l", "rmse"],
    "weighted": ["-l", "rmse", "-w", "w"],
    "several terms": ["-l", "wmape"],
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("rows", ["rows.parquet", "rows.csv", "rows.jsonl"])
def test_saved_rows_are_another_model(folder, case, rows):
    options = CASES[case]
    saved(*options, rows=rows)
    gate = judged(*options, "--gate", f"{options[1]}<=baseline+50% significant")
    weight = {"weight": "w"} if "-w" in options else {}
    want = losscli.compare("data.csv", options[1], target="y", pred={"old": "old", "new": "new"}, permutations=0,
                           **weight).comparisons[0]  # fmt: skip
    assert gate[0]["interval"] == pytest.approx(list(want.interval), rel=1e-12)
    assert gate[0]["passed"]


def test_terms_of_different_rows(folder):
    loss = "lsgan_discriminator"
    assert run(["eval", "data.csv", "-p", "m=prob", "-t", "domain", "-l", loss, "-o", "base.json",
                "-o", "rows=rows.parquet", "-q"]) == 0  # fmt: skip
    done = run(["eval", "data.csv", "-p", "m=w", "-t", "domain", "-l", loss, "--baseline", "base.json", "-q",
                "-o", "now.json", "--gate", f"{loss}<=baseline+500% significant"])  # fmt: skip
    assert done == 0
    with open("now.json", encoding="utf-8") as file:  # noqa: PTH123
        gate = json.load(file)["gates"][0]
    want = losscli.compare("data.csv", loss, target="domain", pred={"old": "prob", "new": "w"}, permutations=0)
    assert gate["interval"] == pytest.approx(list(want.comparisons[0].interval), rel=1e-12)


def test_slices(folder):
    saved("-l", "mse", "--by", "site")
    gates = judged("-l", "mse", "--gate", "mse<=baseline+50% significant by site")
    want = losscli.compare("data.csv", "mse", target="y", pred={"old": "old", "new": "new"}, by="site", permutations=0)
    assert [gate["by"] for gate in gates] == [{"site": site} for site in "xyz"]
    for gate, pair in zip(gates, want.comparisons[1:], strict=True):
        assert gate["interval"] == pytest.approx(list(pair.interval), rel=1e-12)


def test_keys_find_rows_in_any_order(folder):
    joined = ["--targets", "truth.csv", "--on", "id", "-l", "mse"]
    saved(*joined, source="predictions.csv")
    gates = [judged(*joined, "--gate", "mse<=baseline+50% significant", source=source)[0]["interval"]
             for source in ("predictions.csv", "shuffled.csv")]  # fmt: skip
    assert gates[0] == gates[1]
    # By their numbers the rows of another run would be others.
    saved("-l", "mse")
    assert run(["eval", "shuffled.csv", "-t", "y", "-p", "m=new", *joined, "--baseline", "base.json", "-q",
                "--gate", "mse<=baseline significant"]) == 3  # fmt: skip


def test_threads_and_chunks_change_nothing(folder, monkeypatch):
    saved("-l", "rmse", "-w", "w")
    options = ["-l", "rmse", "-w", "w", "--gate", "rmse<=baseline+50% significant"]
    first = judged(*options)
    monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", "7")
    assert judged(*options, "--threads", "3") == first


def test_a_loss_that_is_shown_fails(folder):
    saved("-l", "mse")
    assert run(["eval", "data.csv", "-t", "y", "-p", "m=w", "-l", "mse", "--baseline", "base.json", "-q",
                "--gate", "mse<=baseline significant"]) == 1  # fmt: skip


def test_row_values_of_another_run_are_refused(folder, capsys):
    saved("-l", "mse")
    table = losscli.row_values("data.csv", "mse", target="y", pred={"m": "prob"})
    pa.parquet.write_table(
        pa.table({name: pa.array(np.asarray(v).tolist()) for name, v in table.items()}), "rows.parquet"
    )
    assert run(["eval", "data.csv", "-t", "y", "-p", "m=new", "-l", "mse", "--baseline", "base.json",
                "--gate", "mse<=baseline significant"]) == 3  # fmt: skip
    seen = capsys.readouterr()
    assert seen.out.splitlines()[1:] == []  # the first line is the baseline's own
    assert "the row values saved with the baseline give mse = " in seen.err


def test_rows_that_were_not_saved_are_refused(folder, capsys):
    saved("-l", "mse", "--where", 'site != "z"')
    assert run(["eval", "data.csv", "-t", "y", "-p", "m=new", "-l", "mse", "--baseline", "base.json",
                "--allow-incomparable", "--gate", "mse<=baseline significant"]) == 3  # fmt: skip
    assert "row 3 is not among the saved row values" in capsys.readouterr().err


def test_what_json_cannot_tell_is_refused(folder, capsys):
    """In JSON a null is a row without a part, or one whose value is infinite."""
    with open("sure.csv", "w", encoding="utf-8") as file:  # noqa: PTH123
        file.write("y,p\n1,1\n0,0.5\n1,0.25\n0,1\n")
    assert run(["eval", "sure.csv", "-t", "y", "-p", "p", "-l", "bce", "-o", "base.json", "-o", "rows=rows.jsonl"]) == 0
    assert run(["eval", "sure.csv", "-t", "y", "-p", "p", "-l", "bce", "--baseline", "base.json",
                "--gate", "bce<=baseline significant"]) == 3  # fmt: skip
    assert "is null in some rows" in capsys.readouterr().err


def test_blends_have_no_saved_values(folder, capsys):
    saved("-l", "total=0.5*mse+0.5*mae")
    assert run(["eval", "data.csv", "-t", "y", "-p", "m=new", "-l", "total=0.5*mse+0.5*mae", "--baseline", "base.json",
                "--gate", "total<=baseline significant"]) == 2  # fmt: skip
    assert "compare the models in one run" in capsys.readouterr().err
