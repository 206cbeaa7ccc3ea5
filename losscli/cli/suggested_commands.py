"""Finished commands for what was found in files, to be copied into a shell."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from dataclasses import replace

from losscli.lazy import pattern
from losscli.results.inspections import FitResult, Inspection

_NEEDS_ESCAPE = pattern(r"[=:]")
_MOST_LOSSES = 4  # of one command
_NOT_OF_INIT = {"--targets", "--on", "--unmatched", "--sha256", "--checksums"}


def with_commands(found: Inspection, sources: Sequence[str], reading: Sequence[str]) -> Inspection:
    """The same with the commands that score each fit, and with further ones for the best.

    Parameters
    ----------
    found : Inspection
        What was found.
    sources : sequence of str
        The files as they were given.
    reading : sequence of str
        The options of how they are read, as they were given.
    """
    fits = tuple(replace(fit, command=_joined(["losscli", "eval", *sources, *reading, *_scoring(fit)]))
                 for fit in found.fits)  # fmt: skip
    further = [] if not fits else list(_further(fits[0], sources, reading))
    return replace(found, fits=fits, commands=(*(fit.command for fit in fits[:1]), *further))


def _further(fit: FitResult, sources: Sequence[str], reading: Sequence[str]) -> Iterator[str]:
    files = [*sources, *reading]
    if fit.slices:
        yield _joined(["losscli", "eval", *files, *_scoring(fit, 1), "--by", fit.slices[0]])
    if len(fit.preds) > 1:
        yield _joined(["losscli", "compare", *files, *_scoring(fit, 1)])
    if len(sources) == 1 and sources[0] != "-" and not _NOT_OF_INIT & set(reading):
        yield _joined(["losscli", "check", "--init", *files, "-o", "-"])
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
