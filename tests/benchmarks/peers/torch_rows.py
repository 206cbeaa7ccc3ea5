"""Prints a loss of rows, in float64: python torch_rows.py FILE cross_entropy|triplet"""

import sys

import numpy as np
import pyarrow.parquet as pq
import torch
from torch.nn.functional import cross_entropy, triplet_margin_loss

file, loss = sys.argv[1:]
rows = pq.read_table(file)


def vectors(name: str) -> torch.Tensor:
    """A column of lists as a matrix."""
    values = rows[name].combine_chunks().flatten().to_numpy()
    return torch.from_numpy(values.reshape(len(rows), -1)).double()


if loss == "triplet":
    print(triplet_margin_loss(vectors("a"), vectors("b"), vectors("n"), eps=0).item())
else:
    wide = [name for name in rows.column_names if name.startswith("p_")]
    logits = torch.from_numpy(np.column_stack([rows[n].to_numpy() for n in wide])) if wide else vectors("logits")
    print(cross_entropy(logits.double(), torch.tensor(rows["class"].to_numpy())).item())
