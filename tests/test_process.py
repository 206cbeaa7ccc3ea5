"""What only a real process shows: pipes, signals, terminals, locales, start-up."""

from __future__ import annotations

import contextlib
import json
import os
import re
import select
import signal
import subprocess
import sys
import threading
import time
import unicodedata
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, pipes and terminals of POSIX")

ROOT = Path(__file__).parent.parent
# As the installed script runs: the working directory is not searched for modules.
LOSSCLI = (sys.executable, "-P", "-c", "from losscli.__main__ import main; main()")
SCORE = ("eval", "preds.csv", "-t", "y", "-p", "p", "-l", "mse")


def environment(**extra):
    """A plain environment with these variables in addition; None takes one out."""
    plain = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "HOME": "/", "TERM": "xterm"}
    return {name: value for name, value in {**plain, **extra}.items() if value is not None}


def losscli(*args, folder, python=(), stdin=subprocess.DEVNULL, text=True, **variables):
    command = (sys.executable, *python, *LOSSCLI[1:], *args)
    return subprocess.run(command, cwd=folder, env=environment(**variables), stdin=stdin, capture_output=True,
                          encoding="utf-8" if text else None, timeout=60)  # fmt: skip


def shell(script, folder, **variables):
    """A script of bash, in which `losscli` is the command."""
    quoted = " ".join(f"'{word}'" for word in LOSSCLI)
    return subprocess.run(["bash", "-c", f'losscli() {{ {quoted} "$@"; }}\n{script}'], cwd=folder, timeout=60,
                          env=environment(**variables), capture_output=True, encoding="utf-8")  # fmt: skip


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "preds.csv").write_text("y,p,q\n1,1.5,1\n2,2,4\n3,5,3\n4,4.25,0\n")
    return tmp_path


# --------------------------------------------------------------------------------------------------- pipes and files


@pytest.mark.parametrize("args", [SCORE, ("list",), ("rows", *SCORE[1:]), ("help", "formats")], ids=lambda a: a[0])
def test_a_reader_who_went_away_is_no_error(args, folder):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*LOSSCLI, *args], cwd=folder, env=environment(), stdout=write, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, timeout=60)  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_the_head_of_a_long_output(folder):
    lines = "".join(f"{i},{i + 0.123456789}\n" for i in range(50_000))
    (folder / "long.csv").write_text("y,p\n" + lines)
    done = shell("losscli rows long.csv -t y -p p -l mse -l mae | head -1; exit ${PIPESTATUS[0]}", folder)
    assert (done.returncode, done.stdout, done.stderr) == (141, "row,p/mse,p/mae\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
@pytest.mark.parametrize("args", [SCORE, ("rows", *SCORE[1:]), ("list",), (*SCORE, "-o", "/dev/full", "-f", "json")])
def test_a_full_disk_under_standard_output(args, folder):
    with open("/dev/full", "wb") as full:
        done = subprocess.run([*LOSSCLI, *args], cwd=folder, env=environment(), stdout=full, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, encoding="utf-8", timeout=60)  # fmt: skip
    assert done.returncode == (4 if "-o" not in args else 2)
    if "-o" not in args:
        assert "No space left on device" in done.stderr
    assert "Traceback" not in done.stderr
    assert "Exception ignored" not in done.stderr


def test_closed_streams(folder):
    score = " ".join(SCORE)
    out = shell(f"losscli {score} >&-", folder)
    assert (out.returncode, out.stdout) == (4, "")
    assert "standard output is closed" in out.stderr
    err = shell(f"losscli {score} -q 2>&-", folder)
    assert (err.returncode, err.stdout) == (0, "1.078125\n")
    assert shell("losscli eval nowhere.csv -t y -p p -l mse 2>&-", folder).returncode == 4
    into = shell("losscli eval - -t y -p p -l mse <&-", folder)
    assert (into.returncode, into.stdout) == (4, "")
    assert "stdin is closed" in into.stderr


def test_pipes_that_have_a_name(folder):
    done = shell("losscli eval <(cat preds.csv) -t y -p p -l mse -q; gzip -c preds.csv > z; "
                 "losscli eval <(cat z) -t y -p p -l mse -q; "
                 "mkfifo pipe.csv; cat preds.csv > pipe.csv & losscli eval pipe.csv -t y -p p -l mse -q", folder)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "1.078125\n" * 3


def test_few_file_descriptors_and_no_home(folder):
    parts = folder / "parts"
    parts.mkdir()
    for number in range(100):
        (parts / f"{number}.csv").write_text("y,p\n1,3\n")
    done = shell("ulimit -n 32; losscli eval parts -t y -p p -l mse", folder, HOME=None, TMPDIR="/nowhere")
    assert (done.returncode, done.stdout, done.stderr) == (0, "model\tloss\tvalue\tcount\np\tmse\t4.0\t100\n", "")


# ------------------------------------------------------------------------------------------------------------ signals


class Fed:
    """A process that is fed rows for as long as it reads, so that it can be stopped in the middle of its work."""

    def __init__(self, *args, folder, endless=True, **variables):
        self.process = subprocess.Popen([*LOSSCLI, *args], cwd=folder, env=environment(**variables),
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)  # fmt: skip
        self.reading = threading.Event()
        self.endless = endless
        self.feeder = threading.Thread(target=self._feed, daemon=True)
        self.feeder.start()
        assert self.reading.wait(30)

    def _feed(self):
        rows = b"1,2\n" * 100_000  # more than a pipe holds: once it is written, the process is reading
        with contextlib.suppress(OSError):
            self.process.stdin.write(b"y,p\n" + rows)
            self.process.stdin.flush()
            self.reading.set()
            while self.endless:
                self.process.stdin.write(rows)

    def stopped_by(self, number):
        """Exit code, what it printed, and how long it took."""
        start = time.perf_counter()
        self.process.send_signal(number)
        code = self.process.wait(30)
        took = time.perf_counter() - start
        out, err = self.process.stdout.read(), self.process.stderr.read()
        self.feeder.join(10)
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.stderr.close()
        return code, out, err.decode(), took


@pytest.mark.parametrize("endless", [True, False], ids=["busy", "waiting"])
def test_interrupted(endless, folder):
    fed = Fed("eval", "-", "-t", "y", "-p", "p", "-l", "mse", folder=folder, endless=endless)
    code, out, err, took = fed.stopped_by(signal.SIGINT)
    assert (code, out, err) == (130, b"", "Interrupted.\n")
    assert took < 1


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("command", [("rows",), ("grad",)])
def test_no_temporary_file_stays(command, number, code, folder):
    work, temporary = folder / "work", folder / "temporary"
    work.mkdir()
    temporary.mkdir()
    (work / "old.csv").write_text("kept\n")
    fed = Fed(*command, "-", "-t", "y", "-p", "p", "-l", "mse", "-o", "old.csv", folder=work, TMPDIR=str(temporary))
    begun = time.perf_counter()
    while not list(work.glob(".losscli-*")) and not list(temporary.iterdir()):
        assert time.perf_counter() < begun + 10, "it has opened no temporary file"
        time.sleep(0.01)
    stopped, out, err, _ = fed.stopped_by(number)
    assert (stopped, out) == (code, b"")
    assert "Traceback" not in err
    assert "Exception" not in err
    assert [path.name for path in work.iterdir()] == ["old.csv"]
    assert (work / "old.csv").read_text() == "kept\n"
    assert list(temporary.iterdir()) == []


# ---------------------------------------------------------------------------------------------------------- terminals


def on_terminal(*args, folder, stdin=False, **variables):
    """Exit code, what stands on the terminal, and standard error; `stdin` is the terminal too or nothing."""
    import pty

    parent, child = pty.openpty()
    process = subprocess.Popen([*LOSSCLI, *args], cwd=folder, env=environment(**variables), stdout=child,
                               stdin=child if stdin else subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip
    os.close(child)
    shown = b""
    deadline = time.perf_counter() + 30
    with contextlib.suppress(OSError):  # the other end is closed
        while time.perf_counter() < deadline:
            ready, _, _ = select.select([parent], [], [], 0.1)
            if ready and not (piece := os.read(parent, 1 << 16)):
                break
            shown += piece if ready else b""
    os.close(parent)
    if process.poll() is None and time.perf_counter() >= deadline:
        process.kill()
        pytest.fail("it hangs")
    err = process.stderr.read().decode()
    process.stderr.close()
    return process.wait(10), shown.decode().replace("\r\n", "\n"), err


TWO = (*SCORE, "-p", "q", "-l", "mae")
TABLE = """\
model         mse        mae
────────────────────────────
p       * 1.07812   * 0.6875
q               5        1.5

4 rows; * best
"""


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
    (folder / "größe.csv").write_text("größe,日本,p\n1,2,3\n", encoding="utf-8")
    return folder


ASCII = {"LC_ALL": "C", "LANG": None, "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


@pytest.mark.parametrize("variables", [ASCII, {"PYTHONIOENCODING": "ascii"}, {"PYTHONIOENCODING": "latin-1"}, {}], ids=str)
@pytest.mark.parametrize("format", ["table", "plain", "json", "markdown"])
def test_names_that_the_locale_cannot_write(variables, format, foreign):
    done = losscli("eval", "größe.csv", "-t", "p", "-p", "größe", "-p", "日本", "-l", "mse", "-f", format,
                   folder=foreign, text=False, **variables)  # fmt: skip
    assert (done.returncode, done.stderr) == (0, b"")
    encoding = variables.get("PYTHONIOENCODING", "utf-8")
    text = done.stdout.decode(encoding)
    assert "größe" in text or "gr\\xf6\\xdfe" in text
    assert "日本" in text or "\\u65e5\\u672c" in text


@pytest.mark.parametrize("variables", [ASCII, {"PYTHONIOENCODING": "latin-1"}], ids=str)
def test_errors_that_the_locale_cannot_write(variables, foreign):
    done = losscli("eval", "größe.csv", "-t", "日", "-p", "größe", "-l", "mse", folder=foreign, text=False, **variables)
    assert (done.returncode, done.stdout) == (3, b"")
    assert b"there is no column '\\u65e5'" in done.stderr


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
    plan = losscli("eval", "x.csv", "-t", "y", "-p", first, "-l", "mse", "--by", "bidi\u202egnp", "--plan", folder=attacked)
    missing = losscli("eval", "x.csv", "-t", "nope\x1b[2J", "-p", "p", "-l", "mse", folder=attacked)
    usual = losscli("eval", "x.csv", "-l", "mse", folder=attacked)
    wrong = losscli("eval", "x.csv", "-t", "side", "-p", "y", "-l", "mse", folder=attacked)
    weight = losscli("eval", "x.csv", "-t", "y", "-p", "y", "-l", "mse", "--where", "side > 1", folder=attacked)
    assert [done.returncode for done in (plan, missing, usual, wrong, weight)] == [0, 3, 2, 3, 3]
    for done in (plan, missing, usual, wrong, weight):
        assert acting(done.stdout + done.stderr) == set()
        assert len(done.stderr.splitlines()) <= 3


def test_names_of_files_cannot_act(folder):
    names = ["a\x1b[31m.csv", "line\nfeed.csv", "bidi\u202e.csv", "[red].csv", b"\xff\xfe.csv".decode(errors="surrogateescape")]
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


# ----------------------------------------------------------------------------------------------------------- start-up


def modules(*args, folder, **variables):
    """The modules that a command has loaded when it ends."""
    code = ("import sys; from losscli.cli.entry import run; code = run(sys.argv[1:]); sys.stdout.flush(); "
            "print(*sorted(sys.modules), file=sys.stderr); sys.exit(code)")  # fmt: skip
    done = subprocess.run([sys.executable, "-P", "-c", code, *args], cwd=folder, env=environment(**variables),
                          stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8", timeout=60)  # fmt: skip
    assert done.returncode == 0, done.stderr
    return set(done.stderr.split())


HEAVY = {"numpy", "pyarrow", "pandas", "rich", "importlib.metadata"}


@pytest.mark.parametrize("args", [("--version",), ("--help",), ("eval", "--help"), ("help", "columns"), ("help",),
                                  ("completion", "bash")], ids=" ".join)  # fmt: skip
def test_help_loads_nothing_heavy(args, folder):
    assert modules(*args, folder=folder) & HEAVY == set()


def test_a_press_of_tab_loads_nothing_heavy(folder):
    words = {"COMP_WORDS": "losscli eval -l hub", "COMP_CWORD": "3", "_LOSSCLI_COMPLETE": "bash_complete"}
    assert modules(folder=folder, **words) & HEAVY == set()


def test_a_score_loads_no_more_than_it_needs(folder):
    (folder / "thousand.csv").write_text("y,p,s\n" + "".join(f"{i},{i * 1.01},{'ab'[i % 2]}\n" for i in range(1000)))
    args = ("thousand.csv", "-t", "y", "-p", "p", "-l", "mse", "-l", "huber:delta=2")
    slow = {"pandas", "pyarrow.dataset", "pyarrow.compute", "rich", "importlib.metadata", "dask", "fsspec"}
    for command in (("eval", *args, "-f", "json"), ("eval", *args, "--by", "s"), ("eval", *args, "-q")):
        loaded = modules(*command, folder=folder)
        assert "pyarrow" in loaded
        assert loaded & slow == set(), command


def test_modules_in_the_working_directory_are_not_loaded(folder):
    for name in ("types", "numpy", "pyarrow", "click", "losscli", "json", "csv"):
        (folder / f"{name}.py").write_text("raise SystemExit('a stranger in the house')\n")
    done = losscli(*SCORE, "-q", folder=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1.078125\n", "")


@pytest.mark.parametrize("how", ["-W error", "-bb", "-O", "-OO", "-X dev"])
def test_python_in_a_stricter_or_shorter_mood(how, folder):
    python = () if how == "-OO" else tuple(how.split())
    optimised = {"PYTHONOPTIMIZE": "2"} if how == "-OO" else {}
    sample = str(ROOT / "sample_data")
    for args, first in [
        ((*TWO, "-f", "table"), TABLE),
        (("rows", *SCORE[1:]), "row,p/mse\n1,0.25\n2,0\n3,4\n4,0.0625\n"),
        (("eval", f"{sample}/digits.parquet", "-t", "digit_id", "-p", "proba", "-l", "cross_entropy"), "model\tloss"),
        (("show", "huber"), "huber\nQuadratic near zero"),
    ]:
        done = losscli(*args, folder=folder, python=python, **optimised)
        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith(first)


def test_threads_of_the_libraries_change_no_bit(folder):
    args = ("eval", str(ROOT / "sample_data/views.parquet"), "-c", "anchor=a", "-c", "positive=b", "-l", "nt_xent", "-q")
    one, many = (losscli(*args, folder=folder, OMP_NUM_THREADS=n, OPENBLAS_NUM_THREADS=n) for n in ("1", "16"))
    assert one.returncode == 0
    assert one.stdout == many.stdout != ""


def test_bash_completes_with_the_script_it_is_given(folder):
    done = shell('eval "$(losscli completion bash)"; COMP_WORDS=(losscli eval x.csv -l hub); COMP_CWORD=4; '
                 '_losscli_completion losscli; printf "%s\\n" "${COMPREPLY[@]}"', folder)  # fmt: skip
    assert done.stdout == "huber\n"
