"""A run's threads: results in order, few at a time, one thread of BLAS each, and gone at once after Ctrl-C."""

from __future__ import annotations

import os
import signal
import threading
import time

import numpy as np
import pytest
from waiting import PATIENCE, until

from losscli import parallel


def test_results_come_in_the_order_of_items():
    def slow_first(item):
        time.sleep(0.02 if item % 3 == 0 else 0)
        return item * item

    for threads in (1, 2, 5):
        with parallel.using_threads(threads):
            assert list(parallel.map_in_order(slow_first, range(20))) == [n * n for n in range(20)]
            assert list(parallel.map_in_order(slow_first, [])) == []


def test_threads_really_work_side_by_side():
    meeting = threading.Barrier(3, timeout=PATIENCE)
    with parallel.using_threads(3):
        assert sorted(parallel.map_in_order(lambda _: meeting.wait(), range(3))) == [0, 1, 2]


def test_no_more_threads_compute_than_there_are_cores(monkeypatch):
    monkeypatch.setattr(parallel, "available_cores", lambda: 2)
    parallel._computing.cache_clear()
    inside, most, lock, full = 0, 0, threading.Lock(), threading.Event()

    def compute():
        nonlocal inside, most
        with parallel.computing():
            with lock:
                inside, most = inside + 1, max(most, inside + 1)
                if inside == 2:
                    full.set()
            assert full.wait(PATIENCE)  # two meet here, and a third would be let in too
            time.sleep(0.01)
            with lock:
                inside -= 1

    threads = [threading.Thread(target=compute) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    parallel._computing.cache_clear()
    assert most == 2


def test_few_results_wait():
    begun = []
    with parallel.using_threads(2):
        results = parallel.map_in_order(lambda item: begun.append(item), range(100))
        next(results)
        time.sleep(0.1)
        assert len(begun) <= 1 + 2 * parallel.AHEAD
        results.close()
    assert len(begun) <= 1 + 2 * parallel.AHEAD


def test_what_a_thread_does_has_the_caller_s_settings_and_no_threads():
    def look(_):
        return np.geterr()["over"], parallel.thread_count(), threading.current_thread() is threading.main_thread()

    with parallel.using_threads(2), np.errstate(over="raise"):
        assert set(parallel.map_in_order(look, range(4))) == {("raise", 1, False)}
    with parallel.using_threads(1):
        assert next(parallel.map_in_order(look, [0]))[2]


def test_count_is_what_the_run_says():
    assert parallel.thread_count() == parallel.available_cores() >= 1
    with parallel.using_threads(3):
        assert parallel.thread_count() == 3
        with parallel.using_threads(1):
            assert parallel.thread_count() == 1
        assert parallel.thread_count() == 3
    assert parallel.thread_count() == parallel.available_cores()


def test_an_error_comes_through_and_stops_the_rest():
    begun = []

    def third_fails(item):
        begun.append(item)
        if item == 2:
            raise ValueError("item 2")
        time.sleep(0.005)

    with parallel.using_threads(2), pytest.raises(ValueError, match="item 2"):
        list(parallel.map_in_order(third_fails, range(200)))
    assert len(begun) < 20


def test_ctrl_c_stops_a_python_caller_at_once():
    begun = []

    def slow(item):
        begun.append(item)
        if item == 10:
            os.kill(os.getpid(), signal.SIGINT)
        time.sleep(0.02)

    with parallel.using_threads(2), pytest.raises(KeyboardInterrupt):
        list(parallel.map_in_order(slow, range(1000)))
    assert len(begun) < 50  # those that were handed out by then, and not the rest of a thousand
    assert not [t for t in threading.enumerate() if t.name.startswith("losscli_")]  # of its pool


@pytest.mark.skipif(not parallel._bundled(), reason="NumPy's BLAS has no switch that is known")
def test_blas_keeps_to_one_thread_meanwhile():
    def threads():
        return [read() for read, _ in parallel._bundled()]

    before = threads()
    for _, write in parallel._bundled():
        write(4)
    try:
        with parallel.using_threads(2):
            assert set(map(tuple, parallel.map_in_order(lambda _: threads(), range(6)))) == {(1,) * len(before)}
        assert threads() == [4] * len(before)
    finally:
        for (_, write), number in zip(parallel._bundled(), before, strict=True):
            write(number)


@pytest.mark.skipif(not parallel._bundled(), reason="NumPy's BLAS has no switch that is known")
def test_blas_threads_come_back_after_callers_that_overlap():
    before = [read() for read, _ in parallel._bundled()]
    for _, write in parallel._bundled():
        write(4)
    try:
        first, second = parallel.one_blas_thread(), parallel.one_blas_thread()
        first.__enter__()
        second.__enter__()
        first.__exit__(None, None, None)
        assert {read() for read, _ in parallel._bundled()} == {1}
        second.__exit__(None, None, None)
        assert {read() for read, _ in parallel._bundled()} == {4}
    finally:
        for (_, write), number in zip(parallel._bundled(), before, strict=True):
            write(number)


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_a_stream_is_in_order_and_ends_with_the_error_of_an_item(threads):
    def items():
        yield from range(40)
        raise KeyError("the end of the items")

    made = []
    assert list(parallel.stream_in_order(str, range(3), threads)) == ["0", "1", "2"]
    with pytest.raises(KeyError, match="end of the items"):
        for value in parallel.stream_in_order(lambda item: item * item, items(), threads):
            made.append(value)
    assert made == [item * item for item in range(40)]
    seen = []
    with pytest.raises(ZeroDivisionError):
        for value in parallel.stream_in_order(lambda item: 6 // (item - 3), range(9), threads):
            seen.append(value)
    assert seen == [-2, -3, -6]


def test_a_stream_takes_few_items_ahead_and_stops_when_nobody_listens():
    taken = []

    def items():
        for item in range(1000):
            taken.append(item)
            yield item

    names = set()
    stream = parallel.stream_in_order(lambda item: names.add(threading.current_thread().name), items(), 2, ahead=3)
    next(stream)
    until(lambda: len(taken) == 6, "it takes too few items")  # the one consumed, two in work and three ahead
    stream.close()
    assert len(taken) == 6 and threading.current_thread().name not in names
    working = [thread for thread in threading.enumerate() if thread.name in names]
    until(lambda: not any(thread.is_alive() for thread in working), "its threads go on")


def test_threads_of_a_stream_start_no_others():
    with parallel.using_threads(3):
        assert set(parallel.stream_in_order(lambda _: parallel.thread_count(), range(20), parallel.thread_count())) == {
            1
        }
        assert parallel.thread_count() == 3
