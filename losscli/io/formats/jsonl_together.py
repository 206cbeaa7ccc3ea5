"""Small files of JSON lines with the same keys, whose numbers are parsed in one call of Arrow's reader.

Each call starts a thread, which takes longer than to parse a few hundred records. Where anything is unusual (blank
lines, a record that Arrow does not read, a number that it may round) the files are read one by one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import pyarrow as pa

from losscli.io.files.inputs import Input
from losscli.io.files.streams import Stream
from losscli.io.formats.text_windows import Window
from losscli.io.small_files import SMALL
from losscli.io.source import ReadAs
from losscli.io.together import ReadAlone, Together
from losscli.lazy import dataclass


class SmallFile(ReadAlone, Protocol):
    """A small file of JSON lines."""

    @property
    def source(self) -> Input:
        """Its bytes."""
        ...

    def opened(self) -> Stream:
        """Its text."""
        ...

    def plain_numbers(self, window: Window, projection: Mapping[str, ReadAs]) -> pa.RecordBatch | None:
        """These columns of the records, if Arrow reads them without a doubt."""
        ...


@dataclass(frozen=True)
class JsonlTogether(Together[SmallFile]):
    """The rows of several small files as one split."""

    def rows(self) -> tuple[pa.RecordBatch, Sequence[int]] | None:
        """The rows of all files, and how many each has; None where one is unusual."""
        texts: list[bytes] = []
        counts: list[int] = []
        for fragment in self.fragments:
            with fragment.opened() as stream:
                text = stream.read(4 * SMALL)
            fragment.source.verify()
            text += b"" if text.endswith(b"\n") else b"\n"
            lines = text.count(b"\n")
            # Each line holds a record: none is blank.
            if len(text) >= 4 * SMALL or text[:1] != b"{" or text.count(b"\n{") != lines - 1:
                return None
            texts.append(text)
            counts.append(lines)
        whole = b"".join(texts)
        data = self.fragments[0].plain_numbers(Window(whole, len(whole), 0, 1, last=True), self.projection)
        return None if data is None or data.num_rows != sum(counts) else (data, counts)
