"""Lets the N-th read, write or open of a run fail, for every N: `python tests/fuzz/faults.py`.

The files under the run's folder (its inputs, its report, its temporary files) are on a disk that is full (ENOSPC),
broken (EIO), interrupted (EINTR) or gives less than it was asked for (a short read or write, which is no failure). A
run must end with the report that it has without a fault, or with exit code 4 and one error; and where it ends with an
error, the report of an earlier run stays as it was.
"""

from __future__ import annotations

import contextlib
import errno
import io
import os
import random
import shutil
import subprocess
import sys
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from pyarrow import csv
from pyarrow import parquet as pq

sys.path[:0] = [str(Path(__file__).parents[1] / "support")]

from command_process import CommandProcess, Ended, Fault  # noqa: E402
from processes import LOSSCLI, environment  # noqa: E402
from targets import TABLE, arrow, compressed, json_lines, parquet  # noqa: E402
from waiting import PATIENCE  # noqa: E402

SHORT = 0
KINDS = {"read": (errno.EIO, errno.EINTR, SHORT), "write": (errno.ENOSPC, errno.EIO, errno.EINTR, SHORT),
         "open": (errno.EIO, errno.EMFILE, errno.EACCES)}  # fmt: skip
EARLIER = '{"an": "earlier report"}\n'
LARGE = "i,y,p\n" + "".join(f"{i},{i % 2},{0.05 + (i * 7 % 91) / 101}\n" for i in range(20_000))
SCORE = ["-t", "y", "-p", "p", "-l", "mse", "-l", "bce", "--threads", "1"]
INPUTS = {"t.csv": TABLE.encode(), "t.csv.gz": compressed()[0], "t.jsonl": json_lines()[0], "t.parquet": parquet()[0],
          "t.arrow": arrow()[0]}  # fmt: skip
# The last argument is the report.
RUNS = {
    **{name: ["eval", name, *SCORE, "-o", "r.json"] for name in INPUTS},
    "rows": ["rows", "t.csv", *SCORE, "-o", "r.jsonl"],
    "rows to Parquet": ["eval", "t.parquet", *SCORE, "-o", "rows=r.parquet", "-o", "r.json"],
    "join": ["eval", "t.csv", "--targets", "u.csv", "--on", "i", "-t", "truth", *SCORE[2:], "-o", "r.json"],
    "many reads": ["eval", "large.csv", *SCORE, "-o", "r.json"],
    "many row groups": ["eval", "large.parquet", *SCORE, "--interval", "-o", "rows=r.csv", "-o", "r.json"],
    "shard": ["eval", "t.csv", *SCORE, "--shard", "1/1", "--state-out", "r.json"],
}


@dataclass(frozen=True)
class Broken:
    """A fault, and what a run made of it that it must not."""

    run: str
    fault: Fault
    why: str
    ended: Ended

    def __str__(self) -> str:
        kind = errno.errorcode.get(self.fault.error, "short")
        return f"{self.run}: {self.fault.call} number {self.fault.at}, {kind}: {self.why}; {self.ended}"


def compiler() -> str | None:
    return next((path for name in ("cc", "gcc", "clang") if (path := shutil.which(name))), None)


def library(folder: Path) -> Path:
    """The library that fails, compiled."""
    made = folder / "faults.so"
    source = Path(__file__).with_suffix(".c")
    command = [compiler() or "cc", "-shared", "-fPIC", "-O1", "-o", made, source, "-ldl"]
    subprocess.run(command, check=True, timeout=PATIENCE)
    return made


def lay_out(folder: Path) -> None:
    """The inputs, and the report of an earlier run; nothing else."""
    for path in folder.iterdir():
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    for name, content in INPUTS.items():
        (folder / name).write_bytes(content)
    rows = TABLE.splitlines()
    (folder / "t.csv").write_text("\n".join([f"i,{rows[0]}", *(f"{n},{row}" for n, row in enumerate(rows[1:]))]) + "\n")
    (folder / "u.csv").write_text("i,truth\n0,1\n1,0\n2,1\n3,0\n")
    (folder / "large.csv").write_text(LARGE)
    for path in folder.iterdir():
        if path.is_file():
            os.utime(path, (1, 1))  # a state says of which files it is, with their times
    pq.write_table(csv.read_csv(io.BytesIO(LARGE.encode())), folder / "large.parquet", row_group_size=4000)
    for name in ("r.json", "r.jsonl"):
        (folder / name).write_text(EARLIER)
    (folder / "tmp").mkdir()


def wrong(ended: Ended, whole: Ended, kind: int, report: str, good: str) -> str | None:
    """Which rule a run with a fault broke."""
    if ended.code == 0:
        if ended.out != whole.out:
            return "other numbers"
        return None if report == good else "another report"
    if kind == SHORT:
        return "a short read or write is no failure"
    if ended.code != 4:
        return f"exit code {ended.code}"
    if ended.out or ended.err.count("error: ") != 1 or "Traceback" in ended.err:
        return "not one error alone"
    return None if report == EARLIER else "the earlier report is gone"


def inject(run: str, process: CommandProcess, folder: Path, step: int = 1) -> tuple[Counter[int | None], list[Broken]]:
    """Every fault in this run (with `step`, each so many-th): how often a run ended how, and the rules broken."""
    codes, broken, report = Counter[int | None](), [], folder / RUNS[run][-1]
    for call, kinds in KINDS.items():
        lay_out(folder)
        whole = process.run(RUNS[run], folder, Fault(call, 0))
        good = report.read_text()
        assert whole.code == 0, whole
        for at in range(1, whole.calls + 1, step):
            for kind in kinds:
                lay_out(folder)
                ended = process.run(RUNS[run], folder, Fault(call, at, kind))
                codes[ended.code] += 1
                if why := wrong(ended, whole, kind, report.read_text(), good):
                    broken.append(Broken(run, Fault(call, at, kind), why, ended))
    return codes, broken


def killed(folder: Path, moments: int, seed: int) -> list[str]:
    """Kill a run at random moments (SIGKILL): the report must be that of the earlier run or that of this one, whole."""
    command = [sys.executable, *LOSSCLI[1:], *RUNS["many row groups"]]
    options = {"cwd": folder, "env": environment(TMPDIR=str(folder / "tmp")), "stdout": subprocess.DEVNULL,
               "stderr": subprocess.DEVNULL}  # fmt: skip
    lay_out(folder)
    began = time.monotonic()
    subprocess.run(command, check=True, timeout=PATIENCE, **options)
    seconds, good = time.monotonic() - began, (folder / "r.json").read_text()
    found, chance = [], random.Random(seed)
    for _ in range(moments):
        lay_out(folder)
        moment = chance.random() * seconds * 1.1
        process = subprocess.Popen(command, **options)
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(moment)
        process.kill()
        process.wait(PATIENCE)
        if (folder / "r.json").read_text() not in (EARLIER, good):
            found.append(f"after {moment:.3f} of {seconds:.3f} s: half a report")
    return found


def main() -> int:
    failures = 0
    with TemporaryDirectory() as place:
        folder = Path(place, "run")
        folder.mkdir()
        with CommandProcess(LD_PRELOAD=str(library(Path(place))), TMPDIR=str(folder / "tmp")) as process:
            for run in RUNS:
                codes, broken = inject(run, process, folder)
                failures += len(broken)
                count = f"{codes.total()} faults, {codes[0]} without effect, {codes[4]} errors"
                print(f"{run}: {count}, {len(broken)} broke a rule", *broken, sep="\n  ", flush=True)
        found = killed(folder, 50, seed := time.time_ns())
        failures += len(found)
        print(f"killed at 50 random moments (seed {seed}): {len(found)} reports spoilt", *found, sep="\n  ")
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
