"""Prints mse and mae of a file, as scripts with pandas and scikit-learn do: python sklearn_errors.py FILE"""

import sys

import pandas as pd
from sklearn.metrics import mean_absolute_error, mean_squared_error

file = sys.argv[1]
rows = pd.read_csv(file) if file.endswith(".csv") else pd.read_parquet(file, columns=["y", "p"])
print(mean_squared_error(rows["y"], rows["p"]), mean_absolute_error(rows["y"], rows["p"]), sep="\n")
