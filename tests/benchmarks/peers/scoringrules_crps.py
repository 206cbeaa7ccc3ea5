"""Prints the mean CRPS of a list column of ensembles the usual way: python scoringrules_crps.py FILE"""

import sys

import numpy as np
import pyarrow.parquet as pq
import scoringrules

rows = pq.read_table(sys.argv[1], columns=["members", "y"])
members = rows["members"].combine_chunks().flatten().to_numpy().astype(np.float64).reshape(len(rows), -1)
print(scoringrules.crps_ensemble(rows["y"].to_numpy(), members).mean())
