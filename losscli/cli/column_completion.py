"""Completion of column names, from the header or the schema of the first file on the line.

Nothing else is read: no remote file, which may be slow or cost something, and no pipe, which can be read only once.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import click

from losscli.errors import LosscliError

_LARGEST_DOCUMENT = 4 << 20  # bytes of a JSON document, which has no header

_OPTIONS = ("input_format", "delimiter", "quote", "escape", "encoding", "comment", "skip_lines", "json_path")
"""The options that say where the names stand."""


def names(ctx: click.Context, role: str | None) -> list[str]:
    """The columns of the first source of the line, and of its targets; those of a target stand first."""
    # Click binds no argument of a line whose last option still lacks its value.
    sources, targets = (
        _paths([*(ctx.params.get("sources") or ()), *ctx.args]),
        _paths([ctx.params.get("targets") or ""]),
    )
    groups = (targets, sources) if role == "target" else (sources, targets)
    found = (name for paths in groups for path in paths[:1] for name in _columns(path, ctx.params))
    return [name for name in dict.fromkeys(found) if name and name.isprintable()]


def _paths(texts: Sequence[str]) -> list[str]:
    return [path for text in texts for path in (text, text.partition("=")[2]) if _is_read(path)]


def _is_read(path: str) -> bool:
    """Whether a path is a regular file, a folder or a glob on this machine."""
    if not path or path == "-" or "://" in path:
        return False
    if any(mark in path for mark in "*?["):
        return True
    try:
        return Path(path).is_file() or Path(path).is_dir()
    except (OSError, ValueError):
        return False


def _columns(path: str, given: dict[str, Any]) -> tuple[str, ...]:
    from losscli.io.files.discover import discover
    from losscli.io.files.open import open_file
    from losscli.io.source import ReadOptions

    how = {name: given[name] for name in _OPTIONS if given.get(name) is not None}
    with suppress(LosscliError, OSError, ValueError):
        first = discover([path]).files[0]
        if not first.path.endswith(".json") or Path(first.path).stat().st_size <= _LARGEST_DOCUMENT:
            opened = open_file(first, ReadOptions(**how, header=not given.get("no_header")))
            return (*opened.columns, *first.partition_values)
    return ()


def spelled(found: list[str], start: str, *, grammar: bool, bash: bool) -> Iterator[str]:
    """The completions of a word: of COLS, or of one name; as bash needs them, or as other shells do."""
    before, word = "", start
    if grammar:
        cut = max((mark.end() for mark in re.finditer(r"(?<!\\)[,=]", start)), default=0)
        before, word = start[:cut], start[cut:]
    for name in found:
        text = re.sub(r"([,=*:\\])", r"\\\1", name) if grammar else name
        if text.startswith(word) or (name.startswith(word) and word):
            yield _for_bash(before + text) if bash else before + text


def _for_bash(word: str) -> str:
    """What readline inserts: behind the last = or :, which cut words in bash, and with backslashes."""
    # Click's script reads the words with `read`, which takes away one of two backslashes.
    return re.sub(r"([^\w@%+,./-])", r"\\\\\1", re.split(r"(?<!\\)[=:]", word)[-1])


def rejoined(words: list[str], cword: int) -> tuple[list[str], int]:
    """The words of a line that bash has cut at = and :, and the number of the word where the cursor is."""
    found: list[str] = []
    at = cword
    for number, word in enumerate(words):
        if word and len(found) > 1 and (not word.strip("=:") or found[-1].endswith(("=", ":"))):
            found[-1] += word
        else:
            found.append(word)
        if number == cword:
            at = len(found) - 1
    return found, at if cword < len(words) else cword - len(words) + len(found)
