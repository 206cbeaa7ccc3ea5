"""How standard error speaks: text for people, or lines for programs.

It is looked for before the command line is understood, because it counts for a wrong one too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

ERROR_FORMATS = ("text", "json", "github")
OPTION, VARIABLE = "--error-format", "LOSSCLI_ERROR_FORMAT"

# Whoever asks for a report that a program reads has a program that reads.
_IMPLIED = {"json": "json", "jsonl": "json", "github": "github"}
_chosen = ["text"]


@contextmanager
def speaking(format: str) -> Iterator[None]:
    """Let standard error speak so until the block ends, in all threads of this process; then as before.

    A process may run many command lines, but one after another: two at a time would have one format.
    """
    before = _chosen[0]
    _chosen[0] = format
    try:
        yield
    finally:
        _chosen[0] = before


def spoken() -> str:
    """One of `ERROR_FORMATS`."""
    return _chosen[0]


def wanted(args: Sequence[str], environment: Mapping[str, str], terminal: bool) -> str:
    """What was asked for; what a report's format implies counts only where no person looks on."""
    asked = _last(args, (OPTION,)) or environment.get(VARIABLE)
    if asked:
        return asked if asked in ERROR_FORMATS else "text"
    report = _last(args, ("--format", "-f")) or environment.get("LOSSCLI_FORMAT", "")
    return "text" if terminal else _IMPLIED.get(report, "text")


def _last(args: Sequence[str], names: Sequence[str]) -> str | None:
    """The last value of an option, however it is joined to its name; nothing behind `--` is an option."""
    found = None
    for place, word in enumerate(args):
        if word == "--":
            break
        for name in names:
            if word == name and place + 1 < len(args):
                found = args[place + 1]
            elif name.startswith("--") and word.startswith(f"{name}="):
                found = word.removeprefix(f"{name}=")
            elif not name.startswith("--") and word.startswith(name):
                found = word.removeprefix(name)
    return found
