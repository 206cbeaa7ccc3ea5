"""Ctrl-C and SIGTERM at some moment of every phase: at once, with the right exit code, and without leaving a thing.

At once means: after next to no more work. It is counted in seconds of processors, which a busy machine changes little.
"""

from __future__ import annotations

import contextlib
import random
import signal
import subprocess
import sys
import time

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from processes import LOSSCLI, cpu_in_all, cpu_of, environment
from waiting import PATIENCE, until

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals, pipes and terminals of POSIX")

WORK = 1.5  # seconds of processors that it may still take: a thread in a long step is left behind after 0.3 seconds
WALL = 60  # seconds on the clock, for waits that take no processor; so many because a busy machine stretches them
TRIES = 3  # it works on while this process is kept from sending the signal, so one try may say too much
CODES = {signal.SIGINT: 130, signal.SIGTERM: 143}
MSE = ("-t", "y", "-p", "p", "-l", "mse")
MANY = tuple(word for delta in range(1, 401) for word in ("-l", f"huber:delta={delta}"))
TRUTH = ("--targets", "truth.parquet", "--on", "id", "--join", "many-to-one", "-t", "z", "-p", "p", *MANY)
VIEWS = ("-c", "anchor=a", "-c", "positive=b", "-l", "nt_xent")

# Small files that are named so often, and losses so many, that the run would last for 20 seconds on one core of a quick
# machine, however long this process is kept from ending it; a note says so, after which the work begins.
PHASES = {
    "parquet": ("eval", *["t.parquet"] * 400, *MSE, *MANY, "--threads", "1"),
    "parquet in threads": ("eval", *["t.parquet"] * 400, *MSE, *MANY, "--threads", "3"),
    "a long stretch": ("eval", *["long.parquet"] * 60, *MSE, *MANY, "--threads", "3"),
    "csv": ("eval", *["t.csv"] * 400, *MSE, *MANY, "--threads", "1"),
    "csv in threads": ("eval", *["t.csv"] * 400, *MSE, *MANY, "--threads", "3"),
    "json lines": ("eval", *["t.jsonl"] * 400, *MSE, *MANY, "--threads", "3"),
    "a join": ("eval", *["t.parquet"] * 400, *TRUTH, "--threads", "2"),
    "a large group": ("eval", *["views.parquet"] * 8, *VIEWS, "--threads", "2"),
    "slopes of a group": ("grad", *["views.parquet"] * 8, *VIEWS, "-o", "out/g.parquet", "--threads", "2"),
    "rows into csv": ("rows", *["t.parquet"] * 400, *MSE, *MANY[:20], "-o", "out/r.csv", "--threads", "2"),
    "rows into parquet": ("rows", *["t.csv"] * 400, *MSE, *MANY[:100], "-o", "out/r.parquet", "--threads", "2"),
    "slopes": ("grad", *["t.parquet"] * 2000, *MSE, "-o", "out/g.csv", "--threads", "3"),
}  # fmt: skip


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)

    def table(rows):
        return pa.table({"id": np.arange(rows), "y": rng.normal(size=rows), "p": rng.normal(size=rows)})

    some = table(50_000)
    pq.write_table(some, folder / "t.parquet")
    pq.write_table(some.select(["id", "y"]).rename_columns(["id", "z"]), folder / "truth.parquet")
    pq.write_table(table(500_000), folder / "long.parquet", row_group_size=500_000)
    rows = list(zip(some["y"].to_pylist(), some["p"].to_pylist(), strict=True))
    (folder / "t.csv").write_text("y,p\n" + "".join(f"{y},{p}\n" for y, p in rows))
    (folder / "t.jsonl").write_text("".join(f'{{"y":{y},"p":{p}}}\n' for y, p in rows))
    views = {name: pa.FixedSizeListArray.from_arrays(pa.array(rng.normal(size=8000 * 32)), 32) for name in ("a", "b")}
    pq.write_table(pa.table(views), folder / "views.parquet")
    return folder


def ended(args, folder, number, ready, moment, launcher=LOSSCLI):
    """Start, wait until `ready` is on standard error and then for a moment, signal: code, out, err, work, seconds."""
    pipe = subprocess.PIPE
    env = environment(TMPDIR=str(folder / "temporary"))
    with contextlib.ExitStack() as stack:
        process = stack.enter_context(subprocess.Popen([*launcher, *args], cwd=folder, env=env,
                                                       stdin=subprocess.DEVNULL, stdout=pipe, stderr=pipe))  # fmt: skip
        stack.callback(process.kill)
        err = b""
        while ready not in err:
            piece = process.stderr.read1(1000)
            assert piece, f"it ended with {process.wait()}: {err.decode()}"
            err += piece
        time.sleep(moment)
        assert process.poll() is None, "it ended before it was told to"
        start, before = time.perf_counter(), cpu_of(process)
        process.send_signal(number)
        work = until(lambda: cpu_in_all(process)) - before
        took = time.perf_counter() - start
        return process.returncode, process.stdout.read(), (err + process.stderr.read()).decode(), work, took


def check(args, folder, number, ready, moments, launcher=LOSSCLI):
    for name in ("out", "temporary"):
        (folder / name).mkdir(exist_ok=True)
    for _ in range(TRIES):
        code, out, err, work, took = ended(args, folder, number, ready, next(moments), launcher)
        assert (code, out) == (CODES[number], b""), err
        assert ("Interrupted.\n" in err) == (number == signal.SIGINT)
        assert "Traceback" not in err
        assert "Exception" not in err
        assert "error:" not in err
        assert list((folder / "out").iterdir()) + list((folder / "temporary").iterdir()) == []
        assert took < WALL
        if work < WORK:
            return
    pytest.fail(f"it worked on for {work:.2f} s")


def moments(seed, most):
    rng = random.Random(seed)
    while True:
        yield rng.uniform(0, most)


@pytest.mark.realtime
@pytest.mark.parametrize(
    ("phase", "number"), list(zip(PHASES, [signal.SIGINT, signal.SIGTERM] * 6, strict=True)), ids=str
)
def test_a_signal_in_every_phase(phase, number, folder):
    check(PHASES[phase], folder, number, b"note: ", moments(phase, 0.5))


# Says when the program begins to load its modules, which is when Python has loaded its own.
LOADING = (*LOSSCLI[:-1], """
import os, sys
from losscli.__main__ import main
class Finder:
    def find_spec(name, path, target=None):
        if name == "losscli.cli.entry":
            os.write(2, b"loading")
sys.meta_path.insert(0, Finder)
main()
""")  # fmt: skip


@pytest.mark.realtime
@pytest.mark.parametrize("number", CODES, ids=lambda number: number.name)
@pytest.mark.parametrize("seed", range(4))
def test_a_signal_while_the_program_is_loaded(seed, number, folder):
    most = 0.02 if seed < 2 else 0.25  # before the command is known, or while it loads the libraries
    check(PHASES["parquet in threads"], folder, number, b"loading", moments(seed, most), LOADING)


TRANSLATING = (*LOSSCLI[:-1], """
import os, signal, sys, time
from losscli.__main__ import main
class Finder:
    def find_spec(name, path, target=None):
        if name == "numpy":
            try:
                os.kill(os.getpid(), signal.SIGINT)
                time.sleep(600)
            except KeyboardInterrupt:
                raise RuntimeError("could not load") from None
sys.meta_path.insert(0, Finder)
main()
""")  # fmt: skip


def test_a_library_that_makes_an_error_of_a_signal(folder):
    done = subprocess.run([*TRANSLATING, "eval", "t.csv", *MSE], cwd=folder, env=environment(), capture_output=True,
                          stdin=subprocess.DEVNULL, timeout=PATIENCE)  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (130, b"", b"Interrupted.\n")
