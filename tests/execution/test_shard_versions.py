"""Shards of one run that read several versions of a file: refused where that is sure, and warned of where it may be."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
from remote_servers import serving_s3

from losscli.cli import entry
from losscli.errors import DataError
from losscli.execution.shard_versions import SharedVersions
from losscli.execution.state_file import checksum

ASKED = ("-t", "y", "-p", "p", "-l", "mse")
OLD, NEW = b"y,p\n1,2\n3,4\n", b"y,p\n1,4\n3,6\n"
SAID = "the shards read files that have the same size and different "


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def run(capfd, *words: str) -> tuple[int, str, str]:
    code = entry.run(list(words))
    out, err = capfd.readouterr()
    return code, out, err


def scored(capfd, *files: str, shards: int = 2, numbers=None, folder: str = "") -> list[str]:
    """The states of some shards."""
    states = [f"{folder}s{number}.json" for number in numbers or range(1, shards + 1)]
    for state in states:
        shard = f"{state[-6]}/{shards}"
        code, _, err = run(capfd, "eval", *files, *ASKED, "--shard", shard, "--state-out", state)
        assert code == 0, err
    return states


def local(content: bytes, time: int, name: str = "a.csv") -> str:
    Path(name).write_bytes(content)
    os.utime(name, (time, time))
    return name


def warned(capfd, *states: str) -> list[str]:
    """The warnings of the merged report, which are also said."""
    code, out, err = run(capfd, "merge", *states, "-f", "json")
    assert code == 0, err
    found = [warning["message"] for warning in json.loads(out)["warnings"]]
    assert [message for message in found if message not in err] == []
    return found


def changed(state: str, **fields) -> None:
    document = {**json.loads(Path(state).read_text()), **fields}
    del document["sha256"]
    Path(state).write_text(json.dumps({**document, "sha256": checksum(document)}))


def test_a_file_that_has_not_changed(capfd):
    assert warned(capfd, *scored(capfd, local(OLD, 1))) == []


def test_a_file_that_was_written_again(capfd):
    """It may be a copy, on another machine, so it is a warning: one, whatever the number of files and states."""
    states = scored(capfd, local(OLD, 1), local(OLD, 1, "b.csv"), shards=4, numbers=[1, 3])
    states += scored(capfd, local(NEW, 2), local(NEW, 2, "b.csv"), shards=4, numbers=[2, 4])
    (said,) = warned(capfd, *states)
    assert said.startswith(f"{SAID}modification times (a.csv and 1 more): unless these are copies")


def test_a_tree_keeps_what_its_states_say(capfd):
    states = scored(capfd, local(OLD, 1), shards=4, numbers=[1, 2])
    states += scored(capfd, local(OLD, 2), shards=4, numbers=[3, 4])
    code, _, err = run(capfd, "merge", *states[:2], "--state-out", "low.json")
    assert code == 0 and SAID not in err
    code, _, err = run(capfd, "merge", *states[2:], "--state-out", "high.json")
    assert code == 0 and SAID not in err
    expected = warned(capfd, *states)
    assert len(expected) == 1
    assert warned(capfd, "high.json", "low.json") == expected
    code, _, err = run(capfd, "merge", "low.json", "high.json", "--state-out", "all.json")
    assert code == 0 and SAID in err
    code, _, err = run(capfd, "merge", *states[1:3], "--state-out", "middle.json")
    assert code == 0 and SAID in err
    assert warned(capfd, "all.json") == expected
    assert warned(capfd, states[0], "middle.json", states[3]) == expected


def test_another_size_is_another_file(capfd):
    states = scored(capfd, local(OLD, 1), numbers=[1]) + scored(capfd, local(OLD + b"1,1\n", 1), numbers=[2])
    code, _, err = run(capfd, "merge", *states)
    assert code == 3 and "they differ in files" in err


@pytest.mark.parametrize("tree", [False, True])
def test_an_object_that_was_written_again(tree, capfd, monkeypatch):
    pytest.importorskip("s3fs", reason="an extra: losscli[remote]")
    with serving_s3(monkeypatch) as store:
        store.files.update({"run/a.csv": OLD, "run/b.csv": NEW})
        states = scored(capfd, "s3://bucket/run/", shards=3, numbers=[1, 2])
        same = scored(capfd, "s3://bucket/run/", shards=3, numbers=[3], folder="same_")
        store.files["run/b.csv"] = b"y,p\n1,3\n3,5\n"
        other = scored(capfd, "s3://bucket/run/", shards=3, numbers=[3])
    assert warned(capfd, *states, *same) == []
    first = "shard 1/3"
    if tree:
        code, _, err = run(capfd, "merge", *states, "--state-out", "low.json")
        assert code == 0, err
        states, first = ["low.json"], "shards 1-2/3"
    code, out, err = run(capfd, "merge", *states, *other, "--gate", "mse<=6")
    assert (code, out) == (3, "")
    assert f"shard 3/3 read another version of the file than {first}: their ETags differ\n" in err
    assert "in: s3://bucket/run/b.csv" in err


def test_copies_in_two_places_have_their_own_tags(capfd, monkeypatch):
    """The ETag of a copy depends on how it was uploaded."""
    pytest.importorskip("s3fs", reason="an extra: losscli[remote]")
    with serving_s3(monkeypatch) as store:
        store.files.update({"eu/a.csv": OLD, "us/a.csv": NEW})
        states = scored(capfd, "s3://bucket/eu/a.csv", numbers=[1]) + scored(capfd, "s3://bucket/us/a.csv", numbers=[2])
    (said,) = warned(capfd, *states)
    assert said.startswith(f"{SAID}ETags (s3://bucket/eu/a.csv): ")


def shared_by(*states):
    """What states say of one file, each of a path and what it has of it."""
    shared = SharedVersions()
    for number, (path, said) in enumerate(states, 1):
        shared.add(f"shard {number}/9", {"versions": [said], "sources": [[path, "csv", 1]]})
    return shared


def test_what_cannot_be_compared():
    """An object and a copy of it on a disk."""
    shared = shared_by(("s3://a", "etag x"), ("a", "time 1"), ("s3://a", None))
    assert shared.warnings() == []
    assert shared.texts() == [[["s3://a", "etag x"], ["a", "time 1"]]]
    assert shared_by(("b", None), ("b", None)).texts() == [None]


@pytest.mark.parametrize("first", [("a", "time 1"), ("s3://eu/a", "etag w"), ("a", None), ("s3://a", None)])
def test_an_object_is_compared_with_itself_whatever_else_was_read_before(first):
    with pytest.raises(DataError, match="shard 3/9 read another version of the file than shard 2/9"):
        shared_by(first, ("s3://a", "etag x"), ("s3://a", "etag y"))


@pytest.mark.parametrize("first", [("a", "time 1"), ("s3://eu/a", "etag x"), ("a", None)])
def test_a_state_of_states_says_as_much_as_they(first):
    both = shared_by(first, ("s3://a", "etag x"))
    again = shared_by((first[0], both.texts()[0]), ("s3://a", "etag x"))
    assert again.texts() == both.texts() and again.warnings() == both.warnings() == []
    with pytest.raises(DataError, match="shard 2/9 read another version of the file than shard 1/9"):
        shared_by((first[0], both.texts()[0]), ("s3://a", "etag y"))
    (warning,) = shared_by((first[0], both.texts()[0]), ("s3://us/a", "etag y")).warnings()
    assert warning.startswith(f"{SAID}ETags (s3://")


@pytest.mark.parametrize("old", [None, "0" * 64])
def test_states_that_say_nothing_are_merged(old, capfd):
    """Those of a version that wrote one hash for all files, or none in states of states."""
    states = scored(capfd, local(OLD, 1), numbers=[1]) + scored(capfd, local(OLD, 2), numbers=[2])
    changed(states[0], versions=old)
    assert warned(capfd, *states) == []
    code, _, err = run(capfd, "merge", *states, "--state-out", "all.json")
    assert code == 0, err
    assert warned(capfd, "all.json") == []


@pytest.mark.parametrize(
    "wrong",
    [
        1,
        [],
        ["time 1", "time 1"],
        [1],
        ["hour 1"],
        ["~~time 1"],
        [[["a", 1]]],
        [[[1, "time 1"]]],
        [[["a"]]],
        [[]],
        [{}],
        {},
    ],
)
def test_what_no_state_says_is_damage(wrong, capfd):
    (state,) = scored(capfd, local(OLD, 1), shards=1)
    changed(state, versions=wrong)
    code, _, err = run(capfd, "merge", state)
    assert code == 3 and "the state is damaged" in err
