"""Row groups that a filter leaves out are not read; reports are the same as if they were."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import losscli
from losscli.execution import scan
from losscli.io.formats.parquet import RowGroupSplit
from losscli.report import render

ROWS, GROUP = 400, 50
NUMBERS = np.arange(ROWS)


@pytest.fixture
def path(tmp_path):
    rng = np.random.default_rng(1)
    words = np.repeat(["alpha", "beta", "test", "test", "train", "train", "valid", "zeta"], GROUP)
    mixed = np.repeat([["10.0", "9"], ["NA", "x"], ["é", "ü"], ["", "a"], ["True", "b"], ["1", "2"], ["p", "q"],
                       ["test", "train"]], GROUP // 2, axis=0).ravel()  # fmt: skip
    nulls = [None if at % 3 == 0 or at // GROUP == 2 else float(at) for at in NUMBERS]
    floats = NUMBERS / 8
    floats[60:70] = np.nan
    table = pa.table({
        "y": rng.normal(size=ROWS), "p": rng.normal(size=ROWS), "n": NUMBERS, "f": floats, "word": words,
        "mixed": mixed, "maybe": pa.array(nulls), "big": pa.array(NUMBERS + 2**53 * (NUMBERS > 300)),
        "small": pa.array(NUMBERS % 100, pa.uint8()), "flag": NUMBERS > 200, "y.x": NUMBERS,
        "s": pa.array([{"x": int(at)} for at in NUMBERS]),
    })  # fmt: skip
    pq.write_table(table, tmp_path / "rows.parquet", row_group_size=GROUP)
    return str(tmp_path / "rows.parquet")


@pytest.fixture
def read(monkeypatch):
    """How many rows were read of the file in the last run."""
    seen: list[int] = []
    plain = RowGroupSplit._read

    def watched(self, first_row):
        seen.append(self.rows)
        return plain(self, first_row)

    monkeypatch.setattr(RowGroupSplit, "_read", watched)
    return seen


def outcome(path: str, where: str, **words: object) -> str:
    try:
        report = losscli.evaluate(path, ["mse", "mae"], target="y", pred="p", where=where, **words)
    except losscli.LosscliError as error:
        return repr(error)
    return render(report.evaluation, "json")


FILTERS = {
    "n == 120": 1, "n < 100": 2, "n <= 100": 3, "n > 349": 1, "n >= 349": 2, "100 > n": 2, "n != 7": 8,
    "n in [1, 2, 399]": 2, "n not in [1]": 8, "n in [1, 399] and word == 'zeta'": 1, "n < 50 or n > 380": 2,
    "n < 10 and not word == 'beta'": 1, "0 <= n < 50": 1, "n == 100000": 0, "f < 6.25": 1, "f == 7.5": 1, "f != 3": 8,
    "word == 'test'": 2, "word == 'test' and n > 150": 1, "word in ['alpha', 'zeta']": 2, "word > 'test'": 8,
    "word == 'tes'": 0, "word == 'true'": 8, "mixed == '10'": 8, "mixed == 'test'": 3, "mixed == 'q'": 3,
    "mixed == 'é'": 3, "maybe > 360": 2, "maybe is null and n < 50": 2, "n < 50 and n is not null": 1, "big < 20": 8,
    "small == 3": 4, "flag and n < 50": 8, "n + 0 < 50": 8, "abs(n) < 50": 8, "n < y": 8, "`y.x` < 50": 1,
    "s.x < 50": 8, "word == 5": 8, "n == '5'": 8, "not n > 50": 8,
}  # fmt: skip
"""Filters, and of how many row groups a row might pass as far as is told from outside."""


@pytest.mark.parametrize("where", FILTERS)
def test_reports_are_the_same_and_rows_that_cannot_pass_are_not_read(path, read, monkeypatch, where):
    found, rows = outcome(path, where), sum(read)
    monkeypatch.setattr(scan, "filtered", lambda plan, source: source.fragments)
    assert outcome(path, where) == found
    if found.startswith("{"):
        assert rows == FILTERS[where] * GROUP


@pytest.mark.parametrize("words", [{"by": "word"}, {"batch_size": 7}, {"interval": True}, {"on": None, "threads": 3}])
def test_the_same_in_other_runs(path, monkeypatch, words):
    words = {name: value for name, value in words.items() if value is not None}
    found = outcome(path, "n < 120 and word in ['alpha', 'test']", **words)
    monkeypatch.setattr(scan, "filtered", lambda plan, source: source.fragments)
    assert outcome(path, "n < 120 and word in ['alpha', 'test']", **words) == found


def test_rows_have_their_numbers(path, tmp_path):
    report = losscli.evaluate(path, "mse", target="y", pred="p", where="n in [60, 399]")
    assert (report.evaluation.rows.read, report.evaluation.rows.filtered, report.evaluation.rows.used) == (400, 398, 2)
    table = pq.read_table(path)
    wrong = table["y"].to_pylist()
    wrong[399] = float("nan")
    pq.write_table(table.set_column(0, "y", pa.array(wrong)), tmp_path / "wrong.parquet", row_group_size=GROUP)
    with pytest.raises(losscli.LosscliError) as caught:
        losscli.evaluate(str(tmp_path / "wrong.parquet"), "mse", target="y", pred="p", where="n > 390")
    assert caught.value.row == 400
