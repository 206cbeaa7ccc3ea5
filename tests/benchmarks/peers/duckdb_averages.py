"""Prints the numbers of a query's one row: python duckdb_averages.py SQL"""

import sys

import duckdb

(row,) = duckdb.sql(sys.argv[1]).fetchall()
print(*row, sep="\n")
