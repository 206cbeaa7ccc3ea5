"""The command as a real process: for the tests of what only that shows."""

from __future__ import annotations

import contextlib
import os
import select
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from waiting import PATIENCE

ROOT = Path(__file__).parents[2]
# As the installed script runs: the working directory is not searched for modules.
LOSSCLI = (sys.executable, "-P", "-c", "from losscli.__main__ import main; main()")
PREDS = "y,p,q\n1,1.5,1\n2,2,4\n3,5,3\n4,4.25,0\n"
SCORE = ("eval", "preds.csv", "-t", "y", "-p", "p", "-l", "mse")


def environment(**extra):
    """A plain environment with these variables in addition; None takes one out."""
    plain = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "LANG": "C.UTF-8", "HOME": "/", "TERM": "xterm"}
    return {name: value for name, value in {**plain, **coverage(), **extra}.items() if value is not None}


def coverage():
    """The variable by which a process knows that the lines it runs are counted, where they are."""
    return {name: value for name, value in os.environ.items() if name == "COVERAGE_PROCESS_CONFIG"}


def losscli(*args, folder, python=(), stdin=subprocess.DEVNULL, text=True, **variables):
    command = (sys.executable, *python, *LOSSCLI[1:], *args)
    return subprocess.run(command, cwd=folder, env=environment(**variables), stdin=stdin, capture_output=True,
                          encoding="utf-8" if text else None, timeout=PATIENCE)  # fmt: skip


def cpu_of(process):
    """Seconds of processors that a process has used so far."""
    import psutil

    used = psutil.Process(process.pid).cpu_times()
    return used.user + used.system


def cpu_in_all(process):
    """Seconds of processors that a process used in all, when it has ended; else None."""
    pid, status, usage = os.wait4(process.pid, os.WNOHANG)
    if not pid:
        return None
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_utime + usage.ru_stime


def shell(script, folder, **variables):
    """A script of bash, in which `losscli` is a command."""
    launcher = folder / "bin" / "losscli"
    launcher.parent.mkdir(exist_ok=True)
    launcher.write_text(f'#!/bin/sh\nexec {shlex.join(LOSSCLI)} "$@"\n')
    launcher.chmod(0o755)
    path = f"{launcher.parent}:{os.environ['PATH']}"
    return subprocess.run(["bash", "-c", script], cwd=folder, env=environment(PATH=path, **variables),
                          stdin=subprocess.DEVNULL, capture_output=True, encoding="utf-8",
                          timeout=PATIENCE)  # fmt: skip


def on_terminal(*args, folder, stdin=False, **variables):
    """Exit code, what stands on the terminal, and standard error; `stdin` is the terminal too or nothing."""
    import pty

    parent, child = pty.openpty()
    process = subprocess.Popen([*LOSSCLI, *args], cwd=folder, env=environment(**variables), stdout=child,
                               stdin=child if stdin else subprocess.DEVNULL, stderr=subprocess.PIPE)  # fmt: skip
    os.close(child)
    shown = b""
    with contextlib.suppress(OSError):  # the other end is closed
        while True:
            if not select.select([parent], [], [], PATIENCE)[0]:
                process.kill()
                pytest.fail("it hangs")
            if not (piece := os.read(parent, 1 << 16)):
                break
            shown += piece
    os.close(parent)
    err = process.stderr.read().decode()
    process.stderr.close()
    return process.wait(PATIENCE), shown.decode().replace("\r\n", "\n"), err


TWO = (*SCORE, "-p", "q", "-l", "mae")
TABLE = """\
model         mse        mae
────────────────────────────
p       * 1.07812   * 0.6875
q         5           1.5

4 rows; * best
"""
