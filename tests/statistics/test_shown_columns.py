"""--columns: what stands beside the worst rows, of any type of file, filtered and weighted; nothing else changes."""

from __future__ import annotations

import json

import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.parquet as pq
import pytest

from losscli.cli.entry import run

ROWS = 40
COLUMNS = {
    "y": [0.0] * ROWS,
    "p": [float(n * 7 % ROWS) for n in range(ROWS)],
    "name": [f"n{n}" for n in range(ROWS)],
    "flag": [n % 2 == 0 for n in range(ROWS)],
    "size": [None if n == 17 else n / 2 for n in range(ROWS)],
    "w": [float(n % 3) for n in range(ROWS)],
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOSSCLI_CHUNK_ROWS", "8")
    pq.write_table(pa.table(COLUMNS), "t.parquet")
    pc.write_csv(pa.table(COLUMNS), "t.csv")
    return tmp_path


def worst(capsys, words):
    assert run([*words.split(), "-t", "y", "-p", "p", "-l", "mae", "--show", "--worst", "15", "--json"]) == 0
    (one,) = json.loads(capsys.readouterr().out)["diagnostics"]["losses"]
    return one["worst"]


def expected(rows):
    """The 15 rows with the largest predictions, and their cells as text."""
    order = sorted(rows, key=lambda n: -COLUMNS["p"][n])[:15]
    sizes = {n: "" if n == 17 else f"{n / 2:g}" for n in order}
    return [(n + 1, {"name": f"n{n}", "flag": str(n % 2 == 0).lower(), "size": sizes[n]}) for n in order]


@pytest.mark.parametrize("file", ["t.parquet", "t.csv"])
@pytest.mark.parametrize(
    ("words", "kept"),
    [
        ("", lambda n: True),
        ("--where p>3", lambda n: n * 7 % ROWS > 3),
        ("-w w", lambda n: n % 3 > 0),
        ("-w size --missing drop", lambda n: n not in (0, 17)),
    ],
)
def test_cells_are_those_of_the_row(folder, capsys, file, words, kept):
    found = worst(capsys, f"eval {file} {words} --columns name,flag,size")
    assert [(row["row"], row["keys"]) for row in found] == expected(filter(kept, range(ROWS)))


def test_a_column_does_not_tell_predictions_of_one_key_apart(folder, capsys):
    (folder / "p.csv").write_text("id,p,note\na,1,x\na,2,y\n")
    (folder / "t2.csv").write_text("id,y\na,0\n")
    words = ["eval", "p.csv", "--targets", "t2.csv", "--on", "id", "-t", "y", "-p", "p", "-l", "mae", "--show"]
    assert run(words) == run([*words, "--columns", "note"]) == 3
    assert "Losses" not in capsys.readouterr().out


def test_columns_of_joined_files_stand_beside_the_keys(folder, capsys):
    (folder / "p.csv").write_text("id,p,note\na,1,x\nb,2,y\n")
    (folder / "t2.csv").write_text("id,y,place\nb,0,north\na,0,south\n")
    found = worst(capsys, "eval p.csv --targets t2.csv --on id --columns note,place")
    assert [row["keys"] for row in found] == [
        {"id": "b", "note": "y", "place": "north"},
        {"id": "a", "note": "x", "place": "south"},
    ]
