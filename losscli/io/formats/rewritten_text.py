"""Text whose records are rewritten as it is read, without holding more than one that is not complete."""

from __future__ import annotations

from abc import ABC, abstractmethod

from losscli.io.files.streams import Stream
from losscli.io.formats import text_windows


class RewrittenText(ABC):
    """A stream of the text below, with `rewritten` applied to all complete records of it."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self.held = b""
        self.started = False

    @abstractmethod
    def rewritten(self, text: bytes) -> tuple[bytes, int]:
        """The complete records of `text`, rewritten, and how many bytes of it they were."""

    def remainder(self, text: bytes) -> bytes:
        """The last record, where it is not complete, rewritten."""
        return text

    def read(self, size: int, /) -> bytes:
        """The next records; none only at the end."""
        while True:
            piece = self.stream.read(max(size, 4))  # more than a byte order mark
            if not self.started:
                self.started, piece = True, piece.removeprefix(b"\xef\xbb\xbf")
            text = self.held + (piece or b"\n")
            clean, used = self.rewritten(text)
            if len(text) - used > text_windows.RECORD_LIMIT:  # the windows refuse such a record, with its line
                clean, used = clean + text[used:], len(text)
            if not piece:
                self.held, rest = b"", text[used:]
                return b"" if text == b"\n" else clean + self.remainder(rest[:-1]) if rest else clean[:-1]
            self.held = text[used:]
            if clean:
                return clean

    def close(self) -> None:
        """Close the stream below."""
        self.stream.close()
