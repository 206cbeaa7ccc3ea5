"""Prints mse and mae of a file of CSV or JSON lines: python polars_errors.py FILE"""

import sys

import polars as pl

miss = pl.col("p") - pl.col("y")
scan = pl.scan_ndjson if sys.argv[1].endswith(".jsonl") else pl.scan_csv
means = scan(sys.argv[1]).select(mse=(miss * miss).mean(), mae=miss.abs().mean())
print(*means.collect(engine="streaming").row(0), sep="\n")
