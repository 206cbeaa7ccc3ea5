"""Which version of each file a shard read, as its state says, and whether the shards of a run read the same ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from losscli.errors import DataError
from losscli.execution.shard_state import Plain
from losscli.io.source import Source
from losscli.lazy import dataclass

_NAMES = {"etag": "ETags", "time": "modification times"}
_Said: TypeAlias = str | list[list[str]] | None  # the version of a file, or each place where it was read with its own
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
    """The version of a file, and who read it where; `differs` if copies of it at that place have others."""

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
        self.known: list[dict[tuple[str, str], _Version]] = []  # of each file, by kind and path
        self.paths: list[str] = []
        self.plan: str | None = None

    def add(self, named: str, document: Plain) -> None:
        """What a state says, which must be well formed; `named` are its shards.

        Raises
        ------
        DataError
            Where a file surely is not the one that the shards before it read.
        """
        versions, paths = document.get("versions"), [path for path, _, _ in document["sources"]]
        if not self.paths:
            self.paths, self.known = paths, [{} for _ in paths]
        if isinstance(versions, str) and versions == document["run"]["cut"]:  # of a plan, the same for all shards
            self.plan = versions
        if not isinstance(versions, list):
            return
        for known, path, said in zip(self.known, paths, versions, strict=True):
            for place, text in _said_of_file(path, said):
                kind, _, tag = text.removeprefix(_OTHERS).partition(" ")
                _add(known, _Version(named, place, kind, tag, text.startswith(_OTHERS)))

    def texts(self) -> Sequence[_Said] | str:
        """What one state of these says: of a file that was read at one place its version, else each place, too."""
        if self.plan is not None:
            return self.plan
        said: list[_Said] = []
        for path, known in zip(self.paths, self.known, strict=True):
            places = [[version.path, version.text] for version in known.values()]
            said.append(places if len(places) > 1 or any(place != path for place, _ in places)
                        else places[0][1] if places else None)  # fmt: skip
        return said

    def warnings(self) -> list[str]:
        """One sentence, if shards read what may be copies of a file or may be versions of it."""
        differing = [found for known in self.known for found in _differing(known)]
        if not differing:
            return []
        what = " or ".join(dict.fromkeys(_NAMES[version.kind] for version in differing))
        more = f" and {len(differing) - 1:,} more" if len(differing) > 1 else ""
        return [f"the shards read files that have the same size and different {what} ({differing[0].path}{more}): "
                "unless these are copies of one file, the report mixes several versions of the data"]  # fmt: skip


def _said_of_file(path: str, said: _Said) -> Sequence[tuple[str, str]]:
    """The places at which shards read a file, which a single shard does not repeat, and the version of each."""
    if said is None:
        return ()
    return [(path, said)] if isinstance(said, str) else [(place, text) for place, text in said]


def _add(known: dict[tuple[str, str], _Version], new: _Version) -> None:
    at = new.kind, new.path
    old = known.setdefault(at, new)
    if old.tag != new.tag and old.kind == "etag":
        raise DataError(
            f"{new.named} read another version of the file than {old.named}: their ETags differ",
            path=new.path, hint="the file was written between the shards: score them again",
            code="DATA_NOT_COMPARABLE",
        )  # fmt: skip
    if (old.tag != new.tag or new.differs) and not old.differs:
        known[at] = replace(old, differs=True)


def _differing(known: dict[tuple[str, str], _Version]) -> Iterator[_Version]:
    """The first version of each kind of which there are several; those of a store and a disk cannot be compared."""
    for kind in _NAMES:
        same = [version for version in known.values() if version.kind == kind]
        if any(version.differs or version.tag != same[0].tag for version in same):
            yield same[0]


def check_versions(versions: object, files: int) -> None:
    """A ValueError where this is not what a state may say of its files; older ones say nothing that can be compared."""
    if versions is None or isinstance(versions, str):
        return
    if not isinstance(versions, list) or len(versions) != files:
        raise ValueError("the versions")
    for said in versions:
        if said is not None and not (isinstance(said, str) or (isinstance(said, list) and said)):
            raise ValueError("a version")
        for place, text in _said_of_file("", said):
            if not isinstance(place, str) or text.removeprefix(_OTHERS).partition(" ")[0] not in _NAMES:
                raise ValueError("a version")
