"""Files that stand where data should be: pointers of Git LFS, DVC and git-annex."""

from __future__ import annotations

import re
from pathlib import Path

from losscli.errors import DataError
from losscli.lazy import pattern

LFS_HINT = "git lfs pull gets the data (in GitHub Actions: actions/checkout with lfs: true)"

_LFS = pattern(rb"version https://(?:git-lfs|hawser)\.github\.com/spec/")
_ANNEX = pattern(rb"/annex/objects/\S")
# A .dvc file is YAML: these keys come first, and the hash of an output follows in its list.
_DVC = pattern(rb"(?:outs|deps|md5|frozen|wdir|meta|desc|cmd):")
_DVC_OUTPUT = pattern(rb"(?m)^outs:[ \t]*\r?\n(?:[ \t]*-?[ \t]+.*\n)*?[ \t-]*(?:md5|etag|checksum|hash):")


def refuse_placeholder(path: str, head: bytes) -> None:
    """Refuse a file whose first bytes say that it only points to the data."""
    start = head.removeprefix(b"\xef\xbb\xbf")
    if _LFS.match(start):
        raise _refusal("content is a Git LFS pointer, not the data", path, LFS_HINT)
    if _ANNEX.match(start):
        raise _refusal("content is a git-annex pointer, not the data", path, "git annex get gets the data")
    if _DVC.match(start) and (outputs := _DVC_OUTPUT.search(start)):
        named = re.search(rb"(?m)^[ \t-]*path:[ \t]*(\S.*?)[ \t]*\r?$", start[outputs.start() :])
        name = named[1].decode(errors="replace") if named else "the file that it names"
        raise _refusal("content is a .dvc file, not the data", path, f"dvc pull gets the data; then give {name}")


def _refusal(message: str, path: str, hint: str) -> DataError:
    return DataError(message, path=path, hint=hint, code="DATA_WRONG_FORMAT")


def tracked_elsewhere(path: str) -> str | None:
    """The hint about a missing file whose .dvc file is there, or that is a link of git-annex; None if neither."""
    local_path = Path(path)
    try:
        if local_path.is_symlink() and "annex/objects" in local_path.readlink().as_posix():
            return f"git annex get {path} gets the data"
        if Path(f"{path}.dvc").is_file():
            return f"'{path}.dvc' stands for it: dvc pull gets the data"
    except (OSError, ValueError):
        pass
    return None
