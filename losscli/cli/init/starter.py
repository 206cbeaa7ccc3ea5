"""losscli check --init: a configuration for a file, with the roles and losses that its values suggest."""

from __future__ import annotations

import contextlib
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from functools import partial
from typing import TYPE_CHECKING, Any

from losscli.cli import console
from losscli.cli.config import CONFIG_NAME, config_from_text
from losscli.errors import FileError, UsageError
from losscli.io.remote.address import REMOTE_URL, local_path, redacted, scheme_of
from losscli.results.directions import compared

if TYPE_CHECKING:
    from losscli.cli.option_values import CheckOptions, ExecutionOptions
    from losscli.execution.inspection.guess import Guess
    from losscli.results import Evaluation, LossResult, RowCounts

_SETTINGS = {
    "positive": "the class with the larger predictions",
    "first-class": "the first class index",
    "classes": "the classes of the numbers of a row: is this their order?",
    "batch-by": "rows with the same value form a batch",
    "missing": 'rows with empty cells; or "error"',
    "nan": 'rows with NaN; or "error"',
}
_TOLERANCE = Decimal("0.05")  # of the absolute value: by so much a number may get worse before its gate fails


def write(source: str, options: CheckOptions) -> str:
    """Write the configuration, and return its path."""
    from losscli.execution.inspection.guess import guess
    from losscli.execution.inspection.sample import read_sample
    from losscli.io.write.atomic import check_writable

    outputs = options.outputs
    if len(outputs) > 1:
        raise UsageError("--init writes one file, and several are named", code="USAGE_CONFLICT")
    if source == "-":
        raise UsageError(
            "--init reads a file, which the configuration then names; standard input has no name", code="USAGE_CONFLICT"
        )
    path = local_path(outputs[0]) if outputs else CONFIG_NAME
    if scheme_of(path):
        raise UsageError("a configuration is a local file", path=redacted(path), code="USAGE_BAD_VALUE")
    if path != "-" and os.path.lexists(path):
        raise FileError("the file exists, and --init does not overwrite it", path=path,
                        hint="-o FILE names another")  # fmt: skip
    if path != "-":
        check_writable(path)
    folder = os.path.dirname(os.path.abspath(path))  # noqa: PTH100, PTH120
    shown = _relative(source, folder)
    guessed = guess(read_sample([source], replace(options.read, lenient=True)), source)
    text_of = partial(_text, shown, options.reading, guessed)
    text = text_of(_current(text_of(), folder, options.execution))
    if path == "-":
        console.write_stdout(text)
    else:
        _create(path, text)
    return path


def _create(path: str, text: str) -> None:
    from losscli.io.write.atomic import with_file_errors

    def write() -> None:
        with open(path, "x", encoding="utf-8", newline="\n") as file:  # noqa: PTH123
            file.write(text)

    with_file_errors(path, write)


def _relative(source: str, folder: str) -> str:
    """The path relative to the folder of the configuration."""
    if REMOTE_URL.match(source) or os.path.isabs(source):  # noqa: PTH117
        shown = source
    else:
        shown = os.path.relpath(source, folder).replace(os.sep, "/")
    try:
        shown.encode()
    except UnicodeEncodeError:
        raise UsageError(
            "the name is not valid Unicode, which TOML requires", path=source, code="USAGE_CONFLICT"
        ) from None
    return shown


def _current(text: str, folder: str, execution: ExecutionOptions) -> Evaluation:
    """The current run, by the suite that is written."""
    from losscli.cli import scoring, suites

    config = config_from_text(text, folder, suites.known_keys())
    (suite,) = config.suites.values()
    options = suites.options_of(config, suite, execution)
    with contextlib.chdir(folder):
        return scoring.score(options)


def _gates(results: Sequence[LossResult]) -> list[str]:
    """A gate for each loss that all models pass now, with a tolerance."""
    worst: dict[str, tuple[float, str]] = {}
    for result in results:
        if result.value - result.value == 0:  # finite
            higher = result.direction == "higher"
            value = compared(result.direction, result.value)
            known = worst.get(result.spec, (value, ""))[0]
            worst[result.spec] = ((min if higher else max)(known, value), result.direction)
    return [f"{spec}{'>=' if way == 'higher' else '<='}{_limit(value, way)}" for spec, (value, way) in worst.items()]


def _limit(value: float, direction: str) -> str:
    """The number that is worse by the tolerance, rounded to three digits away from the better side."""
    number = Decimal(value)
    worse = number - abs(number) * _TOLERANCE if direction == "higher" else number + abs(number) * _TOLERANCE
    rounding = ROUND_FLOOR if direction == "higher" else ROUND_CEILING
    return repr(float(Context(prec=3, rounding=rounding).plus(worse)))


def quoted(value: Any) -> str:
    """A text, a list or a mapping of texts as TOML."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{quoted(key)} = {quoted(item)}" for key, item in value.items()) + "}"
    return "[" + ", ".join(map(quoted, value)) + "]"


def _name(source: str) -> str:
    """The name of the suite: that of the file."""
    stem = os.path.basename(source.rstrip("/")).partition(".")[0]  # noqa: PTH119
    return re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-") or "main"


def _text(source: str, reading: Mapping[str, Any], guess: Guess, current: Evaluation | None = None) -> str:
    lines = [
        "# Written by 'losscli check --init' from the first rows of the file. Please check it.",
        "# 'losscli check' runs it. 'losscli help config' describes all keys.",
        "",
        f"[suites.{_name(source)}]",
        f"sources = {quoted([source])}",
        *key_lines(reading),
        *_roles(guess),
        f"losses = {quoted(guess.losses)}  # 'losscli list' shows all losses",
        *_rows(guess),
        *([] if current is None else _gate_lines(_gates(current.results), current.rows)),
        "",
        "# To compare with a saved report instead: write one, and keep an accepted copy as baseline.json.",
        '# outputs = ["report.json", "junit=report.xml"]',
        '# baseline = "baseline.json"',
        '# baseline-missing = "skip"',
        *([f"# gates = {quoted([f'{guess.losses[0]}<=baseline+1%'])}"] if guess.losses else []),
    ]
    return "".join(line + "\n" for line in lines)


def key_lines(reading: Mapping[str, Any]) -> list[str]:
    """How files are read as keys of a suite, by the names of the options."""
    return [f"{name} = {quoted(value) if isinstance(value, str) else json.dumps(value)}"
            for name, value in reading.items()]  # fmt: skip


def are_keys(reading: Mapping[str, Any]) -> UsageError:
    """The error about how files are read where there is no --init."""
    names = ", ".join(f"--{name}" for name in reading)
    are, keys = ("is", "it is a key") if len(reading) == 1 else ("are", "they are keys")
    return UsageError(f"{names} {are} for --init: in a configuration {keys} of a suite",
                      hint=f"in the suite: {'; '.join(key_lines(reading))}", code="USAGE_INCOMPLETE")  # fmt: skip


def _roles(guess: Guess) -> list[str]:
    lines = []
    if guess.target is not None:
        comment = "" if guess.named else "  # guessed from its values: is this the target?"
        lines.append(f"target = {quoted(guess.target)}{comment}")
    if guess.preds:
        lines.append(f"pred = {quoted(guess.preds[0] if len(guess.preds) == 1 else guess.preds)}")
    if guess.columns:
        lines.append(f"columns = {quoted(guess.columns)}")
    for key, comment in _SETTINGS.items():
        if key in guess.settings:
            value = guess.settings[key]
            lines.append(f"{key} = {value if key == 'first-class' else quoted(value)}  # {comment}")
    return lines


def _rows(guess: Guess) -> list[str]:
    lines = []
    if guess.groups and "batch-by" not in guess.settings:
        lines.append("# batch-size = 256  # rows of a batch; without it, all rows are one batch")
    lines += [f"# by = {quoted([name])}  # also score each slice" for name in guess.slices[:3]]
    lines += [f"# weight = {quoted(name)}" for name in guess.weights[:1]] or ['# weight = "COLUMN"']
    lines.append("# interval = true  # confidence intervals")
    return lines


def _gate_lines(gates: Sequence[str], rows: RowCounts) -> list[str]:
    """The gates on the current numbers, and on the share of dropped rows; none if no number is finite."""
    if not gates:
        return []
    lines = ["", "# The current numbers with a tolerance of 5 %; see 'losscli help gates'.", f"gates = {quoted(gates)}"]
    if rows.lost:
        share = Decimal(100 * rows.lost) / rows.wanted
        allowed = min(Context(prec=2, rounding=ROUND_CEILING).multiply(share, 1 + _TOLERANCE), Decimal(100))
        lines.append(f"max-dropped = {quoted(f'{allowed:f}%')}  # {rows.lost} of {rows.wanted} rows are dropped now")
    return lines
