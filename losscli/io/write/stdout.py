"""Standard output as a file for tables, without control characters on a terminal."""

from __future__ import annotations

import codecs
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import BinaryIO, cast

from losscli.errors import FileError
from losscli.io.write.atomic import with_file_errors
from losscli.lazy import pattern

_MEMORY_LIMIT = 8 << 20  # bytes that are held in memory before they go to a temporary file
_PIECE = 1 << 20

# Tab and line feed belong to the table; others would let a value in the data control the terminal.
_CONTROL = pattern(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)


@contextmanager
def standard_output() -> Iterator[BinaryIO]:
    """A file whose content is written to standard output at the end, and only if no error occurs.

    So a reader never gets the first rows of a table that fails later; this costs a temporary file.
    """
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        raise FileError("could not write: standard output is closed", path="standard output")
    import tempfile

    with tempfile.SpooledTemporaryFile(max_size=_MEMORY_LIMIT) as held:
        yield cast(BinaryIO, held)
        held.seek(0)
        # Text that was printed before comes first.
        with_file_errors("standard output", sys.stdout.flush)
        shown = _sanitizer() if is_terminal() else bytes
        for piece in iter(lambda: held.read(_PIECE), b""):
            with_file_errors("standard output", partial(stream.write, shown(piece)))
        with_file_errors("standard output", stream.flush)


def is_terminal() -> bool:
    """Whether standard output is a terminal."""
    return sys.stdout is not None and sys.stdout.isatty()


def _sanitizer() -> Callable[[bytes], bytes]:
    """A function that escapes control characters in chunks of text; a character may span two chunks."""
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    return lambda piece: _CONTROL.sub(_visible, decoder.decode(piece)).encode("utf-8")


def _visible(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
