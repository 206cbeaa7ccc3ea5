"""Which version of each file a shard read, as its state says, and whether the shards of a run read the same ones."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from losscli.errors import DataError
from losscli.execution.shard_state import Plain
from losscli.io.source import Source
from losscli.lazy import dataclass

_NAMES = {"etag": "ETags", "time": "modification times"}
_OTHERS = "~"  # before the version of a file of which shards read copies that have others


def file_versions(source: Source) -> list[str | None]:
    """`etag …` or `time …` of each file, which changes when it is written; None for a file that has none that lasts.

    The sizes are elsewhere in a state.
    """
    found: list[str | None] = []
    for fragment in source.fragments:
        file, remote = fragment.file, fragment.remote
        if file is not None and file.spool is None:
            found.append(f"time {file.version[1]}")
        elif remote is not None and remote.version.tag:
            found.append(f"{'etag' if remote.version.is_etag else 'time'} {remote.version.tag}")
        else:
            found.append(None)
    return found


@dataclass(frozen=True)
class _Version:
    """The version of a file, and who read it where; `differs` if copies of it have others."""

    named: str
    path: str
    kind: str
    tag: str
    differs: bool

    @property
    def text(self) -> str:
        """As `file_versions` wrote it."""
        return f"{_OTHERS * self.differs}{self.kind} {self.tag}"


class SharedVersions:
    """The versions of the files of a run, state by state.

    Only an object that has another ETag under the same address is surely another one. Copies of a file, which machines
    may have, differ in their times, too; so may the ETags of copies in several stores.
    """

    def __init__(self) -> None:
        self.known: dict[int, _Version] = {}
        self.plan: str | None = None
        self.count = 0

    def add(self, named: str, document: Plain) -> None:
        """What a state says, which must be well formed; `named` are its shards.

        Raises
        ------
        DataError
            Where a file surely is not the one that the shards before it read.
        """
        versions, paths = document.get("versions"), [path for path, _, _ in document["sources"]]
        self.count = len(paths)
        if isinstance(versions, str) and versions == document["run"]["cut"]:  # of a plan, the same for all shards
            self.plan = versions
        if not isinstance(versions, list):
            return
        for at, (path, text) in enumerate(zip(paths, versions, strict=True)):
            if text is not None:
                kind, _, tag = text.removeprefix(_OTHERS).partition(" ")
                self._add(at, _Version(named, path, kind, tag, text.startswith(_OTHERS)))

    def _add(self, at: int, new: _Version) -> None:
        old = self.known.setdefault(at, new)
        if old.kind != new.kind:
            return  # a store's and a disk's, which cannot be compared
        if old.tag != new.tag and old.kind == "etag" and old.path == new.path:
            raise DataError(
                f"{new.named} read another version of the file than {old.named}: their ETags differ",
                path=new.path, hint="the file was written between the shards: score them again",
                code="DATA_NOT_COMPARABLE",
            )  # fmt: skip
        if (old.tag != new.tag or new.differs) and not old.differs:
            self.known[at] = replace(old, differs=True)

    def texts(self) -> Sequence[str | None] | str:
        """What one state of these says."""
        if self.plan is not None:
            return self.plan
        return [self.known[at].text if at in self.known else None for at in range(self.count)]

    def warnings(self) -> list[str]:
        """One sentence, if shards read what may be copies of a file or may be versions of it."""
        differing = [version for _, version in sorted(self.known.items()) if version.differs]
        if not differing:
            return []
        what = " or ".join(dict.fromkeys(_NAMES[version.kind] for version in differing))
        more = f" and {len(differing) - 1:,} more" if len(differing) > 1 else ""
        return [f"the shards read files that have the same size and different {what} ({differing[0].path}{more}): "
                "unless these are copies of one file, the report mixes several versions of the data"]  # fmt: skip


def check_versions(versions: object, files: int) -> None:
    """A ValueError where this is not what a state may say of its files; older ones say nothing that can be compared."""
    if versions is None or isinstance(versions, str):
        return
    if not isinstance(versions, list) or len(versions) != files:
        raise ValueError("the versions")
    for text in versions:
        if text is not None and (
            not isinstance(text, str) or text.removeprefix(_OTHERS).partition(" ")[0] not in _NAMES
        ):
            raise ValueError("a version")
