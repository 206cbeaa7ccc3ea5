"""Input and output: bytes to Arrow to NumPy, and back.

A `Source` (a dataset) has fragments (files), a fragment has splits (ranges of rows), and a split yields batches.
`files` finds and opens files, `formats` parses them, `remote` reads object stores and web servers, `join` combines
sources, `arrow` converts Arrow columns to and from NumPy, and `write` writes tables.

It may use the leaves (`errors`, `parallel`, `csv_text`) and no other package of the project; of others, NumPy and
pyarrow, and pandas, fsspec and pyarrow.compute inside functions only. This file imports nothing, because some
commands need a single module.
"""
