"""Prints mse and count by a column as CSV, in the order of the keys' text: python duckdb_groups.py FILE COLUMN"""

import sys

import duckdb

file, column = sys.argv[1:]
duckdb.sql(f"""
    COPY (
        SELECT "{column}", avg((p - y) * (p - y)) AS value, count(*) AS count FROM '{file}'
        GROUP BY "{column}" ORDER BY CAST("{column}" AS VARCHAR)
    ) TO '/dev/stdout' (FORMAT csv, HEADER)
""")
