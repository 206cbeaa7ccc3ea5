"""Prints the mean Dice coefficient of two list columns of masks the usual way: python numpy_dice.py FILE"""

import sys

import numpy as np
import pyarrow.parquet as pq

rows = pq.read_table(sys.argv[1], columns=["a", "b"])
a, b = (rows[name].combine_chunks().flatten().to_numpy().reshape(len(rows), -1).astype(bool) for name in ("a", "b"))
print(np.mean(2 * (a & b).sum(axis=1) / (a.sum(axis=1) + b.sum(axis=1))))
