"""Commands of a checkout, run one after the other by a process that stays: most of a short run is its start."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

VARIABLES = {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}
STREAMS = ("standard output", "standard error")


class ServedCommands:
    """The process behind the commands of a checkout."""

    def __init__(self, checkout: Path) -> None:
        variables = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "PYTHONPATH": str(checkout), **VARIABLES}
        self._scratch = tempfile.TemporaryDirectory()
        command = [sys.executable, "-P", __file__, self._scratch.name]
        self._process = subprocess.Popen(
            command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(self, arguments: Sequence[str], folder: Path, variables: Mapping[str, str]) -> tuple[int, dict[str, bytes]]:
        """The exit code of `losscli` with these arguments, and what it wrote on its streams."""
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the process has no pipes")
        print(json.dumps([str(folder), dict(variables), list(arguments)]), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the process ended in: losscli {' '.join(arguments)}")
        return int(answer), {name: Path(self._scratch.name, name).read_bytes() for name in STREAMS}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()
        self._scratch.cleanup()


def serve(scratch: Path) -> None:
    """Run the commands that standard input names."""
    from losscli.cli import entry

    answers = os.fdopen(os.dup(1), "w")
    for line in sys.stdin:
        folder, variables, arguments = json.loads(line)
        os.chdir(folder)
        os.environ.update(variables)
        for number, name in enumerate(STREAMS, start=1):
            with (scratch / name).open("wb") as file:
                os.dup2(file.fileno(), number)
        code = entry.run(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
        for name in variables:
            del os.environ[name]
        print(int(code), file=answers, flush=True)


if __name__ == "__main__":
    serve(Path(sys.argv[1]))
