"""Tries inputs at random: `python tests/fuzz/fuzzing.py [--examples N] [TARGET…]`; `--list` names the targets.

An input that breaks the rules below is made as small as it can be and kept in found/, from where `test_fuzz.py` tries
it for ever. In CI the same inputs are tried each time, a few of each target; this command tries new ones each time.
"""

from __future__ import annotations

import argparse
import hashlib
import re
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

sys.path[:0] = [str(Path(__file__).parents[1] / "support")]

from command_process import CommandProcess, Ended  # noqa: E402
from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402
from targets import TARGETS, Target, beside  # noqa: E402

FOUND = Path(__file__).parent / "found"
CODES = {0, 1, 2, 3, 4, 5}
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\u2028\u2029\ufeff]")
LONGEST = 4000  # characters on standard error
SECONDS = 60  # an input of a few kilobytes that takes longer is a fault, however busy the machine


def wrong(ended: Ended, most_errors: int = 1) -> str | None:
    """Which rule a run broke: what is refused is refused with one error, and nothing on standard output."""
    if ended.code not in CODES:
        return f"exit code {ended.code}"
    errors = [line for line in ended.err.splitlines() if line.startswith("error: ")]
    if ended.code >= 2 and (ended.out or not 1 <= len(errors) <= most_errors):
        return f"exit code {ended.code} with {len(errors)} errors, and {len(ended.out)} characters of output"
    if ended.code < 2 and errors:
        return f"exit code {ended.code} with an error"
    if "Traceback" in ended.err or CONTROL.search(ended.err) or len(ended.err) > LONGEST:
        return "standard error is no text for people"
    return None


def attempt(target: Target, data: bytes, process: CommandProcess, folder: Path) -> Ended:
    for name, content in beside().items():
        (folder / name).write_bytes(content)
    if target.file is not None:
        (folder / target.file).write_bytes(data)
    text = "" if target.file is not None else data.decode()
    return process.run(target.command(text), folder, patience=SECONDS)


def fuzz(target: Target, examples: int, process: CommandProcess, folder: Path, **more: object) -> None:
    """Try inputs; AssertionError for the smallest that was found to break a rule."""

    @settings(max_examples=examples, deadline=None, suppress_health_check=list(HealthCheck), database=None,
              phases=[Phase.generate, Phase.shrink], **more)  # fmt: skip
    @given(target.inputs)
    def holds(data: bytes) -> None:
        ended = attempt(target, data, process, folder)
        assert wrong(ended, target.most_errors) is None, (wrong(ended, target.most_errors), data, ended)

    holds()


def keep(target: Target, data: bytes) -> Path:
    folder = FOUND / target.name
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / hashlib.sha256(data).hexdigest()[:16]
    path.write_bytes(data)
    return path


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET")
    parser.add_argument("--examples", type=int, default=2000, help="inputs of each target")
    parser.add_argument("--list", action="store_true")
    asked = parser.parse_args()
    if asked.list:
        print("\n".join(TARGETS))
        return 0
    failures = 0
    for name in asked.targets or TARGETS:
        began = time.perf_counter()
        with TemporaryDirectory() as folder, CommandProcess() as process:
            try:
                fuzz(TARGETS[name], asked.examples, process, Path(folder))
                print(f"{name}: {asked.examples:,} inputs, {time.perf_counter() - began:.0f} s", flush=True)
            except AssertionError as error:
                failures += 1
                why, data, ended = error.args[0]
                print(f"{name}: {why}\n  kept in {keep(TARGETS[name], data)}\n  {data[:200]!r}\n  {ended}", flush=True)
    return int(failures > 0)


if __name__ == "__main__":
    sys.exit(main())
