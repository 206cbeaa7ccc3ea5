"""Prints mse and mae of a CSV file: python polars_errors.py FILE"""

import sys

import polars as pl

miss = pl.col("p") - pl.col("y")
means = pl.scan_csv(sys.argv[1]).select(mse=(miss * miss).mean(), mae=miss.abs().mean())
print(*means.collect(engine="streaming").row(0), sep="\n")
