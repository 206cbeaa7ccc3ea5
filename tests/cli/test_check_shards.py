"""losscli check in shards: the bytes, verdicts and exit code of a run without them; and on an engine."""

from __future__ import annotations

from pathlib import Path

import pytest
from object_store import command, object_store, quick_retries

CONFIG = """
[defaults]
sources = ["a.csv", "b.csv"]
target = "y"
pred = "p"
[suites.limits]
losses = ["mse", "mae"]
gates = ["mse<=9", "mae<=0.1", "mae<=5 by g"]
outputs = ["limits.json", "junit=limits.xml"]
[suites.baseline]
losses = "rmse"
gates = "rmse<=baseline+1%"
baseline = "old.json"
"""
ROWS = [f"{i * 0.37 % 1 + i % 3},{i * 0.61 % 2},{'uv'[i % 2]}\n" for i in range(50)]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path))
    for name, rows in (("a", ROWS[:20]), ("b", ROWS[20:])):
        Path(f"{name}.csv").write_text("y,p,g\n" + "".join(rows))
    code, _, err = command("eval", "a.csv", "b.csv", "-t", "y", "-p", "p", "-l", "rmse", "-o", "old.json")
    assert code == 0, err
    Path("losscli.toml").write_text(CONFIG)
    return tmp_path


def outputs():
    return {name: Path(name).read_bytes() for name in ("limits.json", "limits.xml")}


def test_shards_are_judged_as_one_run(folder):
    whole, written = command("check", "-f", "json"), outputs()
    assert whole[0] == 1
    Path("limits.json").unlink()
    for number in "21":
        code, out, err = command("check", "--shard", f"{number}/2", "--state-out", "states")
        assert (code, out) == (0, "") and "limits: wrote shard" in err
    assert sorted(path.name for path in Path("states").iterdir()) == [
        f"{suite}.{number}-of-2.json" for suite in ("baseline", "limits") for number in (1, 2)
    ]
    assert not Path("limits.json").exists()
    assert command("check", "--states", "states", "-f", "json") == whole
    assert outputs() == written
    code, _, err = command("check", "--shard", "1/2", "--state-out", "states")
    assert code == 0 and "kept shard 1/2" in err
    code, out, _ = command("merge", "states/limits.1-of-2.json", "states/limits.2-of-2.json", "-q")
    assert code == 0 and len(out.splitlines()) == 2 * 3  # a state as of any run


def test_gates_may_change_in_between_and_settings_may_not(folder):
    for number in "12":
        command("check", "--shard", f"{number}/2", "--state-out", "states", "-q")
    Path("losscli.toml").write_text(CONFIG.replace("mae<=0.1", "mae<=7"))
    assert command("check", "--states", "states")[0] == 0
    Path("losscli.toml").write_text(CONFIG.replace("5 by g", "5"))  # the states have a slice more
    code, _, err = command("check", "limits", "--states", "states")
    assert code == 2 and "not of the suite 'limits' as it is now" in err
    Path("losscli.toml").write_text(CONFIG.replace('["mse", "mae"]', '["mse", "mae", "rmse"]'))
    code, out, err = command("check", "--states", "states")
    assert (code, out) == (2, "") and "not of the suite 'limits' as it is now" in err and "baseline: 1 passed" in err


def test_states_that_are_missing_are_an_error_of_their_suite(folder):
    command("check", "limits", "--shard", "1/2", "--state-out", "states", "-q")
    code, out, err = command("check", "--states", "states")
    assert (code, out) == (4, "")
    assert "limits: shard 2 of 2 is missing" in err and "baseline: no state of the suite 'baseline'" in err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("--shard", "1/2"), "--shard and --state-out FOLDER belong together"),
        (("--state-out", "s"), "--shard and --state-out FOLDER belong together"),
        (("--shard", "1/2", "--state-out", "s", "-o", "a.json"), "a shard makes no report"),
        (("--shard", "1/2", "--state-out", "s", "--states", "s"), "judges the states of all shards"),
        (("--states", "s", "--engine", "dask"), "reads no data, so there is nothing for --engine dask"),
        (("--shard", "3/2", "--state-out", "s"), "'3/2' is not a shard"),
    ],
)
def test_options_that_do_not_go_together(words, message, folder):
    code, out, err = command("check", *words)
    assert (code, out) == (2, "") and message in err
    assert not Path("s").exists()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (('"mae<=0.1"', '"mae<=baseline significant"'), "reports and states contain no rows"),
        (('"junit=limits.xml"', '"rows=limits.csv"'), "states have no rows"),
        (('losses = ["mse", "mae"]', 'losses = ["mse", "mae"]\nbootstrap = 50'), "need all of them in one run"),
    ],
)
def test_what_needs_all_rows_is_refused_and_the_other_suites_go_on(changes, message, folder):
    config = CONFIG.replace(*changes).replace("[suites.limits]", '[suites.limits]\nbaseline = "old.json"')
    Path("losscli.toml").write_text(config)
    code, out, err = command("check", "--shard", "1/1", "--state-out", "states")
    assert (code, out) == (2, "") and message in err
    assert [path.name for path in Path("states").iterdir()] == ["baseline.1-of-1.json"]


def test_a_folder_of_states_may_have_the_name_of_a_file_in_an_archive(folder):
    whole = command("check", "-f", "json")
    for number in "12":
        assert command("check", "--shard", f"{number}/2", "--state-out", "run.zip:s[1]", "-q")[0] == 0
    assert command("check", "--states", "run.zip:s[1]", "-f", "json") == whole
    code, out, err = command("check", "--states", "run.zip:other")
    assert (code, out) == (2, "") and "a file in an archive can only be a table" in err


def test_states_may_be_in_a_store(folder, monkeypatch):
    pytest.importorskip("s3fs", reason="an extra: losscli[remote]")
    quick_retries(monkeypatch)
    whole = command("check", "-f", "json")
    with object_store("checks") as (endpoint, client):
        monkeypatch.setenv("AWS_ENDPOINT_URL", endpoint)
        for number in "12":
            assert command("check", "--shard", f"{number}/2", "--state-out", "s3://checks/states", "-q")[0] == 0
        assert client.list_objects_v2(Bucket="checks")["KeyCount"] == 4
        assert command("check", "--states", "s3://checks/states", "-f", "json") == whole
        for state in client.list_objects_v2(Bucket="checks", Prefix="states/")["Contents"]:
            client.copy_object(Bucket="checks", Key=f"run.zip:s[1]/{state['Key'].removeprefix('states/')}",
                               CopySource={"Bucket": "checks", "Key": state["Key"]})  # fmt: skip
        assert command("check", "--states", "s3://checks/run.zip:s[1]", "-f", "json") == whole
        code, _, err = command("check", "--states", "s3://checks/run.zip:other")
        assert code == 2 and "a file in an archive can only be a table" in err
        code, _, err = command("check", "--states", "s3://checks/none")
        assert code == 4 and "no state of the suite 'limits'" in err
        code, _, err = command("check", "--states", "s3://nowhere/none")
        assert code == 4 and "there is no such bucket" in err


def test_the_engine_is_that_of_every_suite(folder, monkeypatch):
    from losscli.cli import run

    asked = []
    monkeypatch.setattr(run, "check_engine", lambda execution, *_: asked.append(execution.engine))
    monkeypatch.setattr(run, "engine_of", lambda *_: (_ for _ in ()).throw(KeyboardInterrupt))
    assert command("check", "--engine", "dask")[0] == 130
    assert set(asked) == {"dask"}
