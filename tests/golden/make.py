r"""Writes the outside golden numbers: one CSV a family of losses, one for sample_data/; every number by calling a peer.

Install the peers into an environment of their own, away from losscli, and run this file:

    python3.11 -m venv peers
    peers/bin/pip install torch==2.13.0 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 keras==3.15.1 jax==0.10.2 \
        optax==0.2.8 lightgbm==4.7.0 xgboost-cpu==3.2.0 packaging tqdm matplotlib polars pandas pyarrow==26.0.1 six
    peers/bin/pip install --no-deps pytorch-metric-learning==2.9.0 torchmetrics==1.9.0 lightning-utilities==0.15.3 \
        info-nce-pytorch==0.1.4 model-diagnostics==1.5.0 catboost==1.2.10 monai==1.6.1
    peers/bin/python tests/golden/make.py

The same versions on the same kind of CPU write the same bytes. All peers compute in double precision, without a GPU.
losscli is not imported: its own code must have no part in these numbers.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable
from pathlib import Path
from types import ModuleType

import adversarial
import binary
import embedding
import likelihood
import multiclass
import penalty
import regression

import sample_data

FAMILIES = (regression, binary, multiclass, adversarial, embedding, penalty, likelihood)
COLUMNS = ["spec", "source", "inputs", "weights", "value", "gradient"]


def write(module: ModuleType, columns: list[str], rows: Iterable[Iterable[object]]) -> None:
    """A CSV beside its module and of its name."""
    with Path(module.__file__).with_suffix(".csv").open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(columns)
        lines.writerows(rows)


if __name__ == "__main__":
    for family in FAMILIES:
        write(family, COLUMNS, (row for case in family.cases() for row in case.rows()))
    write(sample_data, sample_data.COLUMNS, sample_data.rows())
