"""Which columns of a text file spell vectors, by their first cells."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping

import pyarrow as pa

from losscli.io.arrow.numbers import NumberFormat
from losscli.io.arrow.spelled_vectors import recognised
from losscli.io.files.streams import Stream
from losscli.io.formats.csv_header import Layout
from losscli.io.source import ReadOptions

HEAD = 1 << 16
_FEW = 200  # rows that are looked at


def vector_columns(stream: Stream, layout: Layout, options: ReadOptions) -> Mapping[str, pa.DataType]:
    """The columns whose first cells spell vectors, each with the type that says how; `stream` is at the first byte."""
    stream.read(layout.body)
    text = stream.read(HEAD)
    whole = not stream.read(1)
    quote, delimiter = layout.dialect.quote.decode(), layout.dialect.delimiter.decode()
    quoting = {"quotechar": quote} if quote else {"quoting": csv.QUOTE_NONE}
    lines = io.StringIO(text.decode(errors="replace"), newline="")
    try:
        records = [record for record in csv.reader(lines, delimiter=delimiter, **quoting) if record]
    except csv.Error:  # what is wrong with it, its reader says
        return {}
    records = (records if whole else records[:-1])[:_FEW]
    number_format = NumberFormat(frozenset(options.null_values), options.decimal)
    found: dict[str, pa.DataType] = {}
    for place, name in enumerate(layout.names):
        cells = [
            record[place] for record in records if len(record) > place and not number_format.is_null(record[place])
        ]
        if (form := recognised(cells, number_format)) is not None:
            found[name] = form.type
    return found
