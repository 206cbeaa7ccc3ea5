"""What a configuration that was found automatically may do: write below its own folder, and nowhere else.

A user who runs a command in a downloaded folder does not expect it to write outside of that folder.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator

from losscli.cli.config.document import Document
from losscli.cli.config.lines import TextPosition
from losscli.cli.config.suites import Setting, Suite
from losscli.errors import UsageError
from losscli.lazy import pattern

_SCHEME = pattern(r"[A-Za-z][A-Za-z0-9+.-]+://")
HINT = "--trust-config allows it for this run, as does naming the file: --config FILE"


def check(suite: Suite, folder: str, document: Document) -> None:
    """Refuse a suite that would write outside of `folder`."""
    for path, position, what in _written(suite):
        why = _outside(path, folder)
        if why:
            raise _refused(document, position, f"{what} '{path}' {why}")
    baseline = suite.settings.get("baseline")
    if baseline is not None and _SCHEME.match(baseline.value):
        raise _refused(document, baseline.position, f"the baseline '{baseline.value}' is on another machine")


def _refused(document: Document, position: TextPosition, what: str) -> UsageError:
    return document.error_at(position, f"{what}; a configuration that was found automatically may not do that", HINT)


def _written(suite: Suite) -> Iterator[tuple[str, TextPosition, str]]:
    """Every path that the suite may write to, its position in the file, and what it is."""
    outputs = suite.settings.get("outputs")
    if outputs is not None:
        for text, position in zip(outputs.value, outputs.items, strict=True):
            # `FORMAT=FILE`, or a file with that name: both must lie inside the folder.
            for path in dict.fromkeys((text.partition("=")[2] or text, text)):
                yield path, position, "the output"
    baseline: Setting | None = suite.settings.get("baseline")
    missing = suite.settings.get("baseline_missing")
    if baseline is not None and missing is not None and missing.value == "create":
        yield baseline.value, baseline.position, "the baseline"


def _outside(path: str, folder: str) -> str | None:
    """Why a path leads out of the folder; None if it does not."""
    if _SCHEME.match(path):
        return "is on another machine"
    if os.path.isabs(path) or os.path.splitdrive(path)[0]:  # noqa: PTH117
        return "is an absolute path"
    if ".." in re.split(r"[/\\]", path):
        return "leaves the folder through '..'"
    top = os.path.realpath(folder)
    real = os.path.realpath(os.path.join(folder, path))  # noqa: PTH118
    if os.path.commonpath([top, real]) != top:
        return "leaves the folder through a link"
    return None
