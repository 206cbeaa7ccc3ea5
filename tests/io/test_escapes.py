"""Escaped characters in delimited text: every way to read finds the same cells, lines and errors."""

from __future__ import annotations

import csv
import gzip
import io
import random
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.csv as pc
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from losscli.cli.entry import run
from losscli.errors import DataError, UsageError
from losscli.io.files.open import open_source
from losscli.io.formats import text_windows
from losscli.io.source import ReadAs, ReadOptions

TEXTS: dict[str, ReadAs] = {"k": "text", "v": "text"}
PY: dict[str, ReadAs] = {"p": "number", "y": "number"}


@pytest.fixture(params=[1, 7, 1 << 23], ids=["single bytes", "tiny windows", "whole"])
def window(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(text_windows, "WINDOW", request.param)


def read(path: Path, projection: dict[str, ReadAs], remote: bool = False, **options: Any) -> list[list[Any]]:
    (fragment,) = open_source([str(path)], ReadOptions(escape="\\", **options)).fragments
    splits = fragment.remote_splits(projection) if remote else fragment.splits(projection)
    found, row = [], 1
    for split in splits:
        for batch in split.batches(row):
            row += batch.data.num_rows
            found += [list(values.values()) for values in batch.data.to_pylist()]
    return found


@pytest.mark.parametrize(
    ("content", "options", "expected"),
    [
        ('k,v\n"say \\"hi\\"",b\n', {}, ['say "hi"', "b"]),
        ("k,v\na\\,b,c\\\\\n", {}, ["a,b", "c\\"]),
        ('k,v\n"a""b\\"c",\\"\n', {}, ['a"b"c', '"']),
        ("k,v\na\\\nb,c\\\r\nd\n", {}, ["a\nb", "c\r\nd"]),
        ("k,v\n\\N,x\\N\n", {}, ["\\N", "xN"]),
        ("k,v\nl\\'été,\\é\n", {}, ["l'été", "é"]),
        ('k\tv\n5" pipe\\\t\t"\\\\x\n', {"quote": None, "delimiter": "tab"}, ['5" pipe\t', '"\\x']),
        ("# it\\'s \"odd\nk,v\n#\\\n\\#a,b\n", {"comment": "#"}, ["#a", "b"]),
        ('k  v\n  a\\ b   "c\\" d"  \n', {"delimiter": "blanks"}, ["a b", 'c" d']),
        ("\ufeffk;v\r\na\\;b;c\r\n", {"delimiter": ";"}, ["a;b", "c"]),
        ('x"\\\nk,v\na\\,b,c\n', {"skip_lines": 1}, ["a,b", "c"]),
        ("k,v\na,b\\", {}, ["a", "b\\"]),
    ],
)
def test_cells(tmp_path: Path, window: None, content: str, options: dict[str, Any], expected: list[str]) -> None:
    (tmp_path / "a.csv").write_bytes(content.encode())
    (tmp_path / "a.csv.gz").write_bytes(gzip.compress(content.encode()))
    for name in ("a.csv", "a.csv.gz"):
        for remote in (False, True):
            assert read(tmp_path / name, TEXTS, remote, **options) == [expected]


CELL = st.text(alphabet='ab1é#," \\\n', max_size=6)


@settings(max_examples=150, suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(st.tuples(CELL, CELL), min_size=1, max_size=6),
    size=st.sampled_from([1, 2, 5, 16, 1 << 20]),
    quoted=st.booleans(),
    seed=st.integers(0, 99),
)
def test_what_was_written_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, rows: list[tuple[str, str]], size: int, quoted: bool, seed: int
) -> None:
    """As Arrow and Python's csv module read it, too."""
    rng = random.Random(seed)
    rows = [(k + "k", v + "v") for k, v in rows]

    def spelled(cell: str) -> str:
        if quoted and rng.random() < 0.5:
            return (
                '"' + "".join(rng.choice(['""', '\\"']) if c == '"' else "\\\\" if c == "\\" else c for c in cell) + '"'
            )
        return "".join(f"\\{c}" if c in '\\,"\n' else c for c in cell)

    text = "k,v\n" + "".join(f"{spelled(k)},{spelled(v)}\n" for k, v in rows)
    quote = '"' if quoted else None
    parsing = pc.ParseOptions(quote_char=quote or False, escape_char="\\", newlines_in_values=True)
    by_arrow = pc.read_csv(pa.py_buffer(text.encode()), parse_options=parsing)
    assert [tuple(row.values()) for row in by_arrow.cast(pa.schema([("k", "str"), ("v", "str")])).to_pylist()] == rows
    rules = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    by_python = csv.reader(io.StringIO(text, newline=""), escapechar="\\", **rules)  # type: ignore[arg-type]
    assert [tuple(row) for row in by_python][1:] == rows
    monkeypatch.setattr(text_windows, "WINDOW", size)
    (tmp_path / "a.csv").write_bytes((text if rng.random() < 0.5 else text.rstrip("\n")).encode())
    assert [tuple(row) for row in read(tmp_path / "a.csv", TEXTS, quote=quote)] == rows


@pytest.mark.parametrize(
    ("content", "message", "line"),
    [
        ("p,y\n1,2\\\n\n\n2,x\n", "'2\\n' is not a number", 2),
        ('p,y\n"1",2\n\n2,"x\\""\n', "'x\"' is not a number", 4),
        ("p,y\n1,2\n2\\,3,4,5\n", "the row has 3 cells, the header 2", 3),
        ('p,y\n1,2\n2,"3\\"\n4,5\n', "a quote opened on line 3 is never closed", 3),
        ('p,y\n1,2\n2,"3\\""4\n', "text follows the closing quote", 3),
    ],
)
def test_errors_name_the_line(tmp_path: Path, window: None, content: str, message: str, line: int) -> None:
    (tmp_path / "a.csv").write_text(content)
    with pytest.raises(DataError) as caught:
        read(tmp_path / "a.csv", PY)
    assert message in caught.value.message.replace("\n", "\\n")
    assert caught.value.line == line


@pytest.mark.parametrize(
    ("content", "hint"),
    [
        ('p,y\n1,2\n2,"a\\"b"\n', 'if \\" is a quote inside its cell, use --escape'),
        ("p,y\n1,2\n2,a\\,b\n", "if \\, is a character inside its cell"),
    ],
)
def test_hints(tmp_path: Path, content: str, hint: str) -> None:
    (tmp_path / "a.csv").write_text(content)
    (fragment,) = open_source([str(tmp_path / "a.csv")]).fragments
    with pytest.raises(DataError) as caught:
        list(fragment.batches(PY))
    assert hint in (caught.value.hint or "")


@pytest.mark.parametrize("mark", ["", "\\\\", "a", "1", ",", '"', "é", "\n", "#", ".", "-"])
def test_what_is_no_escape(tmp_path: Path, mark: str) -> None:
    (tmp_path / "a.csv").write_text("p\n1\n")
    with pytest.raises(UsageError, match="escape character"):
        open_source([str(tmp_path / "a.csv")], ReadOptions(escape=mark, comment="#"))


def test_every_door_and_shards(tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(text_windows, "WINDOW", 1 << 10)
    Path("a.csv").write_text("y,p,g\n" + "".join(f'{n},{n + n % 3},"a \\"b\\", c"\n' for n in range(999)))
    asked = ["a.csv", "-t", "y", "-p", "p", "-l", "mae", "--escape", "\\", "--where", "g == 'a \"b\", c'"]
    for threads in ("1", "3"):
        assert run(["eval", *asked, "-q", "--threads", threads]) == 0
        assert capsys.readouterr().out == "1.0\n"
    for shard in (1, 2):
        assert run(["eval", *asked, "--shard", f"{shard}/2", "--state-out", f"{shard}.json"]) == 0
    capsys.readouterr()
    assert run(["merge", "1.json", "2.json", "-q"]) == 0
    assert capsys.readouterr().out == "1.0\n"
    suite = '[suites.a]\nsources="a.csv"\nloss="mae"\ntarget="y"\npred="p"\nescape="\\\\"\n'
    Path("losscli.toml").write_text(suite)
    assert run(["check", "-q"]) == 0
    assert "1.0" in capsys.readouterr().out
