"""Saved JSON documents, which are untrusted: strict JSON, without a key twice, and with a schema that is known."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from losscli.errors import DataError, FileError, system_code
from losscli.io.remote.address import REMOTE_URL, local_path, redacted

LARGEST = 256 << 20  # bytes; a report of a million results has about as many


class InvalidDocument(ValueError):
    """What is invalid in a document."""


def read_document(path: str, what: str, schema: str, hint: str) -> dict[str, Any]:
    """The object in a JSON file; the path "-" is standard input. A document of another kind is a DataError.

    A remote address is read from its store. `what` names the kind in messages, and `hint` says what makes one.
    """
    return parse_document(read_content(path, what), path, what, schema, hint)


def parse_document(content: bytes, path: str, what: str, schema: str, hint: str) -> dict[str, Any]:
    """The same of the content of the file."""
    path = redacted(local_path(path))
    try:
        document = json.loads(content.decode("utf-8-sig"), **_STRICT)
    except (ValueError, RecursionError) as error:
        # The messages of these two name line and column; those of the others say nothing to a user.
        finding = (
            str(error)
            if isinstance(error, json.JSONDecodeError | InvalidDocument)
            else "it is not UTF-8 text, or is nested too deeply"
        )
        raise DataError(f"not a {what}: {finding}", path=path, hint=hint, code="DATA_BAD_REPORT") from None
    if not isinstance(document, dict) or document.get("schema") != schema:
        found = document.get("schema") if isinstance(document, dict) else None
        finding = f"its schema is '{found}'" if isinstance(found, str) else "it has no schema"
        raise DataError(f"not a {schema}: {finding}", path=path, hint=hint, code="DATA_BAD_REPORT")
    return document


def strict_decoder() -> json.JSONDecoder:
    """Reads strict JSON without a key twice."""
    return json.JSONDecoder(**_STRICT)


def read_content(path: str, what: str) -> bytes:
    """The content of a document, which must not be too large."""
    path = local_path(path)
    try:
        if path == "-":
            if sys.stdin is None:
                raise FileError("standard input is closed", path=path)
            content = sys.stdin.buffer.read(LARGEST + 1)
        elif REMOTE_URL.match(path):
            from losscli.io.remote.whole import read_whole

            content = read_whole(path, LARGEST)
        else:
            with Path(path).open("rb") as file:
                size = os.fstat(file.fileno()).st_size
                content = b"" if size > LARGEST else file.read(LARGEST + 1)
                if size > LARGEST:
                    raise _too_large(path, what)
    except FileNotFoundError:
        raise _absent(path) from None
    except (OSError, ValueError) as error:
        raise FileError(
            f"could not read: {getattr(error, 'strerror', None) or error}",
            path=path,
            code=system_code(error) if isinstance(error, OSError) else "IO",
        ) from None
    if len(content) > LARGEST:
        raise _too_large(path, what)
    return content


def _absent(path: str) -> FileError:
    """Only a file that its folder does not have is missing; of another one it is not known whether it is there."""
    from losscli.io.files.archives import refuse_member
    from losscli.io.files.placeholders import tracked_elsewhere

    refuse_member(path)
    if elsewhere := tracked_elsewhere(path):
        return FileError("only a pointer to it is here", path=path, hint=elsewhere)
    if os.path.islink(path):  # noqa: PTH114  any other file there was written a moment ago
        return FileError("a link to a file that does not exist", path=path)
    folder = os.path.dirname(path) or "."  # noqa: PTH120
    if not os.path.isdir(folder):  # noqa: PTH112
        return FileError("its folder does not exist", path=path, hint="check the path, and that its disk is mounted")
    return FileError("no such file", path=path, code="IO_NOT_FOUND")


def _too_large(path: str, what: str) -> DataError:
    return DataError(f"not a {what}: it is larger than {LARGEST >> 20} MB", path=redacted(path),
                     code="DATA_BAD_REPORT")  # fmt: skip


def _unique_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise InvalidDocument(f"'{twice}' occurs twice in one object")
    return found


def _reject_constant(text: str) -> float:
    raise InvalidDocument(f"'{text}' is not valid JSON")


_STRICT: dict[str, Any] = {"object_pairs_hook": _unique_keys, "parse_constant": _reject_constant}
