"""`losscli plan-shards`: files listed once, each shard opens its own, and the bits are those of one run."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from remote_servers import serving_s3

from losscli.cli import entry
from losscli.errors import UsageError
from losscli.execution.shard_plan import plan_shards, plan_text, read_plan
from losscli.execution.state_file import Shard
from losscli.io.files import planned
from losscli.io.files.discover import Discovery
from losscli.io.files.found import FoundFile
from losscli.io.remote.address import Address

COMMON = ["-t", "y", "-p", "p", "-l", "mse", "-l", "mae"]


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(capfd, *args: object) -> tuple[int, str, str]:
    code = entry.run([str(arg) for arg in args])
    out, err = capfd.readouterr()
    return code, out, err


def parts(count: int, rows: int = 60, suffix: str = "csv", groups: int = 1000) -> None:
    rng = np.random.default_rng(4)
    for at in range(count):
        size = rows + 7 * at
        table = pa.table({"y": rng.normal(size=size), "p": rng.normal(size=size), "g": rng.integers(0, 3, size)})
        path = Path("run") / f"part{at}.{suffix}"
        path.parent.mkdir(exist_ok=True)
        if suffix == "parquet":
            pq.write_table(table, path, row_group_size=groups)
        else:
            lines = (",".join(map(repr, row)) for row in zip(*table.to_pydict().values(), strict=True))
            path.write_text("y,p,g\n" + "\n".join(lines) + "\n")


def merged(capfd, shards: int, *options: str, source: str = "run") -> str:
    """The report of a planned run."""
    assert run(capfd, "plan-shards", source, "--shards", shards, "--plan-out", "plan.json", "-q") == (0, "", "")
    states = []
    for number in range(1, shards + 1):
        states.append(f"s{number}.json")
        done = run(capfd, "eval", "--shard-plan", "plan.json", "--shard", f"{number}/{shards}", *COMMON, *options,
                   "--state-out", states[-1])  # fmt: skip
        assert done[0] == 0, done
    code, out, err = run(capfd, "merge", *states, "-f", "json")
    assert code == 0, err
    for state in states:
        Path(state).unlink()
    return out


@pytest.mark.parametrize(("suffix", "groups"), [("csv", 1000), ("parquet", 1000), ("parquet", 25)])
@pytest.mark.parametrize("shards", [1, 3, 16])
def test_the_bits_of_one_run(suffix, groups, shards, capfd):
    parts(7, suffix=suffix, groups=groups)
    code, expected, _ = run(capfd, "eval", "run", *COMMON, "--by", "g", "-f", "json")
    assert code == 0
    assert merged(capfd, shards, "--by", "g") == expected


def test_names_of_folders_are_columns(capfd):
    parts(4)
    for at, region in enumerate(("eu", "us", "eu", "us")):
        Path(f"run/region={region}").mkdir(exist_ok=True)
        shutil.move(f"run/part{at}.csv", f"run/region={region}/part{at}.csv")
    _, expected, _ = run(capfd, "eval", "run", *COMMON, "--by", "region", "-f", "json")
    assert merged(capfd, 3, "--by", "region") == expected


def test_a_large_file_is_cut_into_its_splits(capfd, monkeypatch):
    monkeypatch.setattr("losscli.io.formats.parquet.SPLIT_ROWS", 300)
    parts(1, rows=5000, suffix="parquet", groups=300)
    _, expected, _ = run(capfd, "eval", "run", *COMMON, "-f", "json")
    assert merged(capfd, 4) == expected
    plan, _ = plan_shards(["run"], 4)
    counts = [len(plan.chosen(Shard(number, 4), [(0, 300)] * 16 + [(0, 200)])) for number in range(1, 5)]
    assert sum(counts) == 17
    assert min(counts) >= 4


def test_equal_files_are_one_each():
    Path("run").mkdir()
    for at in range(16):
        Path(f"run/part{at:02}.csv").write_text("y,p\n1,2\n" + "3,4\n" * (100 + at % 2))
    plan, _ = plan_shards(["run"], 16)
    own = [plan.own(Shard(number, 16)) for number in range(1, 17)]
    taken = [plan.chosen(Shard(n, 16), [(at, 7) for at in files]) for n, files in enumerate(own, 1)]
    assert [[files[index] for index in chosen] for files, chosen in zip(own, taken, strict=True)] == [
        [at] for at in range(16)
    ]


def test_every_split_is_in_one_shard():
    rng = np.random.default_rng(1)
    Path("run").mkdir()
    for at in range(30):
        Path(f"run/part{at:02}.csv").write_bytes(b"x" * int(rng.integers(1, 3000)))
    for shards in (1, 2, 7, 30, 100):
        plan, _ = plan_shards(["run"], shards)
        taken: list[tuple[int, int]] = []
        for number in range(1, shards + 1):
            own = plan.own(Shard(number, shards))
            splits = [(at, part) for at in own for part in range(1 + at % 4)]
            chosen = plan.chosen(Shard(number, shards), [(at, 10) for at, _ in splits])
            taken += [splits[index] for index in chosen]
        assert taken == [(at, part) for at in range(30) for part in range(1 + at % 4)]


# -------------------------------------------------------------------------------------------- what is opened and asked


def test_a_shard_opens_its_own_files(capfd, monkeypatch):
    from losscli.io.files import inputs

    parts(9)
    run(capfd, "plan-shards", "run", "--shards", 3, "--plan-out", "plan.json")
    opened: list[str] = []
    plain = inputs.FileInput.open
    monkeypatch.setattr(
        inputs.FileInput, "open", lambda self, last=False: opened.append(self.path) or plain(self, last)
    )
    done = run(capfd, "eval", "--shard-plan", "plan.json", "--shard", "2/3", *COMMON, "--state-out", "s2.json")
    assert done[0] == 0
    own = {f"run/part{at}.csv" for at in read_plan("plan.json").own(Shard(2, 3))}
    assert 3 <= len(own) <= 5
    assert set(opened) == {"run/part0.csv", *own}


def test_objects_are_listed_once_and_not_opened(capfd, monkeypatch):
    pytest.importorskip("s3fs", reason="an extra: losscli[remote]")
    parts(12)
    with serving_s3(monkeypatch) as store:
        store.files.update({f"run/{path.name}": path.read_bytes() for path in Path("run").iterdir()})
        _, expected, _ = run(capfd, "eval", "s3://bucket/run/", *COMMON, "-f", "json")
        store.asked.clear()
        run(capfd, "plan-shards", "s3://bucket/run/", "--shards", 4, "--plan-out", "plan.json")
        assert [path for method, path, _ in store.asked if method == "GET" and "list-type" not in path] == []
        states = []
        for number in range(1, 5):
            store.asked.clear()
            states.append(f"s{number}.json")
            done = run(capfd, "eval", "--shard-plan", "plan.json", "--shard", f"{number}/4", *COMMON, "--state-out",
                       states[-1])  # fmt: skip
            assert done[0] == 0, done
            own = {f"/bucket/run/part{at}.csv" for at in read_plan("plan.json").own(Shard(number, 4))}
            asked = sorted((method, path) for method, path, _ in store.asked)
            assert asked == sorted(("GET", path) for path in own | {"/bucket/run/part0.csv"})
        assert run(capfd, "merge", *states, "-f", "json")[1] == expected
        store.files["run/part5.csv"] += b"1,2,0\n"
        code, out, err = run(capfd, "eval", "--shard-plan", "plan.json", "--shard", "2/4", *COMMON, "--state-out", "t")
        assert (code, out) == (4, "")
        assert "the file changed since the shards were planned: it had" in err
        assert "s3://bucket/run/part5.csv" in err


# ----------------------------------------------------------------------------------------------------- what is refused


def refused(capfd, *args: object) -> tuple[int, str]:
    code, out, err = run(capfd, *args)
    assert out == ""
    return code, err


def shard(capfd, *args: object) -> tuple[int, str]:
    return refused(capfd, "eval", "--shard-plan", "plan.json", *COMMON, *args)


def test_a_changed_file_is_refused(capfd):
    parts(3)
    run(capfd, "plan-shards", "run", "--shards", 3, "--plan-out", "plan.json")
    path = Path("run/part2.csv")
    before, text = path.stat(), path.read_text()
    path.write_text(text + "1,2,0\n")
    code, err = shard(capfd, "--shard", "3/3", "--state-out", "s.json")
    assert code == 4
    assert "the file changed since the shards were planned: it had" in err
    assert "in: run/part2.csv" in err
    assert "plan again" in err
    path.write_text(text)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns + 10))
    assert "it was written again" in shard(capfd, "--shard", "3/3", "--state-out", "s.json")[1]
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert shard(capfd, "--shard", "3/3", "--state-out", "s.json")[0] == 0


def test_files_of_a_plan_have_the_same_columns(capfd):
    parts(3)
    Path("run/part1.csv").write_text("y,p,h\n1,2,3\n" * 40)
    run(capfd, "plan-shards", "run", "--shards", 1, "--plan-out", "plan.json")
    code, err = shard(capfd, "--shard", "1/1", "--state-out", "s.json")
    assert code == 3
    assert "its columns are not those of run/part0.csv" in err
    assert "in: run/part1.csv" in err


def test_paths_of_another_folder(capfd, monkeypatch):
    parts(3)
    Path("sub").mkdir()
    for source, hinted in (("run", True), (Path("run").resolve(), False)):
        assert run(capfd, "plan-shards", source, "--shards", 2, "--plan-out", "plan.json")[0] == 0
        with monkeypatch.context() as there:
            there.chdir("sub")
            done = run(
                capfd, "eval", "--shard-plan", "../plan.json", "--shard", "1/2", *COMMON, "--state-out", "s.json"
            )
        assert done[0] == (4 if hinted else 0), done
        assert ("relative to the folder where the shards were planned" in done[2]) == hinted
    Path("run/part0.csv").unlink()
    done = run(capfd, "eval", "--shard-plan", "plan.json", "--shard", "1/2", *COMMON, "--state-out", "s.json")
    assert done[0] == 4
    assert "no such file" in done[2] and "relative" not in done[2]


def test_a_plan_holds_no_secrets(monkeypatch):
    """It is refused before anything is asked of the server."""
    monkeypatch.setattr(planned, "inputs_of", lambda found: pytest.fail("asked"))
    found = FoundFile("https://h/a.csv", {}, Address("https://h/a.csv?token=HUNTER2"))
    with pytest.raises(UsageError, match="a plan would hold the secrets of this address") as caught:
        planned.planned_files(Discovery((found,), (), (), ()))
    assert "losscli eval ADDRESS --shard I/N" in (caught.value.hint or "")
    assert "HUNTER2" not in str(caught.value)


def test_states_with_and_without_a_plan_are_different_runs(capfd):
    parts(4)
    run(capfd, "plan-shards", "run", "--shards", 2, "--plan-out", "plan.json")
    assert shard(capfd, "--shard", "1/2", "--state-out", "s1.json")[0] == 0
    assert run(capfd, "eval", "run", *COMMON, "--shard", "2/2", "--state-out", "s2.json")[0] == 0
    code, err = refused(capfd, "merge", "s1.json", "s2.json")
    assert code == 3
    assert "belongs to a different run" in err
    assert "--shard-plan for every shard, or for none: shard 1/2 has it" in err


def test_states_of_two_plans_are_different_runs(capfd):
    parts(4)
    run(capfd, "plan-shards", "run", "--shards", 2, "--plan-out", "plan.json")
    assert shard(capfd, "--shard", "1/2", "--state-out", "s1.json")[0] == 0
    os.utime("run/part3.csv", (1, 1))
    run(capfd, "plan-shards", "run", "--shards", 2, "--plan-out", "plan.json")
    assert shard(capfd, "--shard", "2/2", "--state-out", "s2.json")[0] == 0
    code, err = refused(capfd, "merge", "s1.json", "s2.json")
    assert code == 3
    assert "they differ in cut" in err
    assert "and the same plan" in err


def test_a_state_is_kept_if_it_is_of_the_same_plan(capfd):
    parts(4)
    run(capfd, "plan-shards", "run", "--shards", 2, "--plan-out", "plan.json")
    assert "wrote shard 1/2" in shard(capfd, "--shard", "1/2", "--state-out", "s1.json")[1]
    assert "kept shard 1/2" in shard(capfd, "--shard", "1/2", "--state-out", "s1.json")[1]


def test_an_empty_last_file_is_an_error_as_without_a_plan(capfd):
    parts(2)
    Path("run/part2.csv").write_text("")
    run(capfd, "plan-shards", "run", "--shards", 3, "--plan-out", "plan.json")
    assert shard(capfd, "--shard", "1/3", "--state-out", "s1.json")[0] == 0
    code, err = shard(capfd, "--shard", "3/3", "--state-out", "s3.json")
    assert code == 3
    assert "the file is empty" in err and "in: run/part2.csv" in err


def test_no_output_replaces_a_file_of_the_plan_or_the_plan(capfd):
    parts(2)
    for source in ("run", "run/*.csv"):
        text = Path("run/part1.csv").read_text()
        code, err = refused(capfd, "plan-shards", source, "--shards", 2, "--plan-out", "run/part1.csv")
        assert code == 2
        assert "is an input" in err
        assert Path("run/part1.csv").read_text() == text
    run(capfd, "plan-shards", "run", "--shards", 2, "--plan-out", "plan.json")
    plan = Path("plan.json").read_text()
    code, err = shard(capfd, "--shard", "1/2", "--state-out", "./plan.json")
    assert code == 2
    assert "is an input" in err
    assert Path("plan.json").read_text() == plan


def test_a_state_of_remote_files_is_kept_until_they_change(capfd, monkeypatch):
    pytest.importorskip("s3fs", reason="an extra: losscli[remote]")

    def scored(number: int, state: str) -> str:
        code, _, err = run(capfd, "eval", "s3://bucket/run/", *COMMON, "--shard", f"{number}/2", "--state-out", state)
        assert code == 0, err
        return err

    with serving_s3(monkeypatch) as store:
        store.files["run/a.csv"] = b"y,p\n1,2\n3,4\n"
        assert "wrote shard 1/2" in scored(1, "s1.json")
        assert "kept shard 1/2" in scored(1, "s1.json")
        store.files["run/a.csv"] = b"y,p\n1,2\n3,40\n"
        scored(2, "s2.json")
        code, err = refused(capfd, "merge", "s1.json", "s2.json")
        assert code == 3
        assert "belongs to a different run" in err
        assert "wrote shard 1/2" in scored(1, "s1.json")


def test_what_is_no_plan_is_refused(capfd):
    parts(2)
    Path("plan.json").write_text("{}")
    assert "not a plan of shards" in shard(capfd, "--shard", "1/2", "--state-out", "s.json")[1]
    plan, _ = plan_shards(["run"], 2)
    document = json.loads(plan_text(plan))
    for change, told in (
        ({"bytes": 1}, "the plan is damaged"),
        ({"files": [{}]}, "the plan is damaged"),
        ({"losscli": "0.0.1"}, "a plan of losscli 0.0.1"),
        ({"schema": "losscli.plan/9"}, "losscli.plan/9"),
    ):
        Path("plan.json").write_text(json.dumps({**document, **change}))
        code, err = shard(capfd, "--shard", "1/2", "--state-out", "s.json")
        assert code == 3
        assert told in err
    Path("plan.json").write_text(plan_text(plan))
    assert read_plan("plan.json") == plan
    assert "the plan is of 2 shards" in shard(capfd, "--shard", "1/3", "--state-out", "s.json")[1]
    assert "needs --shard I/N" in shard(capfd)[1]
    code, err = refused(
        capfd, "eval", "run", "--shard-plan", "plan.json", "--shard", "1/2", *COMMON, "--state-out", "s"
    )
    assert code == 2
    assert "no SOURCE is given beside it" in err


def test_a_web_server_that_sends_only_whole_files_is_refused(capfd, monkeypatch):
    pytest.importorskip("aiohttp", reason="an extra: losscli[remote]")
    with serving_s3(monkeypatch) as server:
        server.files["a.csv"] = b"y,p\n1,2\n"
        code, err = refused(capfd, "plan-shards", f"{server.base}/whole/a.csv", "--shards", 2, "--plan-out", "p.json")
    assert code == 4
    assert "can only be read as a whole" in err


def test_what_cannot_be_planned(capfd):
    os.mkfifo("pipe")
    assert refused(capfd, "plan-shards", "-", "--shards", 2, "--plan-out", "plan.json")[0] == 4
    assert refused(capfd, "plan-shards", "none.csv", "--shards", 2, "--plan-out", "plan.json")[0] == 4
    assert not Path("plan.json").exists()
    parts(1)
    code, _ = refused(capfd, "plan-shards", "run/part0.csv", "--shards", 2, "--plan-out", "run/part0.csv")
    assert code == 2
    assert Path("run/part0.csv").read_text().startswith("y,p,g")
