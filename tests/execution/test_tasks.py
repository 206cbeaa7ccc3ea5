"""Items packed into tasks: few megabytes are enough for several workers, many are few tasks."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from losscli.execution.engines.tasks import ITEM_BYTES, TASK_BYTES, tasks

MB = 1 << 20


@dataclass(frozen=True)
class Sized:
    size: int
    memory_bytes: int = 0


def sizes(count, each):
    return [len(task.items) for task in tasks(Sized(each) for _ in range(count))]


def test_a_few_megabytes_are_several_tasks():
    assert sizes(5, 2 * MB) == [1, 1, 1, 1, 1]
    assert sizes(80, ITEM_BYTES // 100) == [8, 8, 8, 8, 16, 16, 16]


def test_tasks_grow_up_to_their_limit():
    found = sizes(1000, MB)
    assert found[:9] == [1, 1, 1, 1, 2, 2, 2, 2, 3]
    assert max(found) * MB == TASK_BYTES
    assert set(found[28:-1]) == {8}
    assert sum(found) == 1000


def test_an_item_that_is_larger_is_a_task():
    assert sizes(3, 3 * TASK_BYTES) == [1, 1, 1]


def test_what_came_before_an_error_is_not_lost():
    def items():
        yield Sized(MB)
        raise OSError("no disk")

    first, last = tasks(items())
    assert len(first.items) == 1
    with pytest.raises(OSError, match="no disk"):
        raise last.failed
