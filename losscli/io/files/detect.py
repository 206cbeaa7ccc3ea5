"""Detection of a file's format by its content, with its name as a cross-check."""

from __future__ import annotations

import codecs
import json
import re
from pathlib import PurePath

from losscli.errors import DataError, UsageError
from losscli.io.files.archives import SHEET_HINT, torch_refusal
from losscli.io.files.placeholders import refuse_placeholder
from losscli.io.source import ReadOptions
from losscli.lazy import pattern

FORMATS = ("csv", "tsv", "jsonl", "json", "parquet", "arrow", "npy", "npz", "safetensors")

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
    ".parquet": "parquet",
    ".pq": "parquet",
    ".arrow": "arrow",
    ".arrows": "arrow",
    ".feather": "arrow",
    ".ipc": "arrow",
}

ARRAY_SUFFIXES = {".npy": "npy", ".npz": "npz", ".safetensors": "safetensors"}
"""Of arrays. They are not looked for in a folder, where they often stand beside the tables."""

ARRAY_FORMATS = frozenset(ARRAY_SUFFIXES.values())

COMPRESSION_SUFFIXES = {".gz", ".bz2", ".zst", ".xz", ".lz4", ".zip"}

_UNSUPPORTED: tuple[tuple[bytes, str, str | None], ...] = (
    (b"PARE", "content is encrypted Parquet, which is not supported", "decrypt it first"),
    (b"FEA1", "content is Feather version 1, which is not supported", "write it again as Arrow or Parquet"),
    (b"ORC", "content is ORC, which is not supported", "convert it to Parquet"),
    (b"\x89HDF\r\n", "content is HDF5, which is not supported", "export the columns as Parquet or CSV"),
    (b"SQLite format 3", "content is an SQLite database", "export the table as CSV"),
    (b"\x80\x02", "content is a pickle, which could run code", "save the data as Parquet or CSV"),
    (b"\x80\x03", "content is a pickle, which could run code", "save the data as Parquet or CSV"),
    (b"\x80\x04\x95", "content is a pickle, which could run code", "save the data as Parquet or CSV"),
    (b"\x80\x05\x95", "content is a pickle, which could run code", "save the data as Parquet or CSV"),
    (b"MATLAB 5.0 MAT-file", "content is a MATLAB file", "scipy.io.loadmat reads it; save its arrays with numpy.savez"),
    (b"7z\xbc\xaf\x27\x1c", "content is a 7z archive, which is not supported", "unpack it first"),
    (b"Rar!\x1a\x07", "content is a RAR archive, which is not supported", "unpack it first"),
    (b"%PDF", "content is PDF", None),
    (b"\xd0\xcf\x11\xe0", "content is an Excel workbook or another Office document, not a table", SHEET_HINT),
)

_TORCH = (".pt", ".pth", ".bin", ".ckpt")

_VECTOR = pattern(rb"\[|\(|[0-9.];|\S:[-+.0-9]")  # any sign of numbers that share a cell

_HTML = pattern(rb"(?s)(?:<!--.*?-->\s*)?<(?:!doctype html|html|head|body|table|title|meta)\b|<!--")

_DISPLAY_NAMES = {
    "csv": "delimited text",
    "jsonl": "JSON lines",
    "json": "a JSON document",
    "parquet": "Parquet",
    "arrow": "Arrow",
    "npy": "a NumPy array",
    "npz": "an archive of NumPy arrays",
    "safetensors": "safetensors",
}


def format_of_name(path: str) -> str | None:
    """The format that the suffix names; suffixes of compression are skipped."""
    suffixes = [suffix.lower() for suffix in PurePath(path).suffixes]
    while suffixes and suffixes[-1] in COMPRESSION_SUFFIXES:
        suffixes.pop()
    # Beside the tables of a folder, .json files describe them, so it is none of the suffixes that are looked for there.
    known = {**SUFFIXES, **ARRAY_SUFFIXES, ".json": "json"}
    return known.get(suffixes[-1]) if suffixes else None


def detect_format(path: str, head: bytes, options: ReadOptions, name: str | None = None) -> str:
    """The format of a file whose (decompressed) first bytes are `head`; `name` is its name in an archive."""
    if not head:
        raise DataError(
            "the file is empty (0 bytes)",
            path=path,
            hint="did the step that writes it fail, or is it still running?",
            code="DATA_CORRUPT_FILE",
        )
    refuse_placeholder(path, head)
    requested = options.input_format
    if requested is not None:
        if requested not in FORMATS:
            raise UsageError(
                f"unknown input format '{requested}'", hint=f"one of {', '.join(FORMATS)}", code="USAGE_BAD_VALUE"
            )
        check_json_path(path, requested, options)
        return requested
    by_name = format_of_name(path)
    content = _content(path, head, options)
    if by_name == "jsonl" and content == "text" and not head.strip():
        return by_name  # blank lines fit any text format
    if content == "text":
        content = "tsv" if "tsv" in (by_name, format_of_name(name or "")) else "csv"
    check_json_path(path, content, options)
    if by_name in (None, content) or (by_name, content) == ("json", "jsonl"):
        return content
    if by_name == "parquet" and not head.isascii() and content not in ARRAY_FORMATS:
        return by_name  # the footer decides; the first four bytes are a formality
    raise DataError(
        f"the name says {_DISPLAY_NAMES[_family(by_name)]}, the content is {_DISPLAY_NAMES[_family(content)]}",
        path=path,
        hint=f"rename it, or use --input-format {content}",
        code="DATA_WRONG_FORMAT",
    )


def check_json_path(path: str, content: str, options: ReadOptions) -> None:
    """Refuse --json-path for what is no JSON document."""
    if options.json_path is not None and content != "json":
        what = _DISPLAY_NAMES[_family(content)]
        raise UsageError(f"--json-path is for JSON documents, and this is {what}", path=path, hint="remove it",
                         code="USAGE_CONFLICT")  # fmt: skip


def _family(format: str) -> str:
    return "csv" if format == "tsv" else format


def _content(path: str, head: bytes, options: ReadOptions) -> str:
    if head.startswith(b"PAR1"):
        return "parquet"
    if head.startswith((b"ARROW1", b"\xff\xff\xff\xff")):
        return "arrow"
    if head.startswith(b"\x93NUMPY"):
        return "npy"
    if head[5:8] == b"\0\0\0" and head[8:9] == b"{":  # the length of a JSON document, and its first character
        return "safetensors"
    if head.startswith((b"\x80\x02\x8a\nl\xfc\x9cF\xf9", b"\x80\x02}")) and path.lower().endswith(_TORCH):
        raise torch_refusal(path)
    for magic, message, hint in _UNSUPPORTED:
        if head.startswith(magic):
            raise DataError(message, path=path, hint=hint, code="DATA_WRONG_FORMAT")
    return _text(path, head, options)


def _text(path: str, head: bytes, options: ReadOptions) -> str:
    if options.encoding.lower() in {"utf-8", "utf8"} and head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise DataError("the text is UTF-16", path=path, hint="use --encoding utf-16", code="DATA_ENCODING")
    start = _as_utf8(head, options.encoding).removeprefix(b"\xef\xbb\xbf").lstrip()
    lower = start[:200].lower()
    if _HTML.match(lower):
        raise DataError(
            "content is HTML, not data",
            path=path,
            hint="is it a login or error page? get the file again, and look at what the server answers",
            code="DATA_WRONG_FORMAT",
        )
    if lower.startswith(b"<?xml"):
        sheet = b"excel.sheet" in lower or b"office:spreadsheet" in start[:1000]
        hint = SHEET_HINT if sheet else "is it a server's answer about an error? look at what it says"
        raise DataError("content is XML, not a table", path=path, hint=hint, code="DATA_WRONG_FORMAT")
    return _json(start, format_of_name(path), options) or "text"


def _as_utf8(head: bytes, encoding: str) -> bytes:
    """The beginning of a text as UTF-8, as far as it can be; what is wrong with the rest its reader says."""
    try:
        return codecs.getincrementaldecoder(encoding)().decode(head).encode("utf-8", "surrogatepass")
    except Exception:  # each codec has errors of its own for what it cannot do
        return head


def _json(start: bytes, by_name: str | None, options: ReadOptions) -> str | None:
    """What text that begins as JSON is: lines of records, or one document; None if it may be neither."""
    if start.startswith(b"["):
        if by_name == "json" or options.json_path is not None or re.match(rb"\[(?:\{|\s)", start):
            return "json"
        return "jsonl" if by_name == "jsonl" else None  # its reader reports that a list is not a record
    if not start.startswith(b"{"):
        return None
    if options.json_path is not None:
        return "json"
    first, _, rest = start.partition(b"\n")
    try:
        is_record = isinstance(json.loads(first), dict)
    except (ValueError, RecursionError):
        is_record = False
    if by_name == "json":
        return "jsonl" if is_record and rest.lstrip().startswith(b"{") else "json"
    opened = first.rstrip()[-1:] in b"{[,"  # a document over several lines, as indent= writes it
    return "json" if by_name is None and not is_record and rest and opened else "jsonl"


def may_spell_vectors(head: bytes) -> bool:
    """Whether there is any sign of a vector in the first bytes of a file; nearly always there is none."""
    # Without any of these characters, the expression takes a hundred times as long as the search for them.
    return any(mark in head for mark in (b"[", b"(", b";", b":")) and _VECTOR.search(head) is not None
