"""Prints the log loss of a Parquet file: python sklearn_log_loss.py FILE TARGET COLUMN..."""

import sys

import pandas as pd
from sklearn.metrics import log_loss

file, target, *columns = sys.argv[1:]
rows = pd.read_parquet(file, columns=[target, *columns])
print(log_loss(rows[target], rows[columns[0]] if len(columns) == 1 else rows[columns]))
