"""What a run of Weights & Biases wrote while it was offline, as JSON: `python wandb_offline.py RUN.wandb`.

The file is a log of LevelDB: blocks of 32 KiB with pieces of records, which are messages of protocol buffers.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from wandb.proto.wandb_internal_pb2 import Record

BLOCK, HEAD, FILE_HEAD = 1 << 15, 7, 7
FULL, FIRST, LAST = 1, 2, 4


def records(data: bytes) -> Iterator[Record]:
    at, whole = FILE_HEAD, b""
    while at + HEAD <= len(data):
        if BLOCK - at % BLOCK < HEAD:
            at += BLOCK - at % BLOCK
            continue
        length, kind = int.from_bytes(data[at + 4 : at + 6], "little"), data[at + 6]
        piece, at = data[at + HEAD : at + HEAD + length], at + HEAD + length
        whole = piece if kind in (FULL, FIRST) else whole + piece
        if kind in (FULL, LAST):
            record = Record()
            record.ParseFromString(whole)
            yield record


def name(item) -> str:
    return item.key or "/".join(item.nested_key)


file = Path(sys.argv[1])
found: dict[str, dict] = {"history": {}, "config": {}, "run": {}}
for record in records(file.read_bytes()):
    if record.HasField("run"):
        found["run"] = {"name": record.run.display_name, "type": record.run.job_type}
        found["config"] |= {name(item): json.loads(item.value_json) for item in record.run.config.update}
    elif record.HasField("config"):
        found["config"] |= {name(item): json.loads(item.value_json) for item in record.config.update}
    elif record.HasField("history"):
        found["history"] |= {name(item): json.loads(item.value_json) for item in record.history.item}
    elif record.HasField("exit"):
        found["run"]["exit"] = record.exit.exit_code
json.dump(found, sys.stdout)
