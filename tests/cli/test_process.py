"""What only a real process shows: pipes, closed streams, signals, what is loaded at the start."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from processes import LOSSCLI, PREDS, ROOT, SCORE, TABLE, TWO, environment, losscli, shell
from waiting import PATIENCE, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, pipes and terminals of POSIX")


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "preds.csv").write_text(PREDS)
    return tmp_path


# --------------------------------------------------------------------------------------------------- pipes and files


@pytest.mark.parametrize("args", [SCORE, ("list",), ("rows", *SCORE[1:]), ("help", "formats")], ids=lambda a: a[0])
def test_a_reader_who_went_away_is_no_error(args, folder):
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run([*LOSSCLI, *args], cwd=folder, env=environment(), stdout=write, stderr=subprocess.PIPE,
                          stdin=subprocess.DEVNULL, timeout=PATIENCE)  # fmt: skip
    os.close(write)
    assert (done.returncode, done.stderr) == (141, b"")


def test_the_head_of_a_long_output(folder):
    lines = "".join(f"{i},{i + 0.123456789}\n" for i in range(50_000))
    (folder / "long.csv").write_text("y,p\n" + lines)
    done = shell("losscli rows long.csv -t y -p p -l mse -l mae | head -1; exit ${PIPESTATUS[0]}", folder)
    assert (done.returncode, done.stdout, done.stderr) == (141, "row,p/mse,p/mae\n", "")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="Linux has it")
@pytest.mark.parametrize("args", [SCORE, ("rows", *SCORE[1:]), ("list",), (*SCORE, "-o", "json=/dev/full")])
def test_a_full_disk(args, folder):
    with Path(os.devnull if "-o" in args else "/dev/full").open("wb") as full:
        done = subprocess.run([*LOSSCLI, *args], cwd=folder, env=environment(), stdout=full, stderr=subprocess.PIPE,
                              stdin=subprocess.DEVNULL, encoding="utf-8", timeout=PATIENCE)  # fmt: skip
    assert done.returncode == 4
    assert "No space left on device" in done.stderr
    assert len(done.stderr.splitlines()) <= 3


def test_closed_streams(folder):
    score = " ".join(SCORE)
    out = shell(f"losscli {score} >&-", folder)
    assert (out.returncode, out.stdout) == (4, "")
    assert out.stderr == "error: standard output is closed\n   in: standard output\n"
    err = shell(f"losscli {score} -q 2>&-", folder)
    assert (err.returncode, err.stdout) == (0, "1.078125\n")
    assert shell("losscli eval nowhere.csv -t y -p p -l mse 2>&-", folder).returncode == 4
    into = shell("losscli eval - -t y -p p -l mse <&-", folder)
    assert (into.returncode, into.stdout) == (4, "")
    assert "stdin is closed" in into.stderr


def test_pipes_that_have_a_name(folder):
    done = shell("losscli eval <(cat preds.csv) -t y -p p -l mse -q; gzip -c preds.csv > z; "
                 "losscli eval <(cat z) -t y -p p -l mse -q; "
                 "mkfifo pipe.csv; cat preds.csv > pipe.csv & "
                 "losscli eval pipe.csv -t y -p p -l mse -q", folder)  # fmt: skip
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
        pipe = subprocess.PIPE
        self.process = subprocess.Popen([*LOSSCLI, *args], cwd=folder, env=environment(**variables),
                                        stdin=pipe, stdout=pipe, stderr=pipe)  # fmt: skip
        self.reading = threading.Event()
        self.endless = endless
        self.feeder = threading.Thread(target=self._feed, daemon=True)
        self.feeder.start()
        assert self.reading.wait(PATIENCE)

    def _feed(self):
        rows = b"1,2\n" * 100_000  # more than a pipe holds: once it is written, the process is reading
        with contextlib.suppress(OSError):
            self.process.stdin.write(b"y,p\n" + rows)
            self.process.stdin.flush()
            self.reading.set()
            while self.endless:
                self.process.stdin.write(rows)

    def stopped_by(self, number):
        """Exit code and what it printed; it must end while its input is open still, which it could read on and on."""
        self.process.send_signal(number)
        code = self.process.wait(PATIENCE)
        out, err = self.process.stdout.read(), self.process.stderr.read()
        self.feeder.join(PATIENCE)
        with contextlib.suppress(OSError):
            self.process.stdin.close()
        self.process.stdout.close()
        self.process.stderr.close()
        return code, out, err.decode()


@pytest.mark.parametrize("endless", [True, False], ids=["busy", "waiting"])
def test_interrupted(endless, folder):
    fed = Fed("eval", "-", "-t", "y", "-p", "p", "-l", "mse", folder=folder, endless=endless)
    time.sleep(0.3)  # by then it has nearly always read what there was, and waits; it ends the same if not
    assert fed.stopped_by(signal.SIGINT) == (130, b"", "Interrupted.\n")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGTERM, 143), (signal.SIGINT, 130)])
@pytest.mark.parametrize("command", [("rows",), ("grad",)])
def test_no_temporary_file_stays(command, number, code, folder):
    work, temporary = folder / "work", folder / "temporary"
    work.mkdir()
    temporary.mkdir()
    (work / "old.csv").write_text("kept\n")
    fed = Fed(*command, "-", "-t", "y", "-p", "p", "-l", "mse", "-o", "old.csv", folder=work, TMPDIR=str(temporary))
    until(lambda: list(work.glob(".losscli-*")) or list(temporary.iterdir()), "it has opened no temporary file")
    stopped, out, err = fed.stopped_by(number)
    assert (stopped, out) == (code, b"")
    assert "Traceback" not in err
    assert "Exception" not in err
    assert [path.name for path in work.iterdir()] == ["old.csv"]
    assert (work / "old.csv").read_text() == "kept\n"
    assert list(temporary.iterdir()) == []


# ----------------------------------------------------------------------------------------------------------- start-up


def modules(*args, folder, **variables):
    """The modules that a command has loaded when it ends."""
    code = ("import sys; from losscli.cli.entry import run; code = run(sys.argv[1:]); sys.stdout.flush(); "
            "print(*sorted(sys.modules), file=sys.stderr); sys.exit(code)")  # fmt: skip
    done = subprocess.run([sys.executable, "-P", "-c", code, *args], cwd=folder, env=environment(**variables),
                          stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                          timeout=PATIENCE)  # fmt: skip
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
        (folder / f"{name}.py").write_text("raise SystemExit('a stranger')\n")
    done = losscli(*SCORE, "-q", folder=folder)
    assert (done.returncode, done.stdout, done.stderr) == (0, "1.078125\n", "")


@pytest.mark.parametrize("how", ["-W error", "-bb", "-O", "-OO", "-X dev"])
def test_python_in_a_stricter_or_shorter_mood(how, folder):
    python = () if how == "-OO" else tuple(how.split())
    optimised = {"PYTHONOPTIMIZE": "2"} if how == "-OO" else {}
    sample = str(ROOT / "sample_data")
    said = "note: classes by position: 0 to 9 in the lists of 'proba'\n"
    for args, first, noted in [
        ((*TWO, "-f", "table"), TABLE, ""),
        (("rows", *SCORE[1:]), "row,p/mse\n1,0.25\n2,0\n3,4\n4,0.0625\n", ""),
        (("eval", f"{sample}/digits.parquet", "-t", "digit_id", "-p", "proba", "-l", "cross_entropy"), "model\tloss",
         said),
        (("show", "huber"), "huber\n", ""),
    ]:  # fmt: skip
        done = losscli(*args, folder=folder, python=python, **optimised)
        assert (done.returncode, done.stderr) == (0, noted)
        assert done.stdout.startswith(first)


def test_threads_of_the_libraries_change_no_bit(folder):
    views = str(ROOT / "sample_data/views.parquet")
    args = ("eval", views, "-c", "anchor=a", "-c", "positive=b", "-l", "nt_xent", "-q")
    one, many = (losscli(*args, folder=folder, OMP_NUM_THREADS=n, OPENBLAS_NUM_THREADS=n) for n in ("1", "16"))
    assert one.returncode == 0
    assert one.stdout == many.stdout != ""


def test_bash_completes_with_the_script_it_is_given(folder):
    done = shell('eval "$(losscli completion bash)"; COMP_WORDS=(losscli eval x.csv -l hub); COMP_CWORD=4; '
                 '_losscli_completion losscli; printf "%s\\n" "${COMPREPLY[@]}"', folder)  # fmt: skip
    assert done.stdout == "huber\n"


def test_a_plain_score_loads_no_cryptography(folder):
    """`hashlib` loads OpenSSL, as do `secrets` and NumPy's generators; temporary files need none of them."""
    for args in ((*SCORE, "-f", "plain"), ("rows", *SCORE[1:], "-o", "rows.csv")):
        loaded = modules(*args, folder=folder)
        assert loaded & {"hashlib", "_hashlib", "secrets", "hmac", "numpy.random"} == set()
