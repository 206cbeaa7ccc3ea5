"""Prints NT-Xent of two list columns the usual way, in float32: python torch_nt_xent.py FILE TEMPERATURE"""

import sys

import pyarrow.parquet as pq
import torch
from torch.nn.functional import cross_entropy, normalize

rows = pq.read_table(sys.argv[1], columns=["a", "b"])
a, b = (torch.tensor(rows[name].combine_chunks().flatten().to_numpy()).reshape(len(rows), -1) for name in ("a", "b"))
z = normalize(torch.cat([a, b]))
similarity = z @ z.T / float(sys.argv[2])
similarity.fill_diagonal_(float("-inf"))
partner = torch.arange(len(z)).roll(len(a))
print(cross_entropy(similarity, partner).item())
