"""How many requests remote files take, and how long where each answer takes a while, held against limits.

The server is no store: it is that of the tests, which speaks as much of S3 as is needed, on loopback. The exit code is
1 where a limit is missed.

python tests/benchmarks/remote_requests.py [--delay 0.3] [--objects 20000]
"""

from __future__ import annotations

import argparse
import io
import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parents[1] / "support"))

from remote_servers import Server, serving

import losscli
from losscli.execution.shard_plan import plan_shards
from losscli.execution.state_file import Shard
from losscli.io.files.discover import discover
from losscli.io.files.planned import open_planned
from losscli.io.source import ReadOptions

SETTINGS = {"AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_EC2_METADATA_DISABLED": "true"}  # fmt: skip


def csv(seed: int, rows: int = 500) -> bytes:
    values = np.random.default_rng(seed).normal(size=(rows, 2)).tolist()
    return ("y,p\n" + "".join(f"{y!r},{p!r}\n" for y, p in values)).encode()


def parquet(rows: int) -> bytes:
    rng, out = np.random.default_rng(1), io.BytesIO()
    pq.write_table(pa.table({name: rng.normal(size=rows) for name in ("y", "a", "b", "p", "c")}), out,
                   use_dictionary=False, compression="none")  # fmt: skip
    return out.getvalue()


class Measured(NamedTuple):
    seconds: float
    requests: int


def measured(name: str, server: Server, work: Callable[[], object]) -> Measured:
    """Print what the work took, and return it."""
    server.asked.clear()
    server.sent = server.most = 0
    began, cpu = time.perf_counter(), time.process_time()
    work()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    kinds = Counter("LIST" if "list-type" in path else method for method, path, _ in server.asked)
    told = ", ".join(f"{count} {kind}" for kind, count in sorted(kinds.items()))
    print(f"{name}: {seconds:.2f} s, CPU with the server {cpu:.2f} s, {told}, {server.most} in flight, "
          f"{server.sent / 1e6:.1f} MB", flush=True)  # fmt: skip
    return Measured(seconds, sum(kinds.values()))


def is_kept(what: str, found: float, limit: float, unit: str) -> bool:
    """Print whether what was found is within its limit, and return it."""
    print(f"{'ok' if found <= limit else 'MISSED'}: {what}: {found:.4g} {unit}, at most {limit:.4g}", flush=True)
    return found <= limit


def score(path: str) -> object:
    return losscli.evaluate(path, ["mse"], target="y", pred="p")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--delay", type=float, default=0.3)
    parser.add_argument("--objects", type=int, default=20_000)
    given = parser.parse_args()
    os.environ.update(SETTINGS)
    with serving() as server:
        os.environ["AWS_ENDPOINT_URL"] = server.base
        server.files["one.csv"] = csv(0)
        score("s3://bucket/one.csv")  # what is imported and connected once
        server.delay = given.delay
        server.files.update({f"small/part{at}.csv": csv(at) for at in range(200)})
        small = measured("200 files of 500 rows", server, lambda: score("s3://bucket/small/"))
        server.files["big.parquet"] = parquet(380_000)
        big = measured("two of five columns of 15 MB", server, lambda: score("s3://bucket/big.parquet"))
        server.files.update({f"parts/part{at}.parquet": parquet(40_000) for at in range(60)})
        measured("60 files of 1.6 MB, two of five columns", server, lambda: score("s3://bucket/parts/"))
        server.delay = 0.0
        body = csv(0, 20)
        server.files.update({f"many/part{at}.csv": body for at in range(given.objects)})
        listed = measured(f"{given.objects} objects, the list", server, lambda: discover(["s3://bucket/many/"]))
        plan = partial(plan_shards, ["s3://bucket/many/"], 200)
        planned = measured(f"{given.objects} objects, planned for 200 shards", server, plan)
        found = plan()[0].of(Shard(7, 200))
        measured("one of the shards, opened", server, lambda: open_planned(found, ReadOptions()))
    return 0 if all([
        is_kept("200 files", small.seconds, 5 * max(1, given.delay / 0.3), "s"),  # 60 if each waits for the last
        is_kept("requests for 200 files", small.requests, 210, "requests"),
        is_kept("two columns of 15 MB", big.requests, 6, "requests"),
        is_kept("objects planned", planned.seconds / listed.seconds, 3, "times their list"),
        is_kept("objects planned", planned.seconds, 25 * max(1, given.objects / 20_000), "s"),
    ]) else 1  # fmt: skip


if __name__ == "__main__":
    sys.exit(main())
