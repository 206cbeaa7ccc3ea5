"""The files of -o: their formats, and that no file is written twice, or is one that the run reads."""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterable, Sequence
from pathlib import Path

from losscli.cli.destinations import WORDS
from losscli.errors import UsageError, did_you_mean
from losscli.io.remote.address import local_path, redacted, scheme_of, with_redacted_urls
from losscli.report import format_names, format_of


def report_formats(texts: Sequence[str]) -> dict[str, str]:
    """`[FORMAT=]FILE` -> path: format; the suffix decides where no format is named."""
    from losscli.io.write.atomic import refuse_read_only

    found: dict[str, str] = {}
    for text in texts:
        named, path = split_format(text, format_names(), "rows", *WORDS)
        format_ = named or format_of(path)
        if not format_:
            raise UsageError(f"'{with_redacted_urls(text)}': its suffix is not that of a report format",
                             hint=f"write FORMAT=FILE; formats: {', '.join(format_names())}",
                             code="USAGE_BAD_VALUE")  # fmt: skip
        refuse_read_only(path)
        refuse_second(path, found)
        found[path] = format_
    return found


def split_format(text: str, formats: Sequence[str], *others: str) -> tuple[str | None, str]:
    """The format before `=`, if there is one, and the path. Another word there, without a slash, is an error.

    `others` are words that have a meaning in other places, for the hint.
    """
    word, equals, path = text.partition("=")
    if not equals or re.search(r"[/\\]", word):
        return None, text
    if word not in formats:
        listed = f"formats: {', '.join(formats)}; for a file of that name write ./{with_redacted_urls(text)}"
        raise UsageError(f"unknown format '{word}'", hint=did_you_mean(word, (*formats, *others), listed),
                         code="USAGE_BAD_VALUE")  # fmt: skip
    if not path:
        raise UsageError(f"-o {text} names no file", hint=f"{word}=FILE", code="USAGE_INCOMPLETE")
    return word, path


def refuse_second(path: str, written: Iterable[str]) -> None:
    """Raise a UsageError if `path` is a file that is already written, under whatever name."""
    other = same_destination(path, written)
    if other is not None:
        also = "" if other == path else f", which is also '{redacted(other)}'"
        raise UsageError(f"two reports would be written to '{redacted(path)}'{also}", code="USAGE_CONFLICT")


def same_destination(path: str, others: Iterable[str]) -> str | None:
    """The first of `others` that is the same file as `path`, existing or not."""
    from losscli.io.write.atomic import destination

    others = list(others)
    if path in others:
        return path
    wanted = destination(path) if others else None
    return next((other for other in others if wanted is not None and destination(other) == wanted), None)


def exists(path: str) -> bool:
    """Whether there is something at this path; an address costs a request, whose error is raised."""
    path = local_path(path)
    if not scheme_of(path):
        return Path(path).exists()
    from losscli.io.remote.whole import is_file

    return is_file(path)


def check_outputs(paths: Sequence[str], inputs: Sequence[str], configuration: str | None = None) -> None:
    """Before the work: every file can be written, and none is an input, the configuration, or standard output too."""
    from losscli.io.write.atomic import check_writable

    for path in paths:
        if path == "-":
            continue
        refuse_input(path, inputs)
        if configuration is not None and same_destination(path, [configuration]):
            raise UsageError(f"'{redacted(path)}' is the configuration; writing the report there would destroy it",
                             code="USAGE_CONFLICT")  # fmt: skip
        _refuse_stream(path)
        check_writable(path)


def refuse_input(path: str, inputs: Iterable[str]) -> None:
    """Raise a UsageError if writing to `path` would replace one of the inputs."""
    from losscli.io.files.archives import cut_member
    from losscli.io.write.atomic import same_file

    names = [name for name in inputs if name != "-"]
    names += [cut[0] for name in names if (cut := cut_member(name)) is not None]
    if same_file(path, names):
        raise UsageError(f"'{redacted(path)}' is an input; writing the report there would destroy it",
                         code="USAGE_CONFLICT")  # fmt: skip


def _refuse_stream(path: str) -> None:
    """A file is replaced as a whole: what a standard stream writes to the old one would be lost."""
    from losscli.io.write.atomic import destination

    wanted = destination(path)
    for number, name in ((1, "standard output"), (2, "standard error")):
        try:
            status = os.fstat(number)
        except OSError:
            continue
        if stat.S_ISREG(status.st_mode) and wanted == (status.st_dev, status.st_ino):
            raise UsageError(f"'{path}' is also where {name} goes", hint="write to two files", code="USAGE_CONFLICT")
