"""The differential test: random tables, each through every reader, with the same bytes or the same error from all.

    python tests/differential/run.py --tables 2000 --dask

It prints each disagreement with the seed of its table, and exits with 1 if there is one.
"""

from __future__ import annotations

import argparse
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]


def main() -> int:
    """Run the tables that the command line asks for."""
    from differential.random_tables import random_case
    from differential.readers import disagreements

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tables", type=int, default=2000, help="how many tables (default: 2000)")
    parser.add_argument("--seed", type=int, default=0, help="the seed of the first table (default: 0)")
    parser.add_argument("--dask", action="store_true", help="on two Dask workers too")
    asked = parser.parse_args()
    begun, different = time.monotonic(), 0
    with dask_scheduler(asked.dask) as scheduler:
        warnings.simplefilter("error")
        for seed in range(asked.seed, asked.seed + asked.tables):
            found = disagreements(random_case(seed), scheduler=scheduler)
            different += bool(found)
            for line in found:
                print(line, flush=True)
    print(f"{asked.tables:,} tables, {different} with disagreements, {time.monotonic() - begun:.0f} s")
    return 1 if different else 0


@contextmanager
def dask_scheduler(wanted: bool) -> Iterator[str | None]:
    """The address of a Dask scheduler with two workers in processes of their own; None where it is not wanted."""
    if not wanted:
        yield None
        return
    from distributed import LocalCluster

    with LocalCluster(n_workers=2, threads_per_worker=1, scheduler_port=0, dashboard_address=None,
                      silence_logs=50) as cluster:  # fmt: skip
        yield cluster.scheduler_address


if __name__ == "__main__":
    sys.exit(main())
