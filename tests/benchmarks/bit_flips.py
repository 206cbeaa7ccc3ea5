"""How many flipped bits are noticed, by the format of the file: `python tests/benchmarks/bit_flips.py [FLIPS]`.

One bit of a file of predictions is flipped at a random place, and the file is scored. It is noticed if that is an
error, harmless if the number is the same, and silent if it is another number.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.feather
import pyarrow.parquet as pq

import losscli
from losscli.errors import LosscliError

RNG = np.random.default_rng(1)
ROWS = 2000
TABLE = pa.table({"y": RNG.normal(size=ROWS), "p": RNG.normal(size=ROWS)})


def _csv() -> bytes:
    out = io.BytesIO()
    pa.csv.write_csv(TABLE, out)
    return out.getvalue()


def _parquet(checksums: bool) -> bytes:
    out = io.BytesIO()
    pq.write_table(TABLE, out, compression="none", write_page_checksum=checksums)
    return out.getvalue()


def _arrow() -> bytes:
    out = io.BytesIO()
    pa.feather.write_feather(TABLE, out, compression="uncompressed")
    return out.getvalue()


def _npz() -> bytes:
    out = io.BytesIO()
    np.savez(out, y=TABLE["y"].to_numpy(), p=TABLE["p"].to_numpy())
    return out.getvalue()


def _npy() -> bytes:
    records = np.zeros(ROWS, [("y", "f8"), ("p", "f8")])
    records["y"], records["p"] = TABLE["y"].to_numpy(), TABLE["p"].to_numpy()
    out = io.BytesIO()
    np.save(out, records)
    return out.getvalue()


def _zstd(content: bytes) -> bytes:
    out = pa.BufferOutputStream()
    with pa.CompressedOutputStream(out, "zstd") as stream:
        stream.write(content)
    return out.getvalue().to_pybytes()


FILES = {
    "Parquet with page checksums": (".parquet", _parquet(True)),
    "Parquet without": (".parquet", _parquet(False)),
    "Arrow": (".arrow", _arrow()),
    "npz, stored": (".npz", _npz()),
    "npy": (".npy", _npy()),
    "CSV": (".csv", _csv()),
    "CSV, gzip": (".csv.gz", gzip.compress(_csv())),
    "CSV, bzip2": (".csv.bz2", bz2.compress(_csv())),
    "CSV, xz": (".csv.xz", lzma.compress(_csv())),
    "CSV, zstd without checksum": (".csv.zst", _zstd(_csv())),
}


def score(path: Path) -> float:
    """The number of a file."""
    return losscli.evaluate(str(path), losses=["mse"], target="y", pred="p")["mse"].value


def main(flips: int) -> None:
    """Print a table."""
    draw = random.Random(7)
    print(f"{'file':30} {'noticed':>8} {'harmless':>9} {'silent':>7}   of {flips} flipped bits")
    with tempfile.TemporaryDirectory() as folder:
        for name, (suffix, content) in FILES.items():
            path, found = Path(folder) / f"p{suffix}", Counter[str]()
            path.write_bytes(content)
            right = score(path)
            for _ in range(flips):
                damaged = bytearray(content)
                damaged[draw.randrange(len(content))] ^= 1 << draw.randrange(8)
                path.write_bytes(damaged)
                try:
                    found["harmless" if score(path) == right else "silent"] += 1
                except LosscliError:
                    found["noticed"] += 1
            print(f"{name:30} {found['noticed']:8} {found['harmless']:9} {found['silent']:7}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
