"""A process that runs command lines one after another: what it would do to this one (a crash, a leak) stays there.

>>> with CommandProcess() as process:
...     process.run(["--version"], folder).code
0
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import select
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from processes import environment
from waiting import PATIENCE

MEMORY = 6 << 30  # bytes of address space: a run that would take more ends with an error instead of the machine


@dataclass(frozen=True)
class Fault:
    """The call number `at` of `call` that fails; `error` is an errno, 0 for one that does half of what it could."""

    call: str
    at: int
    error: int = 0


@dataclass(frozen=True)
class Ended:
    """How a command line ended; the code is None where the process ended with it (`err` says how)."""

    code: int | None
    out: str
    err: str
    calls: int = 0


class CommandProcess:
    """Starts the process when it is first needed, and again after one that ended."""

    def __init__(self, **variables: str) -> None:
        self.variables = {"OPENBLAS_NUM_THREADS": "1", **variables}  # as the command does before it loads NumPy
        self.process: subprocess.Popen[str] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.end()

    def end(self) -> None:
        if self.process is not None:
            self.process.kill()
            self.process.wait()
            for stream in (self.process.stdin, self.process.stdout):
                with contextlib.suppress(OSError):
                    stream.close()
        self.process = None

    def run(self, args: list[str], folder: Path, fault: Fault | None = None, patience: float = PATIENCE) -> Ended:
        process = self._started()
        request = {"args": args, "folder": str(folder), "fault": fault and [fault.call, fault.at, fault.error]}
        process.stdin.write(json.dumps(request) + "\n")
        process.stdin.flush()
        if not select.select([process.stdout], [], [], patience)[0]:
            self.end()
            return Ended(None, "", f"no end after {patience} s")
        if not (line := process.stdout.readline()):
            status = process.wait()
            self.end()
            return Ended(None, "", f"the process ended with {status}")
        return Ended(**json.loads(line))

    def _started(self) -> subprocess.Popen[str]:
        if self.process is None:
            self.process = subprocess.Popen([sys.executable, __file__], env=environment(**self.variables), text=True,
                                            stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                            stderr=subprocess.DEVNULL)  # fmt: skip
        return self.process


# ----------------------------------------------------------------------------------------------- inside of the process

CALLS = {"read": 1, "write": 2, "open": 3}


def serve() -> None:
    """Answer requests, a line each, until there are no more."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    answers = os.fdopen(os.dup(1), "w")
    questions = os.fdopen(os.dup(0), "r")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    library = ctypes.CDLL(None) if "LD_PRELOAD" in os.environ else None
    for line in questions:
        print(json.dumps(_answer(json.loads(line), library)), file=answers, flush=True)


def _answer(request: dict, library: ctypes.CDLL | None) -> dict:
    from losscli.cli.entry import run

    os.chdir(request["folder"])
    with tempfile.TemporaryFile(dir="/tmp") as out, tempfile.TemporaryFile(dir="/tmp") as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        if request["fault"]:
            call, at, error = request["fault"]
            library.fault_set(request["folder"].encode(), CALLS[call], at, error)
        try:
            code = int(run(request["args"]))
        finally:
            calls = library.fault_count() if library else 0
            if library:
                library.fault_set(b"", 0, 0, 0)
        texts = [os.pread(file.fileno(), os.fstat(file.fileno()).st_size, 0).decode(errors="replace")
                 for file in (out, err)]  # fmt: skip
    return {"code": code, "out": texts[0], "err": texts[1], "calls": calls}


if __name__ == "__main__":
    serve()
