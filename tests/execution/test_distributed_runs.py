"""Runs that need more than sums of rows, and files that no disk has: the bytes of threads on a cluster too."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from cluster_processes import on, two_workers, with_small_tasks
from object_store import SECRETS, object_store
from remote_servers import serving
from test_shards import table, write

pytest.importorskip("distributed", reason="an extra: losscli[dask]")
pytest.importorskip("s3fs", reason="an extra: losscli[remote]")

from losscli.cli.entry import run
from losscli.execution.engines import dask
from losscli.execution.engines.worker import Raised, answers

MODELS = ("-t", "y", "-p", "p", "-p", "second=q", "-l", "mae", "-f", "json", "--error-format", "text")


@pytest.fixture(scope="module")
def store():
    with object_store("cluster") as found:
        yield found


@pytest.fixture(scope="module")
def cluster(store, tmp_path_factory):
    with two_workers(tmp_path_factory, AWS_ENDPOINT_URL=store[0], **SECRETS) as made:
        yield made


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write(tmp_path_factory.mktemp("data"), "parquet", table())


@pytest.fixture(autouse=True)
def small_tasks(monkeypatch):
    with_small_tasks(monkeypatch)


def same(capfd, cluster, *args, code=0):
    """Both engines print the same, and say the same."""
    capfd.readouterr()
    assert run(list(map(str, args))) == code
    expected = capfd.readouterr()
    assert run([*map(str, args), *on(cluster)]) == code
    assert capfd.readouterr() == expected


@pytest.mark.parametrize(
    "args",
    [
        ("compare",),
        ("compare", "--by", "g", "--bootstrap", "100"),
        ("compare", "--cluster", "h", "-w", "w", "--pairs"),
        ("eval", "--interval", "--cluster", "h", "--by", "g"),
        ("eval", "--bootstrap", "100", "--by", "h"),
        ("eval", "--interval", "--why"),
        ("eval", "--skill", "-l", "mse", "-l", "pinball:q=0.9", "--by", "g", "--by", "h"),
        ("eval", "--skill", "-l", "rmse", "-l", "huber:delta=0.5", "-w", "w"),
        ("eval", "--skill", "--by", "p:quantile=3"),
    ],
    ids=" ".join,
)
def test_what_needs_the_numbers_of_rows(args, cluster, data, capfd):
    same(capfd, cluster, args[0], data, *MODELS, *args[1:])


SUITES = """
[defaults]
sources = "preds.parquet"
target = "y"
pred = "p"
[suites.limits]
losses = ["mse", "mae"]
gates = ["mse<=1e9", "mae<=0.1", "mae<=5 by g"]
[suites.quadratic]
losses = "rmse"
gates = "rmse<=1e9"
"""


def test_suites(cluster, data, tmp_path, capfd, monkeypatch):
    """The workers score each suite, and gates are judged as without them."""
    (tmp_path / "losscli.toml").write_text(SUITES)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "preds.parquet").symlink_to(data)
    scored = []
    act = dask.Dask.map
    monkeypatch.setattr(dask.Dask, "map", lambda *args: scored.append(args) or act(*args))
    same(capfd, cluster, "check", "-f", "json", code=1)
    assert len(scored) == 2


def test_pictures_and_rows_beside_the_report(cluster, data, tmp_path, capfd):
    """What is shown of the distribution of rows is that of all of them, whoever read them."""
    same(capfd, cluster, "eval", data, *MODELS[:4], "-l", "mae", "--by", "g", "--show")
    report, rows, found = tmp_path / "a.html", tmp_path / "a.csv", []
    for more in (), on(cluster):
        assert run(["eval", data, *MODELS[:6], "-l", "mae", "-o", str(report), "-o", f"rows={rows}", *more]) == 0
        found.append((report.read_text().replace(" ".join(("", *more)), ""), rows.read_bytes()))  # but for the command
    assert "<svg" in found[0][0]
    assert found[0] == found[1]


@pytest.fixture(scope="module")
def views(tmp_path_factory):
    """Two views of each row, in batches whose rows stand apart, and slices that are found as rows are read."""
    rng, rows = np.random.default_rng(3), 600
    first = rng.normal(size=(rows, 4))
    found = {name: pa.array(list(values)) for name, values in (("a", first), ("b", first + rng.normal(size=(rows, 4))))}
    found["batch"] = pa.array([f"b{at % 7}" for at in range(rows)])
    found["g"] = pa.array([f"g{at // 100}" for at in range(rows)])
    path = tmp_path_factory.mktemp("views") / "views.parquet"
    pq.write_table(pa.table(found), path, row_group_size=100)
    return path


@pytest.mark.parametrize("batches", [("--batch-size", "64"), ("--batch-by", "batch")], ids=" ".join)
def test_batch_losses(batches, cluster, views, capfd):
    """This process forms the batches, and workers score them, also those with slices that came later."""
    asked = ("-c", "anchor=a", "-c", "positive=b", "-l", "nt_xent", *batches, "-f", "json", "--error-format", "text")
    same(capfd, cluster, "eval", views, *asked, "--by", "g", "--interval")


@pytest.mark.parametrize("kind", ["parquet", "csv", "csv.gz", "jsonl"])
def test_files_in_an_object_store(kind, cluster, store, tmp_path, capfd, monkeypatch):
    endpoint, client = store
    for name, value in {**SECRETS, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    for at in range(3):
        path = write(tmp_path, kind, table(400 + at))
        client.upload_file(str(path), "cluster", f"{kind}/{at}.{kind}")
    same(capfd, cluster, "eval", f"s3://cluster/{kind}/", *MODELS, "--by", "g")


def test_files_of_a_web_server(cluster, tmp_path, capfd):
    with serving() as server:
        for kind in ("csv", "parquet"):
            server.files[f"a.{kind}"] = Path(write(tmp_path, kind, table(500))).read_bytes()
            same(capfd, cluster, "eval", f"{server.base}/ok/a.{kind}", *MODELS)


@dataclass(frozen=True)
class Asked:
    """An item that says when it is asked for ahead, and when it is worked on."""

    name: str
    said: list

    def ask_ahead(self, most):
        self.said.append(f"ask {self.name}")
        return 1


def test_a_worker_asks_for_what_comes_next():
    """The first remote file of a task is worked on when the next ones are on their way."""
    said = []
    items = [Asked(name, said) for name in "abc"]

    def work(item, stopped):
        said.append(f"work {item.name}")
        if item.name == "b":
            raise OSError("no disk")
        return item.name

    found = list(answers(work, items, lambda: False))
    assert said == ["ask a", "ask b", "ask c", "work a", "work b", "work c"]
    assert found == ["a", Raised("OSError: no disk"), "c"]


def test_what_fails_as_a_worker_asks_ahead_is_that_item_alone():
    class Unprepared(Asked):
        def ask_ahead(self, most):
            raise RuntimeError("boom")

    items = [Asked("a", []), Unprepared("b", []), Asked("c", [])]
    assert list(answers(lambda item, _: item.name, items, lambda: False)) == ["a", "b", "c"]


def test_a_worker_without_access_is_named(store, cluster, tmp_path, capfd, monkeypatch):
    """Its own environment has no way to the store."""
    endpoint, client = store
    for name, value in {**SECRETS, "AWS_ENDPOINT_URL": endpoint}.items():
        monkeypatch.setenv(name, value)
    client.upload_file(str(write(tmp_path, "parquet", table(300))), "cluster", "alone/a.parquet")
    stranger = cluster.worker(AWS_ENDPOINT_URL="http://127.0.0.1:9", LOSSCLI_REMOTE_RETRIES="0", **SECRETS)
    cluster.wait(3)
    try:
        assert run(["eval", "s3://cluster/alone/a.parquet", *MODELS, *on(cluster)]) == 4
    finally:
        stranger.kill()
        stranger.wait()
        cluster.wait(2)
    out, err = capfd.readouterr()
    assert out == ""
    assert err.startswith("error: worker tcp://127.0.0.1:")
    assert "cannot read the file: the server refuses the connection" in err
    assert "in: s3://cluster/alone/a.parquet" in err


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("compare", "a=a.csv", "b=b.csv", "-t", "y", "-p", "p", "-l", "mae"), "a file for each model"),
        (("eval", "a.csv", *MODELS, "--beside", "b.csv"), "does not support --beside"),
        (("eval", "-", *MODELS), "read only once"),
        (("eval", "a.csv", "-c", "anchor=a", "-c", "positive=b", "-l", "nt_xent"), "needs many rows at once"),
    ],
)  # fmt: skip
def test_what_does_not_run_is_refused_by_name_before_a_row_is_read(args, message, capfd):
    assert run([*args, "--engine", "dask"]) == 2
    out, err = capfd.readouterr()
    assert out == ""
    assert message in err


@pytest.mark.parametrize("command", ["rows", "grad"])
def test_rows_of_batches_are_refused(command, views, capfd):
    asked = ("-c", "anchor=a", "-c", "positive=b", "-l", "nt_xent", "--batch-size", "64")
    assert run([command, str(views), *asked, "--engine", "dask"]) == 2
    assert "of batch losses are computed in this process" in capfd.readouterr().err
