"""Standard output as a file for tables: errors that say what happened, and no control characters on a terminal."""

from __future__ import annotations

import codecs
import io
import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, BinaryIO, cast

from losscli.errors import FileError
from losscli.sink.atomic import told

# Tab and line feed are the table's own; the others would let a value of the data act on the terminal.
_ACTS = re.compile(
    "[\0-\x08\x0b-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\U000e0000-\U000e007f]"
)


@contextmanager
def standard_output() -> Iterator[BinaryIO]:
    """The process's standard output; it stays open at the end."""
    stream = getattr(sys.stdout, "buffer", None)
    if stream is None:
        raise FileError("could not write: standard output is closed", path="-")
    output = _Output(stream, terminal=is_terminal())
    # What was printed before stands before.
    told("-", sys.stdout.flush)
    yield cast(BinaryIO, output)
    told("-", stream.flush)


def is_terminal() -> bool:
    """Whether a person would see the bytes."""
    return sys.stdout is not None and sys.stdout.isatty()


class _Output(io.RawIOBase):
    """Passes bytes on; to close it closes nothing."""

    def __init__(self, stream: BinaryIO, terminal: bool) -> None:
        super().__init__()
        self._stream = stream
        # Characters may be cut at the end of a write, hence the decoder that remembers.
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace") if terminal else None

    def writable(self) -> bool:
        return True

    def write(self, data: Any, /) -> int:
        if self.closed:
            raise ValueError("write to a closed file")
        shown = bytes(data)
        size = len(shown)
        if self._decoder is not None:
            shown = _ACTS.sub(_visible, self._decoder.decode(shown)).encode("utf-8")
        told("-", lambda: self._stream.write(shown))
        return size


def _visible(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode("ascii")
