"""Writes the number of each row, as Parquet or as CSV to standard output: python duckdb_copy.py FILE SQL [OUTPUT]"""

import sys

import duckdb

file, value, *output = sys.argv[1:]
target = f"'{output[0]}' (FORMAT parquet)" if output else "'/dev/stdout' (FORMAT csv, HEADER)"
rows = f"SELECT file_row_number + 1 AS row, {value} AS value FROM read_parquet('{file}', file_row_number = true)"
duckdb.sql(f"COPY ({rows}) TO {target}")
