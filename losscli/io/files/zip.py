"""A zip archive with one member is a compressed file; with more it is a question for the user."""

from __future__ import annotations

import zipfile
from typing import IO

from losscli.errors import DataError


def open_member(place: str, path: str) -> IO[bytes]:
    """The bytes of the only file in the archive."""
    try:
        archive = zipfile.ZipFile(place)
        members = [info for info in archive.infolist() if not info.is_dir()]
        if any(info.filename == "[Content_Types].xml" for info in members):
            raise DataError(
                "content is an Office document, not a table",
                path=path,
                hint="export it as CSV",
                code="DATA_WRONG_FORMAT",
            )
        if len(members) != 1:
            names = ", ".join(f"'{info.filename}'" for info in members[:5]) + (" …" if len(members) > 5 else "")
            raise DataError(
                f"the zip archive has {len(members)} members, not one: {names}",
                path=path,
                hint="unpack it first",
                code="DATA_WRONG_FORMAT",
            )
        return archive.open(members[0])
    except zipfile.BadZipFile:
        raise DataError("the zip archive is damaged or truncated", path=path, code="DATA_CORRUPT_FILE") from None
    except (RuntimeError, NotImplementedError):
        raise DataError(
            "the zip archive is encrypted or compressed in an unknown way", path=path, code="DATA_CORRUPT_FILE"
        ) from None
