"""Prints mse and mae, and computes their confidence intervals: python duckdb_intervals.py FILE"""

import sys

import duckdb

errors = f"SELECT r * r AS s, abs(r) AS a FROM (SELECT p - y AS r FROM '{sys.argv[1]}')"
query = f"SELECT avg(s), avg(a), stddev_samp(s), stddev_samp(a), count(*) FROM ({errors})"
((mse, mae, *deviations, count),) = duckdb.sql(query).fetchall()
ends = [(mean - 1.96 * s / count**0.5, mean + 1.96 * s / count**0.5)
        for mean, s in zip((mse, mae), deviations, strict=True)]  # fmt: skip
print(mse, mae, sep="\n")
