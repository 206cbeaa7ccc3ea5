"""What workers of a cluster get of a join, and what they say of the keys of a split; no cluster is needed for it."""

from __future__ import annotations

import pickle

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from losscli.errors import UsageError
from losscli.io.files.open import open_source
from losscli.io.join import distributed
from losscli.io.join.distributed import distributed_join
from losscli.io.join.join import join
from losscli.io.join.key_hashes import TextBytes
from losscli.io.join.lookup_side import own_memory

ROWS = 2000
PROJECTION = {"id": "text", "y": "number", "p": "number", "part": "text"}


@pytest.fixture
def joined(tmp_path):
    """The only fragment of predictions that are joined with their targets; each key is that of two predictions."""
    keys = np.array([f"key {at}" for at in range(ROWS)], object)
    targets = pa.table({"id": keys, "y": np.arange(float(ROWS)), "part": np.resize(["a", "b"], ROWS)})
    pq.write_table(targets, tmp_path / "t.parquet", row_group_size=ROWS // 4)
    pq.write_table(pa.table({"id": np.resize(keys, 2 * ROWS), "p": np.arange(2.0 * ROWS)}), tmp_path / "p.parquet")
    sources = [open_source([str(tmp_path / f"{name}.parquet")]) for name in "pt"]
    return join(*sources, ["id"], kind="many-to-one").fragments[0]


def begun(fragment):
    found = distributed_join(fragment, PROJECTION, ordered=False)
    (split, *_) = found.fragments[0].remote_splits(found.read)
    return found, split


def test_a_split_can_be_read_again(joined):
    """What is said of its keys is that of one reading: else every key would seem to repeat."""
    found, split = begun(joined)
    rows = pickle.loads(pickle.dumps(found.for_workers))(split)
    first = [batch.data for batch in rows.batches(1)]
    once = pickle.dumps(rows.keys)
    assert [batch.data for batch in rows.batches(1)] == first
    assert pickle.dumps(rows.keys) == once
    assert found.merge(rows.keys)
    assert found.begun.match.rows == 2 * ROWS
    assert found.begun.match.occurrences.most == 2
    found.finish()


def test_workers_know_how_many_targets_there_are(joined):
    found, _ = begun(joined)
    there = pickle.loads(pickle.dumps(found.for_workers)).joining.lookup
    assert len(there) == len(found.begun.joining.lookup) == ROWS
    assert there.location_of(ROWS - 1)[1] == ROWS // 4 - 1


def test_what_is_sent_is_what_was_counted(joined, monkeypatch):
    """The numbers of the rows and what a filter says of them are sent, too."""
    found, _ = begun(joined)
    sent = len(pickle.dumps(found.for_workers, pickle.HIGHEST_PROTOCOL))
    monkeypatch.setattr(distributed, "BROADCAST", 1)
    with pytest.raises(UsageError, match=r"of the first 500 rows of .*t\.parquet take 0.0 MB; at most 0 MB are sent"):
        begun(joined)
    monkeypatch.setattr(distributed, "BROADCAST", sent * 9 // 10)
    with pytest.raises(UsageError, match="of the first 2,000 rows"):
        begun(joined)
    monkeypatch.setattr(distributed, "BROADCAST", sent)
    begun(joined)


def test_a_slice_is_sent_without_what_it_is_a_slice_of():
    texts = pa.array([f"text {at:06}" for at in range(100_000)], pa.large_string()).slice(50_000, 10)
    sent = pickle.dumps(TextBytes.of(texts))
    assert len(sent) < 2000
    assert pickle.loads(sent).array().equals(texts)
    numbers = pa.array(np.arange(100_000.0)).slice(7, 10)
    assert len(pickle.dumps(own_memory(numbers))) < 2000
    assert own_memory(numbers).equals(numbers)
