"""Prints mse and mae of a Parquet file: python torch_errors.py FILE"""

import sys

import pyarrow.parquet as pq
import torch
from torch.nn.functional import l1_loss, mse_loss

rows = pq.read_table(sys.argv[1], columns=["y", "p"])
y, p = (torch.tensor(rows[name].to_numpy()) for name in ("y", "p"))
print(mse_loss(p, y).item(), l1_loss(p, y).item(), sep="\n")
