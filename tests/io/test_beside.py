"""Files side by side, by row order: `--beside`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import losscli
from losscli.cli.read_options import read_beside
from losscli.errors import DataError, LosscliError, UsageError
from losscli.io.formats import numpy_arrays

RNG = np.random.default_rng(3)
N = 200
Y = RNG.normal(size=N)
P, Q = Y + RNG.normal(size=N), Y + RNG.normal(size=N)
CLASS = RNG.integers(0, 3, N)
LOGITS = RNG.normal(size=(N, 3))


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name, array in (("y", Y), ("p", P), ("q", Q), ("class", CLASS), ("logits", LOGITS)):
        np.save(f"{name}.npy", array)
    Path("other").mkdir()
    np.save("other/p.npy", Q)
    pd.DataFrame({"id": range(N), "y": Y, "g": np.where(CLASS > 0, "a", "b")}).to_csv("t.csv", index=False)
    Path("p.jsonl").write_text("".join(f'{{"id": {at}, "p": {p!r}}}\n' for at, p in enumerate(P.tolist())))
    return tmp_path


def numbers(report: Any) -> Any:
    return [(r["model"], r["by"], r["spec"], r["terms"]) for r in json.loads(report.to_json())["results"]]


MEMORY = {"y": Y, "p": P, "q": Q, "g": np.where(CLASS > 0, "a", "b"), "id": np.arange(N)}


@pytest.mark.parametrize("rows", [7, 64, 1 << 18])
def test_columns_of_several_files_are_one_table(rows: int, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpy_arrays, "SPLIT_ROWS", rows)
    how: dict[str, Any] = {"losses": ["mse", "mae"], "target": "y", "pred": ["p"], "by": ["g"]}
    expected = numbers(losscli.evaluate(MEMORY, **how))
    for source, others in (("p.npy", ["t.csv"]), ("t.csv", ["p.npy"]), ("t.csv", "p.npy"), ("p.jsonl", ["t.csv"])):
        for threads in (1, 2):
            assert numbers(losscli.evaluate(source, beside=others, threads=threads, **how)) == expected
    assert numbers(losscli.evaluate("p.npy", beside=["y.npy", "t.csv"], **how)) == expected


def test_logits_beside_labels(folder: Path) -> None:
    loss = "cross_entropy_with_logits"
    memory = losscli.evaluate({"z": LOGITS, "c": CLASS}, loss, target="c", pred="z")[0].value
    assert losscli.evaluate("logits.npy", loss, target="class", pred="logits", beside="class.npy")[0].value == memory
    np.savez("a.npz", z=LOGITS)
    np.savez("b.npz", c=CLASS, z=LOGITS)
    assert losscli.evaluate("a.npz:z", loss, target="c", pred="z", beside="b.npz:c")[0].value == memory
    assert losscli.evaluate("a.npz", "mse", target="z[1]", pred="z[2]")[0].value == pytest.approx(
        np.mean((LOGITS[:, 1] - LOGITS[:, 2]) ** 2)
    )


def test_the_report_says_which_files_and_how_many_rows_each_has(folder: Path) -> None:
    report = losscli.evaluate("p.npy", "mse", target="y", pred="p", beside=["t.csv"]).evaluation
    assert [(s.path, s.format, s.rows) for s in report.sources] == [("p.npy", "npy", N), ("t.csv", "csv", N)]
    assert report.rows.read == N and not report.rows.unmatched


def test_other_numbers_of_rows_are_an_error_that_has_them(folder: Path) -> None:
    np.save("short.npy", Y[:-1])
    for source, other in (("p.npy", "short.npy"), ("short.npy", "p.npy")):
        with pytest.raises(DataError, match="differ in their numbers of rows: ") as caught:
            losscli.evaluate(source, "mse", target="short", pred="p", beside=other)
        assert "p.npy has 200" in caught.value.message and "short.npy has 199" in caught.value.message


def test_a_name_for_the_columns_of_a_file(folder: Path) -> None:
    how: dict[str, Any] = {"losses": "mse", "target": "y", "pred": {"one": "p", "two": "q2"}}
    expected = [r.value for r in losscli.evaluate({**MEMORY, "q2": Q}, **how)]
    assert [r.value for r in losscli.evaluate("p.npy", **how, beside={"q2": "other/p.npy", "y": "y.npy"})] == expected
    assert [r.value for r in losscli.evaluate("p.npy", **how, beside={"q2": Q, "y": Y})] == expected
    found = losscli.evaluate("p.npy", "mse", target="truth.y", pred="p", beside={"truth": "t.csv"})
    assert found[0].value == expected[0]


def test_a_column_of_several_files_must_be_the_same_if_it_is_used(folder: Path) -> None:
    assert losscli.evaluate("p.npy", "mse", target="y", pred="p", beside=["t.csv", "y.npy"])[0].count == N
    assert losscli.evaluate("t.csv", "mse", target="y", pred="q", beside=["q.npy", "p.jsonl"], by=["id"])[0].count == N
    with pytest.raises(DataError, match=r"'p' is .* in p\.npy, but .* in other/p\.npy \(row 1\); 199 more") as caught:
        losscli.evaluate("p.npy", "mse", target="y", pred="p", beside=["y.npy", "other/p.npy"])
    assert "--beside NAME=FILE" in (caught.value.hint or "")
    assert losscli.evaluate("y.npy", "mse", target="y", pred="y", beside=["p.npy", "other/p.npy"])[0].value == 0


def test_models_in_files_of_their_own(folder: Path) -> None:
    memory = losscli.compare(MEMORY, "mse", target="y", pred={"a": "p", "b": "q"})
    files = losscli.compare({"a": "p.npy", "b": "q.npy"}, "mse", target="y", beside="y.npy")
    assert files.evaluation.comparisons == memory.evaluation.comparisons and len(files.evaluation.comparisons) == 1


def test_targets_by_key_beside_arrays(folder: Path) -> None:
    np.save("id.npy", np.arange(N)[::-1])
    how: dict[str, Any] = {"target": "y", "pred": "r", "targets": "t.csv", "on": "id"}
    found = losscli.evaluate("id.npy", "mse", **how, beside={"r": P[::-1].copy()})
    assert found[0].value == losscli.evaluate(MEMORY, "mse", target="y", pred="p")[0].value


def test_several_arrays_below_each_other_are_refused_with_the_option_that_puts_them_side_by_side(folder: Path) -> None:
    with pytest.raises(DataError, match="have no column in common") as caught:
        losscli.evaluate(["p.npy", "y.npy"], "mse", target="y", pred="p")
    assert (caught.value.hint or "").startswith("--beside y.npy")
    assert losscli.evaluate(["p.npy", "other/p.npy"], "mse", target="p", pred="p")[0].count == 2 * N


@pytest.mark.parametrize(
    ("source", "beside", "how", "error", "message"),
    [
        ("p.npy", ["p.npy"], {}, UsageError, "p.npy is given twice"),
        ("p.npy", ["./p.npy"], {}, UsageError, "given twice"),
        ("p.npy", {"p": "q.npy"}, {}, UsageError, "'p' would name two columns"),
        (None, ["p.npy"], {}, UsageError, "no SOURCE was given"),
        ("p.npy", ["y.npy"], {"engine": "dask"}, UsageError, "does not support --beside"),
        ("p.npy", [], {"targets": "y.npy"}, UsageError, "--targets needs --on KEY"),
        ("p.npy", ["none.npy"], {}, LosscliError, "no such file"),
    ],
)
def test_what_is_refused(source: Any, beside: Any, how: Any, error: type, message: str, folder: Path) -> None:
    with pytest.raises(error, match=message):
        losscli.evaluate(source, "mse", target="y", pred="p", beside=beside, **how)


def test_name_and_file_in_one_text(folder: Path) -> None:
    Path("a=b.csv").write_text("x\n1\n")
    for text, expected in (
        ("a.npy", (None, "a.npy")), ("m=a.npy", ("m", "a.npy")), ("a=b.csv", (None, "a=b.csv")),
        ("day=1/a.npy", ("day", "1/a.npy")), ("x/day=1/a.npy", (None, "x/day=1/a.npy")),
        ("https://h/a?b=c", (None, "https://h/a?b=c")), ("m=a.npz:p", ("m", "a.npz:p")), ("=a", (None, "=a")),
    ):  # fmt: skip
        assert read_beside(text) == expected
