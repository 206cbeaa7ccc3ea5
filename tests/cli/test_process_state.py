"""A command line that is run inside of another program leaves the process as it was; its own process is set up once."""

from __future__ import annotations

import gc
import os
import signal
import subprocess
import sys

import pytest
from processes import PREDS, SCORE, environment
from waiting import PATIENCE

from losscli import parallel
from losscli.cli import cli, entry
from losscli.parallel import BLAS_VARIABLES

SIGNALS = (signal.SIGINT, signal.SIGTERM)


def state():
    return gc.get_threshold(), dict(os.environ), [signal.getsignal(number) for number in SIGNALS]


@pytest.fixture
def surroundings(tmp_path, monkeypatch):
    """Other settings than a command line would choose, of which one cannot tell whether an earlier test made them."""
    (tmp_path / "preds.csv").write_text(PREDS)
    monkeypatch.chdir(tmp_path)
    for name in BLAS_VARIABLES:
        monkeypatch.delenv(name, raising=False)
    threshold, handlers = gc.get_threshold(), [signal.getsignal(number) for number in SIGNALS]
    gc.set_threshold(901, 11, 12)
    signal.signal(signal.SIGINT, lambda *_: pytest.fail("nobody sends one"))
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    yield
    gc.set_threshold(*threshold)
    for number, handler in zip(SIGNALS, handlers, strict=True):
        signal.signal(number, handler)


@pytest.mark.parametrize(
    ("error", "code"),
    [(None, 0), (KeyboardInterrupt(), 130), (entry._Terminated(), 143), (KeyError("x"), 70)],
    ids=["done", "interrupted", "terminated", "a bug"],
)
@pytest.mark.parametrize("ignored", [True, False], ids=["SIGTERM ignored", "SIGTERM"])
def test_the_process_is_as_before(ignored, error, code, surroundings, monkeypatch):
    def ends(*_args, **_more):
        raise error

    if error is not None:
        monkeypatch.setattr(cli, "make_context", ends)
    if not ignored:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
    before = state()
    assert entry.run(SCORE) == code
    assert state() == before


def test_an_interrupt_is_answered_while_a_command_runs(surroundings, monkeypatch, capfd):
    monkeypatch.setattr(cli, "make_context", lambda *_args, **_more: signal.raise_signal(signal.SIGINT))
    assert entry.run(SCORE) == 130
    assert capfd.readouterr().err == "Interrupted.\n"


def test_blas_has_one_thread_meanwhile(surroundings, monkeypatch):
    if not parallel._bundled():
        pytest.skip("this NumPy has a BLAS of the system")
    threads, set_threads = parallel._bundled()[0]
    before, seen = threads(), []
    set_threads(2)
    try:
        monkeypatch.setattr(cli, "make_context", lambda *_args, **_more: seen.append(threads()))
        entry.run(SCORE)
        assert (seen, threads()) == ([1], 2)
    finally:
        set_threads(before)


SHOWN = """
import gc, os, sys
from losscli.cli import entry
from losscli.__main__ import main
def run(_):
    print(gc.get_threshold()[0], *[os.environ[name] for name in sys.argv[1:]], flush=True)
    return 0
entry.run = run
main()
"""


@pytest.mark.parametrize("own", [False, True], ids=["", "own"])
def test_the_process_of_a_command_is_set_up_and_keeps_what_its_user_said(own):
    variables = {BLAS_VARIABLES[0]: "3"} if own else {}
    done = subprocess.run([sys.executable, "-P", "-c", SHOWN, *BLAS_VARIABLES], env=environment(**variables),
                          capture_output=True, text=True, timeout=PATIENCE, check=True)  # fmt: skip
    assert done.stdout.split() == ["100000", "3" if own else "1", *["1"] * (len(BLAS_VARIABLES) - 1)]


LEAVING = """
import atexit, os, signal, sys
from losscli.cli import entry
from losscli.__main__ import main
atexit.register(print, "temporary files are gone", flush=True)
atexit.register(lambda: os.kill(os.getpid(), int(sys.argv[2])))
entry.run = lambda _: int(sys.argv[1])
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="no process of Windows sends itself a signal that can be answered")
@pytest.mark.parametrize(("code", "number", "ends"), [
    (0, signal.SIGTERM, 0), (1, signal.SIGINT, 1),
    (130, signal.SIGINT, 130), (143, signal.SIGINT, 130),  # the second one ends it at once
])  # fmt: skip
def test_a_signal_at_the_end_leaves_the_code_and_no_files(code, number, ends):
    done = subprocess.run([sys.executable, "-P", "-c", LEAVING, str(code), str(int(number))], env=environment(),
                          capture_output=True, text=True, timeout=PATIENCE, check=False)  # fmt: skip
    gone = code < 128
    assert (done.returncode, done.stdout) == (ends, "temporary files are gone\n" if gone else "")
