"""Whether a Parquet file has checksums of its pages, without which a damaged page is read as numbers."""

from __future__ import annotations

from losscli.io.formats.parquet import ParquetFragment
from losscli.io.source import Source

_HEADER = 64  # bytes, enough for the fields before the checksum
_INT32 = 5  # of Thrift's compact protocol
_BEFORE, _CRC = 3, 4  # the header of a page begins with three numbers; the fourth is the checksum


def advice(source: Source) -> list[str]:
    """A note about the first Parquet file of a source that has no checksums of its pages."""
    for fragment in source.fragments:
        inner = getattr(fragment, "fragment", fragment)
        if isinstance(inner, ParquetFragment) and not has_page_checksums(inner):
            return [
                f"{inner.path} has no checksums of its pages, so a flipped bit may be read as another number: write it "
                "with write_page_checksum=True (pyarrow), or use --sha256"
            ]
    return []


def has_page_checksums(fragment: ParquetFragment) -> bool:
    """Whether the first page of a file has a checksum; a file without pages needs none."""
    import pyarrow.parquet as pq

    with fragment.source.open_seekable() as file:
        metadata = pq.read_metadata(file)
        if not metadata.num_row_groups or not metadata.num_columns:
            return True
        column = metadata.row_group(0).column(0)
        file.seek(column.dictionary_page_offset or column.data_page_offset)
        return _has_crc(file.read(_HEADER) or b"")


def _has_crc(header: bytes) -> bool:
    """Whether the header of a page, in Thrift's compact protocol, has its fourth field."""
    at, field = 0, 0
    while at < len(header):
        delta, kind = header[at] >> 4, header[at] & 15
        field += delta
        if kind != _INT32 or not delta or field > _BEFORE:
            return kind == _INT32 and field == _CRC
        at += 1
        while at < len(header) and header[at] & 0x80:  # a varint
            at += 1
        at += 1
    return False
