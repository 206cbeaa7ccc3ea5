"""Errors for programs: the closed list of codes, one line of JSON or one command of GitHub's runner an error.

Every code has a sentence in `losscli help errors` and a command line below that leads to it.
"""

from __future__ import annotations

import ast
import io
import json
import re
import sys
from pathlib import Path

import jsonschema
import pytest

from losscli import report
from losscli.cli import COMMANDS, cli, entry, error_format, help, messages
from losscli.errors import (
    CODES,
    DataError,
    EmptyError,
    ExitCode,
    FileError,
    LosscliError,
    PluginError,
    UsageError,
    did_you_mean,
)
from losscli.report.errors import error_result

ROOT = Path(__file__).parents[2]
SCHEMA = jsonschema.Draft202012Validator(json.loads(report.schema("error")))
FILES = {
    "p.csv": "y,p,w,g,c\n1,1.5,0,a,cat\n2,2,0,b,dog\n",
    "dates.parquet": None,
    "text.csv": "y,p\n1,2\n3,x\n",
    "gap.csv": "y,p\n1,2\n3,\n",
    "nan.csv": "y,p\n1,nan\n",
    "inf.csv": "y,p\n1,inf\n",
    "twice.csv": "y,p,p\n1,2,3\n",
    "short.csv": "y,p\n1\n",
    "latin.csv": "y,p,é\n1,2,3\n".encode("latin-1"),
    "page.csv": "<!doctype html><html></html>",
    "zero.csv": "",
    "head.csv": "y,p\n",
    "chance.csv": "y,p\n1,1.5\n",
    "keys.csv": "k,p\n1,2\n2,3\n",
    "truth.csv": "k,y\n1,2\n3,3\n",
    "truth2.csv": "k,y\n1,2\n1,3\n",
    "half.csv": "y,p\n1,0.5\n0,0.5\n",
    "state.json": "{}",
    "wrong.toml": "[suites.a]\nsauces = []\n",
    "wide.csv": "y,a,b\na,0.5,0.5\n",
    "widths.jsonl": '{"a": [1, 2], "b": [1, 2, 3]}\n',
}
SCORE = "-t y -p p -l mse"
CASES = {
    "USAGE": "help columns losses",
    "USAGE_UNKNOWN_COMMAND": "evl p.csv",
    "USAGE_UNKNOWN_OPTION": "eval p.csv --los mse",
    "USAGE_UNKNOWN_LOSS": "eval p.csv -l hubber",
    "USAGE_BAD_VALUE": "eval p.csv -l mse --nan maybe",
    "USAGE_BAD_PARAMETER": "eval p.csv -l huber:delta=0",
    "USAGE_BAD_FILTER": f"eval p.csv {SCORE} --where y==",
    "USAGE_BAD_EXPRESSION": f"eval p.csv {SCORE} --let q=y+",
    "USAGE_BAD_GATE": f"eval p.csv {SCORE} --gate mae<=1",
    "USAGE_CONFIG": "check --config wrong.toml",
    "USAGE_COLUMNS": "eval p.csv -t y -l mse -c pred",
    "USAGE_CONFLICT": f"eval p.csv {SCORE} --batch-by g --batch-size 2",
    "USAGE_INCOMPLETE": "eval p.csv",
    "DATA": f"eval p.csv {SCORE} --by g --max-slices 1",
    "DATA_MISSING_COLUMN": "eval p.csv -t why -p p -l mse",
    "DATA_DUPLICATE_COLUMN": f"eval twice.csv {SCORE}",
    "DATA_WRONG_TYPE": f"eval dates.parquet {SCORE}",
    "DATA_MISMATCH": "eval widths.jsonl -c anchor=a -c positive=b -c negative=a -l triplet",
    "DATA_BAD_CELL": f"eval text.csv {SCORE}",
    "DATA_BAD_ROW": f"eval short.csv {SCORE}",
    "DATA_ENCODING": f"eval latin.csv {SCORE}",
    "DATA_MISSING_VALUE": f"eval gap.csv {SCORE}",
    "DATA_NAN": f"eval nan.csv {SCORE}",
    "DATA_INFINITE": f"eval inf.csv {SCORE}",
    "DATA_OUT_OF_RANGE": "eval chance.csv -t y -p p -l bce",
    "DATA_UNKNOWN_CLASS": "eval p.csv -t c -p p -l bce",
    "DATA_DUPLICATE_KEY": f"eval keys.csv --targets truth2.csv --on k {SCORE}",
    "DATA_UNMATCHED_KEY": f"eval keys.csv --targets truth.csv --on k {SCORE}",
    "DATA_WRONG_FORMAT": f"eval page.csv {SCORE}",
    "DATA_CORRUPT_FILE": f"eval zero.csv {SCORE}",
    "DATA_BAD_REPORT": "merge state.json",
    "DATA_NOT_COMPARABLE": f"eval p.csv {SCORE} --baseline other.json",
    "DATA_NO_DESCENT": "descend half.csv -t y -p p -l bce --method temperature",
    "IO_NOT_FOUND": f"eval nothing.csv {SCORE}",
    "IO_PERMISSION": f"eval p.csv {SCORE} -o json=.",
    "IO_NETWORK": f"eval http://127.0.0.1:9/p.csv {SCORE}",
    "EMPTY_NO_ROWS": f"eval head.csv {SCORE}",
    "EMPTY_ALL_WEIGHTS_ZERO": f"eval p.csv {SCORE} -w w",
}
# Raised by other means than a command line.
RAISED = {
    "IO": OSError(5, "Input/output error"),
    "IO_NO_SPACE": OSError(28, "No space left on device"),
    "IO_MEMORY": MemoryError(),
    "EMPTY": EmptyError("nothing"),
    "INTERNAL_BUG": KeyError("x"),
    "INTERNAL_PLUGIN": PluginError("'mine' raised KeyError"),
    "IO_CLUSTER": FileError("no workers", code="IO_CLUSTER"),
    "USAGE_MISSING_PACKAGE": UsageError("no dask", code="USAGE_MISSING_PACKAGE"),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    import pyarrow as pa
    import pyarrow.parquet as pq

    for name, content in FILES.items():
        if content is None:
            pq.write_table(pa.table({"y": pa.array([1], pa.date32()), "p": [1.0]}), tmp_path / name)
        else:
            (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LOSSCLI_REMOTE_RETRIES", "0")
    monkeypatch.delenv("GITHUB_WORKSPACE", raising=False)
    return tmp_path


def failing(monkeypatch, error):
    """Every command line ends in this error."""

    def raises(*_args, **_more):
        raise error

    monkeypatch.setattr(cli, "make_context", raises)


def one_object(err: str) -> dict:
    """The only line of standard error that is about an error."""
    lines = [json.loads(line) for line in err.splitlines()]
    for line in lines:
        SCHEMA.validate(line)
    (found,) = [line for line in lines if line["schema"] == "losscli.error/1"]
    return found


@pytest.mark.parametrize("code", CASES)
def test_a_command_line_for_every_code(code, folder, capfd):
    if code == "IO_NETWORK":
        pytest.importorskip("fsspec", reason="an extra: losscli[remote]")
        pytest.importorskip("aiohttp", reason="an extra: losscli[remote]")
    if code == "DATA_NOT_COMPARABLE":
        assert entry.run(["eval", "chance.csv", *SCORE.split(), "-o", "other.json"]) == 0
        capfd.readouterr()
    exit_code = entry.run(["--error-format", "json", *CASES[code].split()])
    out, err = capfd.readouterr()
    found = one_object(err)
    assert found["code"] == code, found
    assert exit_code == found["exit"] == ExitCode[code.partition("_")[0]]
    assert out == ""


@pytest.mark.parametrize("code", RAISED)
def test_what_is_raised_on_the_way(code, monkeypatch, capfd):
    failing(monkeypatch, RAISED[code])
    exit_code = entry.run(["eval", "--error-format=json"])
    found = one_object(capfd.readouterr().err)
    assert (found["code"], found["exit"]) == (code, exit_code)


def test_every_code_is_documented_and_led_to():
    text = help.read("errors")[1]
    assert re.findall(r"^([A-Z][A-Z_]+)\n  ", text, re.MULTILINE) == list(CODES)
    assert CASES.keys() | RAISED.keys() == set(CODES)
    for code in CODES:
        about = help._below(text, code)
        assert len(about.splitlines()) == 2 and "\n  Fix: " in about, code
    pattern = SCHEMA.schema["$defs"]["error"]["properties"]["code"]["pattern"]
    assert all(re.fullmatch(pattern, code) for code in CODES)


def test_a_code_belongs_to_the_exit_code_of_its_class():
    for kind in (UsageError, DataError, FileError, EmptyError, PluginError, LosscliError):
        assert error_result(kind("x")).code == kind.default_code
        for code in CODES:
            if ExitCode[code.partition("_")[0]] == kind.exit_code:
                assert error_result(kind("x", code=code)).exit == kind.exit_code
            else:
                with pytest.raises(ValueError, match=code):
                    kind("x", code=code)


def test_no_line_of_the_program_mixes_them():
    """The same for errors that no test raises: read off the code."""
    heads = {"UsageError": "USAGE", "DataError": "DATA", "FileError": "IO", "EmptyError": "EMPTY", "error": "DATA",
             "_gap": "DATA"}  # fmt: skip
    seen = 0
    for path in (ROOT / "losscli").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = getattr(node.func, "id", getattr(node.func, "attr", ""))
            for word in node.keywords:
                if word.arg == "code" and name in heads:
                    texts = [n.value for n in ast.walk(word.value) if isinstance(n, ast.Constant)]
                    codes = [text for text in texts if isinstance(text, str)]
                    assert all(c in CODES and c.startswith(heads[name]) for c in codes), f"{path}:{node.lineno}"
                    seen += len(codes)
    assert seen > 150


def test_what_may_have_been_meant_is_a_list(folder, capfd):
    entry.run(["eval", "p.csv", "-l", "hubber", "--error-format", "json"])
    assert one_object(capfd.readouterr().err)["suggestions"] == ["huber"]
    entry.run(["eval", "p.csv", "--los", "mse", "--error-format", "json"])
    assert "--loss" in one_object(capfd.readouterr().err)["suggestions"]
    entry.run(["eval", "pp.csv", "-l", "mse", "--error-format", "json"])
    assert one_object(capfd.readouterr().err)["suggestions"][0] == "p.csv"
    assert did_you_mean("x", ["completely"], "none") == "none"


def test_all_that_is_known_of_a_cell(folder, capfd):
    assert entry.run(["eval", "text.csv", *SCORE.split(), "--error-format", "json"]) == 3
    assert one_object(capfd.readouterr().err) == {
        "schema": "losscli.error/1", "code": "DATA_BAD_CELL", "exit": 3, "message": "'x' is not a number",
        "hint": None, "path": "text.csv", "row": 2, "line": 3, "column": "p", "value": "x", "suggestions": [],
    }  # fmt: skip


# ----------------------------------------------------------------------------------------------------- which of them


class Terminal(io.StringIO):
    def isatty(self):
        return True


@pytest.mark.parametrize(
    ("args", "environment", "spoken"),
    [
        ("eval", {}, "text"),
        ("--error-format json eval", {}, "json"),
        ("eval --error-format=github", {}, "github"),
        ("--error-format json eval --error-format text", {}, "text"),
        ("eval", {"LOSSCLI_ERROR_FORMAT": "json"}, "json"),
        ("eval --error-format text", {"LOSSCLI_ERROR_FORMAT": "json"}, "text"),
        ("eval", {"LOSSCLI_ERROR_FORMAT": ""}, "text"),
        ("eval", {"LOSSCLI_ERROR_FORMAT": "xml"}, "text"),
        ("eval -- --error-format json", {}, "text"),
        ("eval --error-format", {}, "text"),
        ("eval -f json", {}, "json"),
        ("eval -fjsonl", {}, "json"),
        ("eval --format=github", {}, "github"),
        ("eval", {"LOSSCLI_FORMAT": "json"}, "json"),
        ("eval -f csv", {"LOSSCLI_FORMAT": "json"}, "text"),
        ("eval -f json", {"LOSSCLI_ERROR_FORMAT": "text"}, "text"),
    ],
)
def test_which_is_wanted(args, environment, spoken):
    assert error_format.wanted(args.split(), environment, terminal=False) == spoken
    implied = "error" not in args.lower() and "LOSSCLI_ERROR_FORMAT" not in environment
    assert error_format.wanted(args.split(), environment, terminal=True) == ("text" if implied else spoken)


def test_a_person_at_a_terminal_reads_text(folder, monkeypatch):
    monkeypatch.setattr(sys, "stderr", Terminal())
    assert entry.run(["eval", "nothing.csv", *SCORE.split(), "-f", "json"]) == 4
    assert sys.stderr.getvalue().startswith("error: no such file\n")


def test_the_next_command_line_of_a_process_speaks_as_it_asks_itself(folder, capfd):
    assert entry.run(["eval", "nothing.csv", *SCORE.split(), "-f", "json"]) == 4
    assert one_object(capfd.readouterr().err)["code"] == "IO_NOT_FOUND"
    assert error_format.spoken() == "text"


def test_every_command_has_the_option(folder, capfd):
    for name in COMMANDS:
        assert entry.run([name, "--error-format", "text", "--help"]) == 0
        assert "--error-format" in capfd.readouterr().out
        assert entry.run([name, "--error-format", "json", "--nonsense"]) == 2
        assert one_object(capfd.readouterr().err)["code"] == "USAGE_UNKNOWN_OPTION"


def test_a_wrong_format_of_errors_is_an_error(monkeypatch, capfd):
    assert entry.run(["list", "--error-format", "xml"]) == 2
    assert "'xml' is not one of 'text', 'json', 'github'" in capfd.readouterr().err
    monkeypatch.setenv("LOSSCLI_ERROR_FORMAT", "xml")
    assert entry.run(["list"]) == 2
    assert "the environment variable LOSSCLI_ERROR_FORMAT" in capfd.readouterr().err


def test_the_next_run_does_not_speak_like_the_last(folder, capfd):
    entry.run(["eval", "nothing.csv", "-l", "mse", "--error-format", "json"])
    entry.run(["eval", "nothing.csv", "-l", "mse"])
    assert capfd.readouterr().err.splitlines()[1] == "error: no such file"


# ----------------------------------------------------------------------------------------------- all of standard error

SURE = "y,p\n1,0\n1,0.5\n"
SAYING = "sure.csv -t y -p p -l bce -l bce"  # a note (twice), a warning (infinite), with -v a summary


def test_notes_and_warnings_are_lines_too(folder, capfd):
    (folder / "sure.csv").write_text(SURE)
    assert entry.run(["eval", *SAYING.split(), "-v", "-f", "json"]) == 0
    out, err = capfd.readouterr()
    json.loads(out)
    lines = [json.loads(line) for line in err.splitlines()]
    for line in lines:
        SCHEMA.validate(line)
    assert [line["kind"] for line in lines] == ["note", "note", "warning"], lines

    assert entry.run(["eval", *SAYING.split(), "--error-format", "github"]) == 0
    err = capfd.readouterr().err
    assert [line.partition(" ")[0] for line in err.splitlines()] == ["::notice", "::warning"]


def test_help_that_nobody_asked_for_is_one_line(capfd):
    for args in ([], ["eval"], ["completion"]):
        assert entry.run(["--error-format", "json", *args] if args else []) == 2
        out, err = capfd.readouterr()
        assert out == ""
        assert one_object(err)["code"] == "USAGE_INCOMPLETE" if args else err.startswith("Usage: ")


def test_ctrl_c_says_nothing_to_a_program(monkeypatch, capfd):
    for args, said in (["eval"], "Interrupted.\n"), (["eval", "--error-format=json"], ""):
        failing(monkeypatch, KeyboardInterrupt())
        assert entry.run(args) == 130
        assert capfd.readouterr().err == said


def test_the_traceback_of_a_bug_comes_as_notes(monkeypatch, capfd):
    monkeypatch.setenv("LOSSCLI_DEBUG", "1")
    failing(monkeypatch, KeyError("x"))
    assert entry.run(["eval", "--error-format=json"]) == 70
    err = capfd.readouterr().err
    assert one_object(err)["message"] == "this is a bug in losscli: KeyError: 'x'"
    assert any("Traceback" in json.loads(line)["message"] for line in err.splitlines())


HOSTILE = "\x1b[31m##[error]x\n::error::y section_start:1 \u202e\ud800 %"


def test_a_line_of_json_obeys_nobody():
    line = messages.error_line(DataError(HOSTILE, path=HOSTILE, value="v" * 10_000), "json", {})
    assert line.isascii() and line.isprintable()
    assert "##[" not in line and "section_start:" not in line
    found = json.loads(line)
    assert found["message"] == found["path"] == HOSTILE
    assert found["value"].endswith("...") and len(found["value"]) < 3000
    assert json.loads(messages.note_line("note", "##[a] section_end:", "json"))["message"] == "##[a] section_end:"


def test_a_command_of_the_runner_holds_only_ours():
    line = messages.error_line(DataError(HOSTILE, hint="::b\nc", path="a,b:c\n.csv", row=1, line=2), "github", {})
    assert line.startswith("::error title=losscli DATA,file=a%2Cb%3Ac\\n.csv,line=2::")
    assert "\n" not in line and "\x1b" not in line and "##[" not in line
    text = line.partition("line=2::")[2]
    assert (
        text.split("%0A")
        == [
            "\\x1b[31m## [error]x\\n::error::y section_start :1 \\u202e\\ud800 %25",
            "in: a,b:c\\n.csv, row 1 (line 2)",
            "hint: ::b\\nc",
        ]
        or "%0A: :b" in text
    )


@pytest.mark.parametrize(
    ("error", "workspace", "place"),
    [
        (DataError("x", path="p.csv", row=1, line=2), None, ",file=p.csv,line=2"),
        (DataError("x", path="p.csv", row=1), None, ""),  # no text file
        (DataError("x", path="-", row=1, line=2), None, ""),
        (FileError("x", path="p.csv"), None, ""),
        (UsageError("x", path="losscli.toml", line=7, code="USAGE_CONFIG"), None, ",file=losscli.toml,line=7"),
        (DataError("x", path="p.csv", row=1, line=2), "..", ",file={here}/p.csv,line=2"),
        (DataError("x", path="../q.csv", row=1, line=2), ".", ",file=../q.csv,line=2"),
        (DataError("x", path="s3://b/p.csv", row=1, line=2), ".", ",file=s3%3A//b/p.csv,line=2"),
    ],
)
def test_the_place_of_an_annotation(error, workspace, place, folder):
    environment = {} if workspace is None else {"GITHUB_WORKSPACE": str((folder / workspace).resolve())}
    head = messages.error_line(error, "github", environment).partition("::x")[0]
    assert head == f"::error title=losscli {error.code}" + place.format(here=folder.name)


def test_the_schema_is_shown(capfd):
    assert entry.run(["show", "--schema", "error"]) == 0
    assert json.loads(capfd.readouterr().out) == SCHEMA.schema
    jsonschema.Draft202012Validator.check_schema(SCHEMA.schema)
    assert entry.run(["show", "--schema"]) == 0
    assert capfd.readouterr().out == report.schema()
    assert entry.run(["help", "DATA_NAN"]) == 0
    assert "--nan drop" in capfd.readouterr().out
