"""Prints a number of the order of all rows of a Parquet file: python sklearn_order.py FILE METRIC TARGET PREDICTION"""

import sys

import pandas as pd

file, metric, target, prediction = sys.argv[1:]
rows = pd.read_parquet(file, columns=[target, prediction])
if metric == "spearman":
    from scipy.stats import spearmanr

    print(spearmanr(rows[target], rows[prediction]).statistic)
else:
    import sklearn.metrics

    print(getattr(sklearn.metrics, metric)(rows[target], rows[prediction]))
