"""Sums by cluster merge exactly: parts of the rows, in any order, have the sums of all rows at once."""

from __future__ import annotations

import numpy as np
import pytest

from losscli.aggregate import hashed_clusters
from losscli.aggregate.cross_products import Contribution
from losscli.aggregate.hashed_clusters import HashedClusters, ResamplingTable, TableColumn
from losscli.aggregate.hashing import splitmix64

ONE = Contribution("loss", "loss", False)


def state(clusters, slices):
    table = ResamplingTable(clusters)
    columns = [TableColumn(ONE, [(number, None)], False) for number in range(slices)]
    return clusters.bits, [(table.hashes([one]), table.exact_columns([one])) for one in columns]


@pytest.mark.parametrize("most", [1 << 16, 64])
def test_parts_merge_to_the_whole(monkeypatch, most):
    """Few clusters, and so many that neighbours are merged; the slices of each part have ids of their own."""
    monkeypatch.setattr(hashed_clusters, "MAX_CLUSTERS", most)
    rng = np.random.default_rng(4)
    rows = 3000
    hashes = splitmix64(rng.integers(0, 150, rows).astype(np.uint64))
    slices, values = rng.integers(0, 3, rows), rng.normal(size=rows) * 10.0 ** rng.integers(-200, 200, rows)
    whole = HashedClusters()
    whole.update(hashes, slices, {ONE: values})
    merged, names = HashedClusters(), np.array([2, 0, 1])
    for part in (slice(1000, 3000), slice(0, 40), slice(40, 1000)):
        own = HashedClusters()
        for at in (slice(0, 20), slice(20, None)):  # clusters that are seen later have later positions
            own.update(hashes[part][at], names[slices[part]][at], {ONE: values[part][at]})
        merged.merge(own, np.argsort(names))
    merged.merge(HashedClusters(), None)
    assert state(merged, 3) == state(whole, 3)
    assert (whole.bits < 40) == (most == 64)
