"""`--shard`: numbers, ranges, and the variables of schedulers."""

from __future__ import annotations

import pytest

from losscli.cli.shard_number import asked
from losscli.errors import UsageError
from losscli.execution.state_file import Shard

SLURM = {"SLURM_ARRAY_TASK_ID": "7", "SLURM_ARRAY_TASK_MIN": "3", "SLURM_ARRAY_TASK_STEP": "2",
         "SLURM_ARRAY_TASK_COUNT": "5"}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "environ", "shard"),
    [
        ("3/16", {"JOB_COMPLETION_INDEX": "9"}, Shard(3, 16)),
        ("3/1..16", {}, Shard(3, 16)),
        ("0/0..15", {}, Shard(1, 16)),
        (" 15/0..15 ", {}, Shard(16, 16)),
        ("auto/16", {"JOB_COMPLETION_INDEX": "0"}, Shard(1, 16)),
        ("auto", SLURM, Shard(3, 5)),
        ("auto/5", {"SLURM_ARRAY_TASK_ID": "2"}, Shard(2, 5)),
        ("auto/5", SLURM, Shard(3, 5)),
        ("auto", {"AWS_BATCH_JOB_ARRAY_INDEX": "15", "AWS_BATCH_JOB_ARRAY_SIZE": "16"}, Shard(16, 16)),
        ("auto", {"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "4"}, Shard(1, 4)),
        ("auto", {"CLOUD_RUN_TASK_INDEX": "3", "CLOUD_RUN_TASK_COUNT": "4"}, Shard(4, 4)),
    ],
)
def test_is_read(text, environ, shard):
    found, notes = asked(text, environ)
    assert found == shard
    assert bool(notes) == text.startswith("auto")
    for note in notes:
        assert str(shard) in note
        assert any(f"{name}={value}" in note for name, value in environ.items())


@pytest.mark.parametrize(
    ("text", "environ", "says"),
    [
        ("16/0..15", {}, "not in the range from 0 to 15"),
        ("0/16", {}, "is not a shard"),
        ("auto", {}, "no scheduler says"),
        ("auto", {"JOB_COMPLETION_INDEX": ""}, "no scheduler says"),
        ("auto", {"JOB_COMPLETION_INDEX": "0"}, "how many shards"),
        ("auto/2", {"JOB_COMPLETION_INDEX": "0", "CI_NODE_INDEX": "1"}, "JOB_COMPLETION_INDEX and CI_NODE_INDEX"),
        ("auto/4", {"JOB_COMPLETION_INDEX": "4"}, "not one of 4 shards, counted from 0"),
        ("auto", {"CI_NODE_INDEX": "0", "CI_NODE_TOTAL": "4"}, "counted from 1"),
        ("auto", {**SLURM, "SLURM_ARRAY_TASK_ID": "4"}, "not one of 5 shards"),
        ("auto/4", {"JOB_COMPLETION_INDEX": "x"}, "not a whole number"),
        ("auto/4/0", {}, "is not a shard"),
        ("auto/0", {"JOB_COMPLETION_INDEX": "0"}, "'auto/0' is not a shard"),
        ("auto/00", {}, "'auto/00' is not a shard"),
        ("auto", {**SLURM, "SLURM_ARRAY_TASK_STEP": "0"}, "SLURM_ARRAY_TASK_STEP='0' is not a whole number from 1 on"),
        ("auto", {**SLURM, "SLURM_ARRAY_TASK_COUNT": "0"}, "SLURM_ARRAY_TASK_COUNT='0' is not a whole number"),
        ("auto/4", {"AWS_BATCH_JOB_ARRAY_INDEX": "1", "AWS_BATCH_JOB_ARRAY_SIZE": "16"}, "ARRAY_SIZE=16, so"),
        ("auto/4", {"CLOUD_RUN_TASK_INDEX": "1", "CLOUD_RUN_TASK_COUNT": "2"}, "CLOUD_RUN_TASK_COUNT=2, so"),
        ("auto/4", {"CI_NODE_INDEX": "1", "CI_NODE_TOTAL": "8"}, "CI_NODE_TOTAL=8, so"),
    ],
)
def test_is_refused(text, environ, says):
    with pytest.raises(UsageError) as caught:
        asked(text, environ)
    assert says in str(caught.value)


def test_a_task_that_is_submitted_again_alone():
    """`sbatch --array=3` is an array of one task, of which Slurm does not say that it was one of sixteen."""
    environ = {"SLURM_ARRAY_TASK_ID": "3", "SLURM_ARRAY_TASK_MIN": "3", "SLURM_ARRAY_TASK_STEP": "1",
               "SLURM_ARRAY_TASK_COUNT": "1"}  # fmt: skip
    with pytest.raises(UsageError, match=r"SLURM_ARRAY_TASK_COUNT=1, so the scheduler knows of 1 job\n") as caught:
        asked("auto/16", environ)
    assert "--shard $SLURM_ARRAY_TASK_ID/0..15" in (caught.value.hint or "")
    assert asked("3/0..15", environ)[0] == Shard(4, 16)
