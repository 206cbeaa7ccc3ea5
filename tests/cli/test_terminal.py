"""What a person sees: tables, colours and widths on a terminal, names that a locale cannot write, text that attacks."""

from __future__ import annotations

import json
import re
import sys
import unicodedata

import pytest
from processes import PREDS, SCORE, TABLE, TWO, losscli, on_terminal

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, pipes and terminals of POSIX")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "preds.csv").write_text(PREDS)
    return tmp_path


# ---------------------------------------------------------------------------------------------------------- terminals


def test_a_terminal_gets_a_table_with_colours(folder):
    code, shown, err = on_terminal(*TWO, folder=folder)
    assert (code, err) == (0, "")
    assert "\x1b[" in shown
    assert re.sub(r"\x1b\[[0-9;]*m", "", shown) == TABLE


@pytest.mark.parametrize("variables", [{"NO_COLOR": "1"}, {"FORCE_COLOR": "0"}, {"TERM": "dumb"},
                                       {"LOSSCLI_COLOR": "never", "FORCE_COLOR": "1"}], ids=str)  # fmt: skip
def test_a_terminal_without_colours(variables, folder):
    assert on_terminal(*TWO, folder=folder, **variables) == (0, TABLE, "")


def test_an_empty_no_color_says_nothing(folder):
    assert "\x1b[" in on_terminal(*TWO, folder=folder, NO_COLOR="")[1]


def test_colors_are_chosen_by_options_before_the_environment(folder):
    for option in (["--no-color"], ["--color", "never"]):
        assert on_terminal(*TWO, *option, folder=folder, LOSSCLI_COLOR="always") == (0, TABLE, "")
    assert "\x1b[" in losscli(*TWO, "-f", "table", "--color", "always", folder=folder, NO_COLOR="1").stdout
    assert "\x1b[" not in losscli(*TWO, "-f", "table", "--color", "auto", folder=folder, FORCE_COLOR="0").stdout


def test_json_is_short_for_its_format(folder):
    assert (
        losscli(*TWO, "--json", folder=folder, LOSSCLI_FORMAT="csv").stdout
        == losscli(*TWO, "-f", "json", folder=folder).stdout
    )
    done = losscli(*TWO, "-f", "csv", "--json", folder=folder)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("error: --json is -f json, but -f csv is given too\n hint: ")
    assert losscli("-V", folder=folder).stdout == losscli("--version", folder=folder).stdout


def test_a_pipe_gets_plain_lines_whatever_the_variables_say(folder):
    done = losscli(*SCORE, folder=folder, FORCE_COLOR="1", COLUMNS="10")
    assert (done.stdout, done.stderr) == ("model\tloss\tvalue\tcount\np\tmse\t1.078125\t4\n", "")
    forced = losscli(*TWO, "-f", "table", folder=folder, FORCE_COLOR="1", COLUMNS="10")
    assert re.sub(r"\x1b\[[0-9;]*m", "", forced.stdout) == TABLE


@pytest.mark.parametrize("columns", ["0", "1", "abc", "-5", "100000", "", None])
def test_any_width_shows_every_digit(columns, folder):
    code, shown, err = on_terminal(*TWO, folder=folder, COLUMNS=columns, NO_COLOR="1")
    assert (code, err) == (0, "")
    assert "1.07812" in shown
    assert "0.6875" in shown
    assert max(map(len, shown.splitlines())) < 200


def test_a_narrow_terminal_cuts_no_number(folder):
    _, shown, _ = on_terminal(*TWO, folder=folder, COLUMNS="24", NO_COLOR="1")
    assert "1.07812" in shown
    assert "0.6875" in shown
    assert "…" not in shown


@pytest.mark.parametrize("args", [("eval", "-t", "y", "-p", "p", "-l", "mse"), ("rows", "-l", "mse")])
def test_a_terminal_as_input_and_no_file_does_not_wait(args, folder):
    code, shown, err = on_terminal(*args, folder=folder, stdin=True)
    assert (code, shown) == (2, "")
    assert err.startswith("error: no SOURCE was given\n hint: ")


# ----------------------------------------------------------------------------------------------------------- locales


@pytest.fixture
def foreign(folder):
    """Names and texts that are not ASCII; the columns can be asked for without writing them."""
    (folder / "foreign.csv").write_text("y,p_größe,p_日本,land\n1,2,3,größe\n1,2,3,日本\n", encoding="utf-8")
    return folder


# The last is what is left where Python is told not to be wiser than the C locale.
LOCALES = [
    {},
    {"LC_ALL": "C", "LANG": None},
    {"PYTHONIOENCODING": "ascii"},
    {"PYTHONIOENCODING": "latin-1"},
    {"LC_ALL": "C", "LANG": None, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
]


@pytest.mark.parametrize("variables", LOCALES, ids=str)
@pytest.mark.parametrize("format", ["table", "plain", "json", "markdown"])
def test_texts_that_the_locale_cannot_write(variables, format, foreign):
    done = losscli("eval", "foreign.csv", "-t", "y", "-p", "y", "-l", "mse", "--by", "land", "-f", format,
                   folder=foreign, text=False, **variables)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    text = done.stdout.decode(variables.get("PYTHONIOENCODING", "utf-8"))
    if format == "json":
        assert [result["by"] for result in json.loads(text)["results"]] == [{}, {"land": "größe"}, {"land": "日本"}]
    else:
        assert "größe" in text or "gr\\xf6\\xdfe" in text
        assert "日本" in text or "\\u65e5\\u672c" in text


@pytest.mark.parametrize("variables", LOCALES, ids=str)
def test_errors_that_the_locale_cannot_write(variables, foreign):
    done = losscli("eval", "foreign.csv", "-t", "y", "-p", "p", "-l", "mse", folder=foreign, text=False, **variables)
    assert (done.returncode, done.stdout) == (3, b"")
    text = done.stderr.decode(variables.get("PYTHONIOENCODING", "utf-8"))
    assert "the columns are: y, p_größe, p_日本" in text or "p_gr\\xf6\\xdfe, p_\\u65e5\\u672c" in text \
        or "p_größe, p_\\u65e5\\u672c" in text  # fmt: skip


@pytest.mark.parametrize("variables", LOCALES[:-1], ids=str)
def test_names_on_the_command_line(variables, foreign):
    args = ("-t", "p_größe", "-p", "p_日本", "-l", "mse", "-q")
    done = losscli("eval", "foreign.csv", *args, folder=foreign, **variables)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1.0\n", "")


# -------------------------------------------------------------------------------------------------- text that attacks

ATTACKS = {
    "a\x1b[31mb": "a\\x1b[31mb",
    "t\x1b]0;title\x07": "t\\x1b]0;title\\x07",
    "clip\x1b]52;c;YQ==\x07": "clip\\x1b]52;c;YQ==\\x07",
    "c1\x9b31m": "c1\\x9b31m",
    "cr\rback\x08": "cr\\rback\\x08",
    "line\nfeed": "line\\nfeed",
    "bidi\u202egnp": "bidi\\u202egnp",
    "zero\u200bwidth": "zero\\u200bwidth",
    "[red]x[/red]": "[red]x[/red]",
    "[/x]": "[/x]",
    "[link=http://a]b": "[link=http://a]b",
    ":smile:": ":smile:",
    "trail\\": "trail\\",
}


def acting(text, allowed="\n\t"):
    """The characters that would act on a terminal."""
    return {char for char in text if unicodedata.category(char) in ("Cc", "Cf", "Zl", "Zp") and char not in allowed}


@pytest.fixture
def attacked(tmp_path):
    """A file in which every column but y is called like an attack, and so is every class of `side`."""
    names = ['"' + name.replace('"', '""') + '"' for name in ATTACKS]
    rows = [",".join(["0", *["2"] * len(names), name]) for name in names]
    text = "\n".join([",".join(["y", *names, "side"]), *rows]) + "\n"
    (tmp_path / "x.csv").write_text(text, encoding="utf-8", newline="\n")
    return tmp_path


def escaped_cols(name):
    return re.sub(r"([\\,=*:])", r"\\\1", name)


@pytest.mark.parametrize("format", ["table", "plain", "csv", "markdown", "json", "jsonl"])
def test_names_from_data_cannot_act(format, attacked):
    preds = [word for name in ATTACKS for word in ("-p", escaped_cols(name))]
    done = losscli("eval", "x.csv", "-t", "y", *preds, "-l", "mse", "--by", "side", "-f", format, folder=attacked)
    assert (done.returncode, done.stderr) == (0, "")
    assert acting(done.stdout) == set()
    if format in ("table", "plain"):
        for shown in ATTACKS.values():
            assert shown in done.stdout
    if format == "json":
        assert {result["model"] for result in json.loads(done.stdout)["results"]} == set(ATTACKS)


def test_names_from_data_cannot_act_on_a_terminal(attacked):
    preds = [word for name in ATTACKS for word in ("-p", escaped_cols(name))]
    code, shown, err = on_terminal("eval", "x.csv", "-t", "y", *preds, "-l", "mse", folder=attacked, NO_COLOR="1")
    assert (code, err) == (0, "")
    assert acting(shown) == set()
    for text in ATTACKS.values():
        assert text in shown


def test_names_from_data_cannot_act_in_plans_and_errors(attacked):
    first = escaped_cols(next(iter(ATTACKS)))
    plan = losscli("eval", "x.csv", "-t", "y", "-p", first, "-l", "mse", "--by", "bidi\u202egnp", "--plan",
                   folder=attacked)  # fmt: skip
    missing = losscli("eval", "x.csv", "-t", "nope\x1b[2J", "-p", "p", "-l", "mse", folder=attacked)
    usual = losscli("eval", "x.csv", "-l", "mse", folder=attacked)
    wrong = losscli("eval", "x.csv", "-t", "side", "-p", "y", "-l", "mse", folder=attacked)
    weight = losscli("eval", "x.csv", "-t", "y", "-p", "y", "-l", "mse", "--where", "side > 1", folder=attacked)
    assert [done.returncode for done in (plan, missing, usual, wrong, weight)] == [0, 3, 2, 3, 3]
    for done in (plan, missing, usual, wrong, weight):
        assert acting(done.stdout + done.stderr) == set()
        assert len(done.stderr.splitlines()) <= 3


def test_names_of_files_cannot_act(folder):
    no_text = b"\xff\xfe.csv".decode(errors="surrogateescape")
    names = ["a\x1b[31m.csv", "line\nfeed.csv", "bidi\u202e.csv", "[red].csv", no_text]
    for name in names:
        (folder / name).write_text("y,p\n1,1\n")
        for format in ("plain", "json"):
            done = losscli("eval", name, "-t", "y", "-p", "p", "-l", "mse", "-f", format, folder=folder)
            assert (done.returncode, done.stderr) == (0, ""), name
            assert acting(done.stdout) == set()
        broken = losscli("eval", name, "-t", "z", "-p", "p", "-l", "mse", folder=folder)
        assert broken.returncode == 3
        assert acting(broken.stderr) == set()


def test_many_marks_on_one_letter_are_bounded(folder):
    (folder / "marks.csv").write_text("y,a" + "\u0301" * 500 + "\n1,2\n", encoding="utf-8")
    done = losscli("eval", "marks.csv", "-t", "y", "-p", "y", "-p", "a" + "\u0301" * 500, "-l", "mse", "-f", "table",
                   folder=folder)  # fmt: skip
    assert done.returncode == 0
    assert "\u0301" * 10 not in done.stdout


def test_cells_of_a_report_are_no_formulas(folder):
    (folder / "f.csv").write_text("y,p,k\n1,2,=cmd|' /C calc'!A0\n1,2,+1+1\n1,2,@SUM(A1)\n1,2,-3\n")
    done = losscli("eval", "f.csv", "-t", "y", "-p", "p", "-l", "mse", "--by", "k", "-f", "csv", folder=folder)
    assert done.returncode == 0
    cells = [line.split(",")[1] for line in done.stdout.splitlines()[1:]]
    assert cells == ["", "'+1+1", "-3", "'=cmd|' /C calc'!A0", "'@SUM(A1)"]


def test_a_build_server_sees_no_command(folder):
    (folder / "g.csv").write_text("y,::error::x,a ##[error]b,s\n1,2,3,  ::stop-commands::t\n")
    columns = ("-p", "\\:\\:error\\:\\:x", "-p", "a ##[error]b")
    for format in ("plain", "table", "csv", "markdown", "json"):
        done = losscli("eval", "g.csv", "-t", "y", *columns, "-l", "mse", "--by", "s", "-f", format,
                       folder=folder, GITHUB_ACTIONS="true")  # fmt: skip
        assert done.returncode == 0
        assert not re.search(r"^\s*::|##\[", done.stdout, re.MULTILINE)
    wrong = losscli("eval", "g.csv", "-t", "##[x]", "-p", "y", "-l", "mse", folder=folder, GITHUB_ACTIONS="true")
    assert wrong.returncode == 3
    assert not re.search(r"^\s*::|##\[", wrong.stderr, re.MULTILINE)
