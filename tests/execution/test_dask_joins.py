"""Targets in another file on a cluster: the bytes of threads, the same errors about keys, and what is too large."""

from __future__ import annotations

import pickle
import re

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cluster_processes import on, two_workers, with_small_tasks

pytest.importorskip("distributed", reason="an extra: losscli[dask]")

from losscli.cli.entry import run
from losscli.execution.engines import WorkerError
from losscli.execution.evaluate import evaluate
from losscli.execution.python_run import prepared
from losscli.io.join import distributed
from losscli.io.join.distributed import LocalJoinedSplit

ROWS = 900
SCORED = ("-t", "y", "-p", "p", "-l", "mae", "-l", "rmse", "-f", "json", "--error-format", "text")
JOIN = (*SCORED, "--on", "id")


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with two_workers(tmp_path_factory) as made:
        yield made


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch):
    with_small_tasks(monkeypatch)


@pytest.fixture
def joined_here(monkeypatch):
    """How many splits this process joined itself."""
    counted = []
    act = LocalJoinedSplit.batches
    monkeypatch.setattr(LocalJoinedSplit, "batches", lambda self, first: counted.append(first) or act(self, first))
    return counted


def keys(count=ROWS, long=False):
    return [f"key {at * 7919 % 100003}{'x' * 300 * long}" for at in range(count)]


def columns(count=ROWS, long=False):
    """Targets, and predictions in another order."""
    rng = np.random.default_rng(5)
    of, target = np.array(keys(count, long), object), rng.normal(size=count)
    order = rng.permutation(count)
    targets = {"id": of, "y": target, "part": np.array([f"part {at % 2}" for at in range(count)], object)}
    predictions = {"id": of[order], "p": target[order] + rng.normal(size=count),
                   "g": np.array([f"g{at % 3}" for at in range(count)], object), "w": rng.random(count)}  # fmt: skip
    return targets, predictions


def written(folder, name, data, kind="parquet", parts=1):
    """A file, or a folder of several."""
    folder.mkdir(exist_ok=True)
    path = folder / name
    for part in range(parts):
        some = pa.table({column: values[part::parts].tolist() for column, values in data.items()})
        file = path / f"{part}.{kind}" if parts > 1 else path.with_suffix(f".{kind}")
        file.parent.mkdir(exist_ok=True)
        if kind == "parquet":
            pq.write_table(some, file, row_group_size=150)
        else:
            rows = [",".join(some.column_names), *(",".join(map(str, row.values())) for row in some.to_pylist())]
            file.write_text("\n".join(rows) + "\n")
    return path if parts > 1 else path.with_suffix(f".{kind}")


def outcome(capfd, *args):
    capfd.readouterr()
    return run(list(map(str, args))), capfd.readouterr()


def same(capfd, cluster, *args, code=0):
    """Both engines end alike, and print and say the same."""
    expected = outcome(capfd, *args)
    assert expected[0] == code, expected
    assert outcome(capfd, *args, *on(cluster)) == expected
    return expected[1]


@pytest.fixture(scope="module", params=["parquet", "csv"])
def files(request, tmp_path_factory):
    """Three files of predictions, and the targets."""
    folder = tmp_path_factory.mktemp("joined")
    targets, predictions = columns()
    return written(folder, "preds", predictions, request.param, parts=3), written(folder, "t", targets, request.param)


@pytest.mark.parametrize(
    "args",
    [(), ("--by", "g"), ("--by", "part", "-w", "w"), ("--interval", "--by", "g"), ("--by", "g", "--bootstrap", "50"),
     ("--where", 'w > 0.5 and part == "part 1"', "--unmatched", "drop")],
    ids=" ".join,
)  # fmt: skip
def test_the_bytes_of_threads(args, cluster, files, capfd, joined_here):
    same(capfd, cluster, "eval", files[0], "--targets", files[1], *JOIN, *args)
    assert joined_here == []


def test_values_of_rows_slopes_and_comparisons(cluster, files, capfd, joined_here):
    asked = (files[0], "--targets", files[1], "-t", "y", "--on", "id", "--error-format", "text")
    same(capfd, cluster, "rows", *asked, "-p", "p", "-l", "mae")
    same(capfd, cluster, "grad", *asked, "-p", "p", "-l", "rmse")
    same(capfd, cluster, "compare", *asked, "-p", "p", "-p", "other=w", "-l", "mae", "--by", "g")
    assert joined_here == []


def test_long_keys_and_keys_that_differ(cluster, tmp_path, capfd, joined_here):
    """The hash of a long text is another one in each process."""
    targets, predictions = columns(300, long=True)
    predictions["name"] = np.array([f" {key.upper()}" for key in predictions.pop("id")], object)
    paths = written(tmp_path, "p", predictions), "--targets", written(tmp_path, "t", targets)
    same(capfd, cluster, "eval", *paths, *SCORED, "--on", "name=id", "--key-match", "trim,case")
    assert joined_here == []


def test_rows_without_a_match(cluster, tmp_path, capfd, joined_here):
    """They are counted by workers, and limits on them hold."""
    targets, predictions = columns()
    predictions["id"][5::100] = "nobody"
    predictions["id"][7::100] = ""
    targets = {name: values[40:] for name, values in targets.items()}
    paths = written(tmp_path, "p", predictions, parts=3), "--targets", written(tmp_path, "t", targets)
    dropped = same(capfd, cluster, "eval", *paths, *JOIN, "--unmatched", "drop", "--max-dropped", "90")
    assert "rows of the predictions had no match" in dropped.out
    same(capfd, cluster, "eval", *paths, *JOIN, "--unmatched", "drop", "--max-dropped", "2%", code=1)
    same(capfd, cluster, "eval", *paths, *JOIN, "--unmatched", "drop", "--where", 'w < 0.5 and part == "part 0"')
    assert joined_here == []


def test_several_predictions_of_a_target(cluster, tmp_path, capfd, joined_here):
    """Resamples tell them apart by their order, which only this process knows; nothing else does."""
    targets, predictions = columns()
    targets = {name: values[:300] for name, values in targets.items()}
    predictions["id"] = np.resize(targets["id"], ROWS)
    paths = written(tmp_path, "p", predictions, parts=3), "--targets", written(tmp_path, "t", targets)
    many = same(capfd, cluster, "eval", *paths, *JOIN, "--join", "many-to-one")
    assert "many-to-one: 900 predictions of 300 targets" in many.out
    same(capfd, cluster, "eval", *paths, *JOIN, "--by", "w:0.2|0.5|0.9")
    assert joined_here == []
    same(capfd, cluster, "eval", *paths, *JOIN, "--join", "many-to-one", "--bootstrap", "50")
    assert len(joined_here) > 2


def with_fault(fault, targets, predictions):
    if fault == "a target twice":
        targets["id"][700] = targets["id"][3]
    elif fault == "a prediction twice":
        predictions["id"][700] = predictions["id"][3]
    elif fault == "no target":
        predictions["id"][700] = "nobody"
    elif fault == "no prediction":
        predictions = {name: values[1:] for name, values in predictions.items()}
    elif fault == "no key":
        predictions["id"][700] = ""
    elif fault == "no common key":
        predictions["id"] = np.array([f"other {at}" for at in range(ROWS)], object)
    elif fault == "a bad target":
        targets["y"][700] = np.inf
    elif fault == "a bad prediction before a bad key":
        predictions["p"][500], predictions["id"][800] = np.nan, "nobody"
    elif fault == "a bad prediction after a bad key":
        predictions["p"][800], predictions["id"][500] = np.nan, "nobody"
    return targets, predictions


@pytest.mark.parametrize("parts", [1, 3])
@pytest.mark.parametrize(
    "fault",
    ["a target twice", "a prediction twice", "no target", "no prediction", "no key", "no common key", "a bad target",
     "a bad prediction before a bad key", "a bad prediction after a bad key"],
)  # fmt: skip
def test_the_errors_of_threads(fault, parts, cluster, tmp_path, capfd):
    targets, predictions = with_fault(fault, *columns())
    paths = written(tmp_path, "p", predictions, parts=parts), "--targets", written(tmp_path, "t", targets)
    said = same(capfd, cluster, "eval", *paths, *JOIN, code=5 if fault == "no common key" else 3)
    assert said.out == ""


def test_rows_that_are_the_same(cluster, tmp_path, capfd):
    """Their texts have the same hash in every process, though Python's own differs."""
    targets, predictions = columns()
    twice = {name: np.concatenate([values, values[100:101]]) for name, values in predictions.items()}
    paths = written(tmp_path, "p", twice), "--targets", written(tmp_path, "t", targets)
    for args in ("--by", "g"), ("--join", "many-to-one", "--by", "g"):
        assert "row 901" in same(capfd, cluster, "eval", *paths, *JOIN, *args, code=3).err


class Unreliable:
    """An engine elsewhere, half of whose splits fail; what goes there and comes back is pickled."""

    is_remote, count = True, 1

    def map(self, function, items):
        function = pickle.loads(pickle.dumps(function))
        for at, item in enumerate(items):
            answer = WorkerError("no disk")
            if at % 2:
                answer = pickle.loads(pickle.dumps(function(pickle.loads(pickle.dumps(item)), lambda: False)))
            yield item, answer


@pytest.mark.parametrize("asked", [{}, {"by": "g", "bootstrap": 50}], ids=["plain", "resampled"])
def test_what_workers_cannot_do_is_joined_here(asked, files, joined_here):
    asked = {
        "source": files[0],
        "targets": files[1],
        "on": "id",
        "losses": ["mae"],
        "target": "y",
        "pred": "p",
        **asked,
    }
    expected = evaluate(prepared(asked), hashing=True)
    assert evaluate(prepared(asked), Unreliable(), hashing=True) == expected
    assert joined_here


def test_targets_that_are_too_large_are_refused(cluster, files, capfd, monkeypatch):
    monkeypatch.setattr(distributed, "BROADCAST", 1 << 14)
    code, found = outcome(capfd, "eval", files[0], "--targets", files[1], *JOIN, *on(cluster))
    assert (code, found.out) == (2, "")
    assert re.search(r"of the first \d+ rows of \S+ take 0\.0 MB; at most 0 MB are sent to each worker", found.err)
    assert "hint: --engine threads scores it" in found.err


def test_other_keys_on_workers_are_no_number(cluster, files, capfd, monkeypatch):
    """Should workers ever find other keys than this process, the run ends without a number."""
    merge = distributed.DistributedJoin.merge

    def lost(self, found):
        found.unmatched += 1
        return merge(self, found)

    monkeypatch.setattr(distributed.DistributedJoin, "merge", lost)
    code, found = outcome(capfd, "eval", files[0], "--targets", files[1], *JOIN, *on(cluster))
    assert (code, found.out) == (4, "")
    assert "other keys than this process" in found.err
    assert "hint: do they read the same files?" in found.err
