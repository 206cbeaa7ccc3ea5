"""The plan of shards: the files, and which bytes of them are whose, found once for all shards of a run."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from losscli._version import __version__
from losscli.errors import DataError, UsageError
from losscli.execution.shard_state import json_text
from losscli.execution.state_file import Shard, checksum, content
from losscli.io.files.discover import discover
from losscli.io.files.planned import PlannedFile, PlannedFiles, planned_files
from losscli.io.remote.address import local_path, redacted
from losscli.lazy import dataclass

SCHEMA = "losscli.plan/1"


@dataclass(frozen=True)
class ShardPlan:
    """All files of a run in order, and how many shards have about as many bytes of them each."""

    files: tuple[PlannedFile, ...]
    shards: int
    doubled: tuple[str, ...]

    @property
    def bytes(self) -> int:
        """The bytes of all files."""
        return sum(file.size for file in self.files)

    def own(self, shard: Shard) -> list[int]:
        """The numbers of the files of which a shard has bytes."""
        found, begin = [], 0
        for at, file in enumerate(self.files):
            end = begin + max(file.size, 1)
            begin = min(begin, self.bytes - 1)  # an empty last file is opened, too, which is an error
            if begin * shard.of < shard.number * self.bytes and end * shard.of > (shard.number - 1) * self.bytes:
                found.append(at)
            begin += file.size
        return found

    def of(self, shard: Shard) -> PlannedFiles:
        """The files, for one of the shards."""
        return PlannedFiles(self.files, frozenset(self.own(shard)), self.doubled)

    def chosen(self, shard: Shard, splits: Sequence[tuple[int, int]]) -> list[int]:
        """Which of some splits, each the number of its file and its bytes, are in a shard: by where their middle is.

        The bytes of the splits of a file are a measure of its own: text, where the file is compressed.
        """
        totals: dict[int, int] = {}
        for at, size in splits:
            totals[at] = totals.get(at, 0) + max(size, 1)
        starts = [0]
        for file in self.files:
            starts.append(starts[-1] + file.size)
        found = []
        before: dict[int, int] = {}
        for index, (at, given) in enumerate(splits):
            size, seen, total = max(given, 1), before.get(at, 0), totals[at]
            middle = starts[at] * 2 * total + self.files[at].size * (2 * seen + size)  # in units of 1 / (2 total)
            if middle * shard.of // (2 * total * max(self.bytes, 1)) == shard.number - 1:
                found.append(index)
            before[at] = seen + size
        return found

    def document(self) -> dict[str, Any]:
        """The plan as it is written."""
        edges = [self.bytes * number // self.shards for number in range(self.shards + 1)]
        return {
            "schema": SCHEMA,
            "losscli": __version__,
            "bytes": self.bytes,
            "shards": [list(pair) for pair in pairwise(edges)],
            "doubled": list(self.doubled),
            "files": [
                {
                    "path": file.path, "size": file.size, "tag": file.tag,
                    "columns": dict(file.partition_values), "archive": file.archive, "member": file.member,
                }
                for file in self.files
            ],
        }  # fmt: skip

    @property
    def sha256(self) -> str:
        """The same for the same cut of the same files."""
        return hashlib.sha256(json_text(self.document()).encode()).hexdigest()


def plan_shards(paths: Sequence[str], shards: int) -> tuple[ShardPlan, tuple[str, ...]]:
    """The plan of these files, which are listed and not opened if they are in an object store; and notes on them."""
    discovery = discover(paths)
    files = tuple(planned_files(discovery))
    return ShardPlan(files, shards, discovery.doubled), discovery.notes


def plan_text(plan: ShardPlan) -> str:
    """The plan as text, with its checksum; a file is a line."""
    document = plan.document()
    files = ",\n".join(f"  {json.dumps(file)}" for file in document.pop("files"))
    head = json.dumps(document | {"sha256": checksum(plan.document())})
    return f'{head[:-1]}, "files": [\n{files}\n]}}\n'


def read_plan(path: str) -> ShardPlan:
    """The plan in a file, which may be remote.

    Raises
    ------
    DataError
        Where it is none, of another version, or was changed.
    """
    address = local_path(path)
    shown = redacted(address)
    try:
        document = json.loads(content(address))
        schema, version = document["schema"], document["losscli"]
    except (ValueError, KeyError, TypeError, RecursionError):
        schema, version, document = None, None, {}
    if not isinstance(schema, str) or not schema.startswith("losscli.plan/"):
        raise DataError("not a plan of shards", path=shown, code="DATA_BAD_REPORT",
                        hint="losscli plan-shards SOURCE… --shards N --plan-out FILE")  # fmt: skip
    if (schema, version) != (SCHEMA, __version__):
        raise DataError(f"a plan of losscli {version} ({schema}); this is losscli {__version__} ({SCHEMA})", path=shown,
                        hint="plan again with this version", code="DATA_BAD_REPORT")  # fmt: skip
    try:
        if document.pop("sha256") != checksum(document):
            raise ValueError("the checksum")
        files = tuple(
            PlannedFile(file["path"], file["size"], file["tag"], file["columns"], file["archive"], file["member"])
            for file in document["files"]
        )
        return ShardPlan(files, len(document["shards"]), tuple(document["doubled"]))
    except (ValueError, KeyError, TypeError, AttributeError):
        raise DataError("the plan is damaged: its content was changed", path=shown, code="DATA_BAD_REPORT",
                        hint="plan again") from None  # fmt: skip


def check_shard(plan: ShardPlan, shard: Shard) -> None:
    """A UsageError where the plan has another number of shards."""
    if shard.of != plan.shards:
        raise UsageError(f"--shard {shard}: the plan is of {plan.shards} shards", code="USAGE_CONFLICT",
                         hint=f"--shard I/{plan.shards}, or plan as many shards as there are jobs")  # fmt: skip
