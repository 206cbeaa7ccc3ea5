"""Finished commands for what was found in files, to be copied into a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace

from losscli.cli.option_values import FilesAsGiven
from losscli.lazy import pattern
from losscli.results.inspections import FitResult, Inspection

_NEEDS_ESCAPE = pattern(r"[=:]")
_MOST_LOSSES = 4  # of one command


def with_commands(found: Inspection, files: FilesAsGiven) -> Inspection:
    """The same with the commands that score each fit, and with further ones for the best."""
    words = [*files.sources, *files.options]
    fits = tuple(replace(fit, command=_joined(["losscli", "eval", *words, *_scoring(fit)])) for fit in found.fits)
    further = [] if not fits else list(_further(fits[0], files))
    return replace(found, fits=fits, commands=(*(fit.command for fit in fits[:1]), *further))


def _further(fit: FitResult, files: FilesAsGiven) -> Iterator[str]:
    words = [*files.sources, *files.options]
    if fit.slices:
        yield _joined(["losscli", "eval", *words, *_scoring(fit, 1), "--by", fit.slices[0]])
    if len(fit.preds) > 1:
        yield _joined(["losscli", "compare", *words, *_scoring(fit, 1)])
    if len(files.sources) == 1 and files.sources[0] != "-" and files.init:
        yield _joined(["losscli", "check", "--init", *words, "-o", "-"])
    yield _joined(["losscli", "show", fit.losses[0].spec.partition(":")[0]])


def _scoring(fit: FitResult, most: int = _MOST_LOSSES) -> list[str]:
    """The options for columns, the first losses, and rows."""
    words: list[str] = []
    for role, cols in fit.roles.items():
        if role == "target":
            words += ["-t", cols]
        elif role != "pred":
            words += ["-c", f"{role}={cols}"]
    for cols in fit.preds:
        words += ["-p", _escaped(cols)]
    chosen = fit.losses[:most]
    for choice in chosen:
        words += ["-l", choice.spec]
    for name, value in fit.settings.items():
        if name != "batch-by" or any(choice.batched for choice in chosen):
            words += [f"--{name}", value]
    return words


def _escaped(cols: str) -> str:
    """A prediction whose name would be taken for NAME=COLS."""
    return _NEEDS_ESCAPE.sub(r"\\\g<0>", cols) if "\\" not in cols else cols


def _joined(words: Sequence[str]) -> str:
    return " ".join(map(shlex.quote, words))
