"""Commands of a checkout, run one after the other by a process that stays: most of a short run is its start.

Of a process that stays, no fork can be made for the splits of a file once Arrow has threads in it. Commands that shall
use such forks are run in forks of one that has none, with limits so low that any file is large enough.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Self

VARIABLES = {"LANG": "C.UTF-8", "OPENBLAS_NUM_THREADS": "1"}
STREAMS = ("standard output", "standard error")
WARM = ("cli.run", "execution.evaluate", "io.formats.csv", "io.formats.jsonl", "io.formats.parquet", "losses")
PIECES = 5  # into which a file is cut, or some more: as many as the Parquet files of random tables have row groups


class ServedCommands:
    """The process behind the commands of a checkout.

    With `forks`, what it runs uses forks wherever it may; `forked` counts the commands that did.
    """

    def __init__(self, checkout: Path, *, forks: bool = False) -> None:
        self.forked = 0
        variables = {"PATH": os.environ["PATH"], "HOME": "/nowhere", "PYTHONPATH": str(checkout), **VARIABLES}
        self._scratch = tempfile.TemporaryDirectory()
        command = [sys.executable, "-P", __file__, self._scratch.name, *["--forks"] * forks]
        self._process = subprocess.Popen(
            command, env=variables, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )

    def run(
        self, arguments: Sequence[str], folder: Path, variables: Mapping[str, str], rows: int = 0
    ) -> tuple[int, dict[str, bytes]]:
        """The exit code of `losscli` with these arguments, and what it wrote on its streams.

        Forks share out files of `rows` rows.
        """
        if self._process.stdin is None or self._process.stdout is None:
            raise RuntimeError("the process has no pipes")
        print(json.dumps([str(folder), dict(variables), list(arguments), rows]), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        if not answer:
            raise RuntimeError(f"the process ended in: losscli {' '.join(arguments)}")
        code, forked = map(int, answer.split())
        self.forked += forked
        return code, {name: Path(self._scratch.name, name).read_bytes() for name in STREAMS}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.communicate()
        self._scratch.cleanup()


def serve(scratch: Path, *, forks: bool) -> None:
    """Run the commands that standard input names."""
    from losscli.cli import entry

    answers = os.fdopen(os.dup(1), "w")
    for name in WARM if forks else ():
        import_module(f"losscli.{name}")
    for line in sys.stdin:
        folder, variables, arguments, rows = json.loads(line)
        if forks and (command := os.fork()):
            _, failed = os.waitpid(command, 0)
            if failed:  # without an answer
                sys.exit(1)
            continue
        os.chdir(folder)
        os.environ.update(variables)
        if forks:
            lower_limits(
                rows, max((Path(word).stat().st_size for word in arguments if Path(word).is_file()), default=0)
            )
        for number, name in enumerate(STREAMS, start=1):
            with (scratch / name).open("wb") as file:
                os.dup2(file.fileno(), number)
        code = entry.run(arguments)
        sys.stdout.flush()
        sys.stderr.flush()
        print(int(code), int(forks and has_forked()), file=answers, flush=True)
        if forks:
            os._exit(0)
        for name in variables:
            del os.environ[name]


def lower_limits(rows: int, size: int) -> None:
    """Let forks do all that they can do, of files of so many rows and bytes.

    A limit that has another name in older checkouts has both.
    """
    step = max(64, size // PIECES)
    limits = {
        "execution.forked_work": {"MIN_BYTES LARGE": 0, "available_cores": lambda: 16},
        "io.formats.parquet": {"SPLIT_ROWS": max(1, rows // PIECES)},
        "io.formats.text_ranges": {
            "LEAST": 0, "RANGE": step, "_LAST": 2 * step, "_LAST_RANGE": step // 4, "_HEAD": step // 2,
        },
        "io.small_files": {"SMALL": -1},
    }  # fmt: skip
    for name, values in limits.items():
        module = import_module(f"losscli.{name}")
        for limit, value in values.items():
            known = [each for each in limit.split() if hasattr(module, each)]
            if not known:
                raise AttributeError(f"losscli.{name} has no {limit}")
            setattr(module, known[0], value)


def has_forked() -> bool:
    """Whether this process has waited for a child."""
    import resource  # other systems than those of POSIX have none, and no forks

    return resource.getrusage(resource.RUSAGE_CHILDREN).ru_minflt > 0


if __name__ == "__main__":
    serve(Path(sys.argv[1]), forks="--forks" in sys.argv)
