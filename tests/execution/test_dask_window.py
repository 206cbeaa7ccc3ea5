"""How many tasks a run sends to a cluster ahead of those that are merged, with a cluster that only counts them."""

from __future__ import annotations

import pickle
from collections import deque
from dataclasses import dataclass

import pytest

pytest.importorskip("distributed", reason="an extra: losscli[dask]")

from losscli.execution.engines import dask
from losscli.execution.engines.tasks import TASK_BYTES, tasks
from losscli.execution.engines.worker import Outcome, do


@dataclass(frozen=True)
class Item:
    """An item that fills a task."""

    number: int
    size: int = TASK_BYTES
    memory_bytes: int = TASK_BYTES


class Counting:
    """A cluster that answers each task at once, but the first one only when nothing else is left to do.

    With `holds_all`, it answers none of the others before either.
    """

    def __init__(self, threads=1, answer=b"", holds_all=False):
        self.threads, self.answer, self.holds_all = threads, answer, holds_all
        self.client, self.ended = self, False
        self.sent = 0
        self.answers = deque()
        self.first = None
        self.waited_at = None  # how many tasks were sent when there was nothing to do

    def submit(self, function, *given):
        if function is not do:
            return None
        self.sent += 1
        return pickle.loads(given[-1])

    def gather(self, items, asynchronous):
        return items

    def follow(self, items, take):
        answered = take, Outcome(pickle.dumps([self.answer for _ in items]))
        if self.first is None:
            self.first = answered
        else:
            self.answers.append(answered)

    def wait(self, seconds):
        if self.waited_at is None and (self.holds_all or not self.answers):
            if not seconds:
                return False
            self.waited_at = self.sent
            self.answers.append(self.first)
        if not self.answers:
            return False
        take, outcome = self.answers.popleft()
        take(outcome)
        return True


def sent_before_the_first_is_done(cluster, count):
    packed = tasks(Item(at) for at in range(count))
    run = dask._Run(cluster, None, "a run")
    found = list(run.answers(next(packed), packed))
    assert [item.number for item, _ in found] == list(range(count))
    assert cluster.sent == count
    return cluster.waited_at


def test_tasks_that_wait_for_the_first_are_so_many(monkeypatch):
    monkeypatch.setattr(dask, "MOST", 40)
    assert sent_before_the_first_is_done(Counting(), 500) == 40
    assert sent_before_the_first_is_done(Counting(threads=4), 500) == 40


def test_answers_that_wait_for_the_first_have_so_many_bytes(monkeypatch):
    size = len(pickle.dumps([b"x" * 1000]))
    monkeypatch.setattr(dask, "HELD", 10 * size)
    assert 10 <= sent_before_the_first_is_done(Counting(answer=b"x" * 1000), 500) <= 10 + 1 + dask.AHEAD


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_each_thread_has_a_task_and_as_many_as_wait_for_it(threads):
    """A thread counts once, whichever worker has it."""
    assert sent_before_the_first_is_done(Counting(threads, holds_all=True), 100) == threads * (1 + dask.AHEAD)
