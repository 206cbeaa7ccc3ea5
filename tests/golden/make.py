r"""Writes the outside golden numbers: one CSV a family of losses, one for sample_data/; every number by calling a peer.

Install the peers into an environment of their own, away from losscli, and run this file:

    python3.11 -m venv peers
    peers/bin/pip install torch==2.13.0 numpy==2.4.6 scipy==1.17.1 scikit-learn==1.9.1 keras==3.15.1 jax==0.10.2 \
        optax==0.2.8 lightgbm==4.7.0 xgboost-cpu==3.2.0 packaging tqdm matplotlib polars pandas pyarrow==26.0.1 six \
        statsmodels==0.15.0 scoringrules==0.10.0 narwhals lifelines==0.30.3
    peers/bin/pip install --no-deps pytorch-metric-learning==2.9.0 torchmetrics==1.9.0 lightning-utilities==0.15.3 \
        info-nce-pytorch==0.1.4 model-diagnostics==1.5.0 hydroeval==0.1.0 \
        properscoring==0.1 utilsforecast==0.2.17 catboost==1.2.10 monai==1.6.1 \
        kornia==0.9.0 kornia-rs==0.2.0 pycocotools==2.0.11 \
        timm==1.0.31 pycox==0.3.0 torchtuples==0.2.2 lightly==1.6.0 allRank==1.4.3 gluonts==0.17.0 toolz==1.2.0 \
        lm-eval==0.4.13 sacrebleu==2.6.0 portalocker==4.4.2 tabulate==0.10.0 colorama==0.4.6 lxml==6.1.3 \
        trl==1.16.0 accelerate==1.15.0 datasets==5.2.0 multiprocess==0.70.19 dill==0.4.1 xxhash==4.1.0 requests psutil \
        rax==0.4.0 coral-pytorch==1.4.0 imbalanced-learn==0.14.2 sklearn-compat==0.1.6 geomloss==0.3.1 \
        segmentation-models-pytorch==0.6.0 open-clip-torch==3.3.0 torchgan==0.1.0 pytorch-toolbelt==0.8.0 \
        sktime==1.2.0 scikit-base==1.2.0 mapie==1.6.0 scores==2.7.0 xarray==2026.9.0 permetrics==2.1.0 \
        torchvision==0.29.1 numba==0.68.1 llvmlite==0.50.0
    peers/bin/pip install sentence-transformers==6.2.0 torch==2.13.0
    peers/bin/python tests/golden/make.py                   # all numbers
    peers/bin/python tests/golden/make.py huber expectile   # of these losses, and composites of them

torchvision must be of the build of torch (CPU or CUDA): of another, it stops the imports of others that look for it.

With losses named, all other rows stay as they are, to the byte, and only the peers of these losses need be installed
(NumPy always; pandas and pyarrow where one has rows of sample_data). A loss whose rows all come from its paper needs
none. The rows stand where a whole run would put them.

The same versions on the same kind of CPU write the same bytes. All peers compute in double precision, without a GPU.
losscli is not imported: its own code must have no part in these numbers.
"""

from __future__ import annotations

import csv
import io
import re
import shlex
import sys
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from types import ModuleType
from typing import Protocol

import activation
import adversarial
import association
import asymmetric
import base_rate
import batch_similarity
import binary
import binary_margin
import boxes
import calibration_error
import candidates
import class_counts
import class_scores
import columnwise
import confusion
import count
import critic
import cumulative
import densities
import deviance
import directional
import discrimination
import distance
import distribution
import divergence
import embedding
import ensembles
import forecast
import functional
import intervals
import keypoints
import label_decisions
import label_sets
import language
import learning_to_rank
import likelihood
import margin
import metric_learning
import mixtures
import multiclass
import multilabel
import noisy_labels
import offset
import order_statistics
import ordinal
import outside
import penalty
import policy
import preference
import profits
import proportion
import proxies
import quantiles
import rank_correlation
import ranking
import ratio
import regression
import representation
import robust
import scaled_errors
import segmentation
import signals
import similarity
import skill
import soft_counts
import survival
import tails
import two_samples

import sample_data

FAMILIES = (
    regression, binary, multiclass, adversarial, embedding, penalty, likelihood, robust, asymmetric,
    deviance, distribution, count,
    confusion, class_counts, calibration_error, label_decisions, soft_counts, association,
    order_statistics, discrimination, rank_correlation,
    ratio, forecast, margin, divergence, language, preference, critic,
    distance, directional, skill, functional,
    quantiles, ensembles, intervals, scaled_errors, tails, mixtures, cumulative, columnwise,
    segmentation, boxes, keypoints, signals,
    similarity, proxies, policy, label_sets, activation, candidates, profits,
    noisy_labels, class_scores, binary_margin, ordinal, multilabel, base_rate,
    ranking, learning_to_rank,
    metric_learning, batch_similarity, densities, offset,
    survival, representation, two_samples,
    proportion,
    outside,
)  # fmt: skip
COLUMNS = ["spec", "source", "inputs", "weights", "value", "gradient"]


class Numbered(Protocol):
    """What has a row for each of its specs."""

    @property
    def specs(self) -> tuple[str, ...]: ...
    def row(self, spec: str) -> list[str]: ...


def losses(spec: str) -> set[str]:
    """The names in a spec: `total=0.7*mse+huber:delta=2` has mse and huber."""
    parts = re.split(r"(?<!\d[eE])\+", spec)
    return {re.split("[=*]", re.split("[:@]", part, maxsplit=1)[0])[-1] for part in parts}


def line(cells: Iterable[str]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def spec_of(row: str) -> str:
    """The spec of a line: its first cell, or what follows -l there."""
    first = next(csv.reader([row]))[0]
    return shlex.split(first.rpartition("-l ")[2])[0]


def merged(old: Iterable[str], cases: Iterable[Numbered], named: set[str]) -> Iterator[str]:
    """The lines of all cases in their order: made anew for the named losses (all, if none is), else the old ones."""

    def wanted(spec: str) -> bool:
        return not named or bool(losses(spec) & named)

    kept = iter([row for row in old if not wanted(spec_of(row))])
    for case in cases:
        for spec in case.specs:
            yield from [line(case.row(spec))] if wanted(spec) else islice(kept, 1)
    yield from kept


def write(module: ModuleType, columns: list[str], cases: list[Numbered], named: set[str]) -> None:
    """A CSV beside its module and of its name."""
    path = Path(module.__file__ or "").with_suffix(".csv")
    old = path.read_text(encoding="utf-8").splitlines(keepends=True)[1:] if named and path.exists() else []
    path.write_text("".join([line(columns), *merged(old, cases, named)]), encoding="utf-8")


def main(named: set[str]) -> None:
    files = {family: (COLUMNS, family.cases()) for family in FAMILIES}
    files[sample_data] = (sample_data.COLUMNS, sample_data.cases())
    known = {name for _, cases in files.values() for case in cases for spec in case.specs for name in losses(spec)}
    if named - known:
        sys.exit(f"no case has {', '.join(sorted(named - known))}: write one in a module of {Path(__file__).parent}")
    for module, (columns, cases) in files.items():
        if not named or any(losses(spec) & named for case in cases for spec in case.specs):
            write(module, columns, cases, named)


if __name__ == "__main__":
    main(set(sys.argv[1:]))
