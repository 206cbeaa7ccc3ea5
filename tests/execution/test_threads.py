"""Threads change nothing but the time: numbers, reports, row values and the first bad row are those of one thread."""

from __future__ import annotations

import gzip
import json
import threading
import time

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from waiting import PATIENCE, until

import losscli
from losscli.aggregate.accumulator import RunAccumulator
from losscli.errors import DataError, LosscliError
from losscli.execution.engines import threads as engine
from losscli.execution.engines.threads import Threads
from losscli.io import batches as batch
from losscli.io.formats import text_windows as windows

COUNTS = (1, 2, 3, 8)


@pytest.fixture(autouse=True)
def small(monkeypatch):
    """Many stretches out of small files."""
    monkeypatch.setattr(windows, "WINDOW", 2_000)
    for module in ("parquet", "in_memory"):  # before the number that they copy when they are loaded
        monkeypatch.setattr(f"losscli.io.formats.{module}.SPLIT_ROWS", 50)
    monkeypatch.setattr(batch, "SPLIT_ROWS", 50)


def columns(rows=1000, seed=3):
    rng = np.random.default_rng(seed)
    return {
        "y": rng.normal(size=rows) * 10.0 ** rng.integers(-30, 30, rows),
        "p": rng.normal(size=rows),
        "w": rng.integers(0, 4, rows).astype(float),
        "g": [f"group {i}" for i in rng.integers(0, 7, rows)],
        "c": [("cat", "dog", "emu")[i] for i in rng.integers(0, 3, rows)],
        "d": [("cat", "dog", "emu")[i] for i in rng.integers(0, 3, rows)],
    }


def written(data, folder, kind):
    table = pa.table(data)
    path = folder / f"rows.{kind}"
    if kind == "parquet":
        pq.write_table(table, path, row_group_size=37)
    elif kind == "arrow":
        with pa.ipc.new_file(str(path), table.schema) as out:
            out.write_table(table, max_chunksize=41)
    elif kind == "jsonl":
        path.write_text("".join(json.dumps(row) + "\n" for row in table.to_pylist()))
    else:
        pc.write_csv(table, path.with_suffix(".csv") if kind == "csv.gz" else path)
        if kind == "csv.gz":
            path.write_bytes(gzip.compress(path.with_suffix(".csv").read_bytes()))
    return str(path)


KINDS = ("csv", "parquet", "jsonl", "arrow", "csv.gz")


@pytest.mark.parametrize("kind", KINDS)
def test_the_report_is_the_same_for_any_number_of_threads(kind, tmp_path):
    path = written(columns(), tmp_path, kind)
    reports = {
        losscli.evaluate(
            path, ["mse", "mae", "huber:delta=2", "rmse", "a=0.5*mse+2*mae"], target="y", pred="p", weight="w", by="g",
            where="w < 3", threads=count,
        ).to_json()
        for count in COUNTS
    }  # fmt: skip
    assert len(reports) == 1
    assert json.loads(reports.pop())["rows"]["read"] == 1000


def test_memory_is_cut_too():
    data = columns()
    reports = {losscli.evaluate(data, "mse", target="y", pred="p", by="g", threads=n).to_json() for n in COUNTS}
    assert len(reports) == 1


def test_class_weights_and_hashes_do_not_depend_on_who_reads(tmp_path):
    rng = np.random.default_rng(0)
    data = {**columns(), **{f"p_{name}": rng.random(1000) for name in ("cat", "dog", "emu")}}
    path = written(data, tmp_path, "csv")
    reports = {
        losscli.evaluate(path, "cross_entropy_with_logits", target="c", pred="p_*",
                         class_weight="balanced", threads=n).to_json()
        for n in COUNTS
    }  # fmt: skip
    assert len(reports) == 1


@pytest.mark.parametrize("batches", [{}, {"batch_size": 64}, {"batch_by": "g"}])
@pytest.mark.parametrize("large", [10, 10_000])
def test_groups_are_the_same_for_any_number_of_threads(batches, large, tmp_path, monkeypatch):
    monkeypatch.setattr("losscli.execution.group_tasks.LARGE_GROUP", large)
    rng = np.random.default_rng(1)
    data = {**columns(), "a": rng.normal(size=(1000, 4)), "b": rng.normal(size=(1000, 4))}
    settings = {"columns": {"anchor": "a", "positive": "b"}, "weight": "w", **batches}
    reports = {
        losscli.evaluate(data, ["nt_xent", "info_nce:symmetric=true"], by="g", threads=n, **settings).to_json()
        for n in COUNTS
    }  # fmt: skip
    assert len(reports) == 1
    for work in (losscli.row_values, losscli.gradient):
        one, *others = [work(data, "nt_xent", threads=count, **settings) for count in COUNTS]
        assert all(np.array_equal(one[name], other[name]) for other in others for name in one)


@pytest.mark.parametrize("kind", KINDS)
def test_row_values_and_slopes_stand_in_their_order(kind, tmp_path):
    path = written(columns(), tmp_path, kind)
    for work in (losscli.row_values, losscli.gradient):
        one, *others = [work(path, "huber", target="y", pred="p", where="w > 0", threads=count) for count in COUNTS]
        assert (np.diff(one["row"]) > 0).all()
        for other in others:
            for name in one:
                assert np.array_equal(one[name], other[name])


def broken(folder, bad_rows, kind="csv"):
    data = columns()
    values = [f"bad{row}" if row in bad_rows else value for row, value in enumerate(data["p"].tolist(), 1)]
    if kind != "jsonl":
        return written({**data, "p": list(map(str, values))}, folder, kind)
    path = folder / "rows.jsonl"
    path.write_text("".join(json.dumps({"y": 1.0, "p": value}) + "\n" for value in values))
    return str(path)


@pytest.mark.parametrize("kind", ["csv", "csv.gz", "jsonl"])
@pytest.mark.parametrize("bad", [(1,), (777,), (1000,), (500, 501, 900), (999, 40)])
def test_the_first_bad_row_is_named_with_its_number_in_the_whole_file(kind, bad, tmp_path):
    path = broken(tmp_path, bad, kind)
    said = set()
    for count in COUNTS * 2:
        with pytest.raises(DataError) as caught:
            losscli.evaluate(path, "mse", target="y", pred="p", threads=count)
        error = caught.value
        said.add((error.message, error.row, error.line, error.column, error.value, error.hint))
    assert len(said) == 1
    assert said.pop()[1:3] == (min(bad), min(bad) + (kind != "jsonl"))


def test_files_are_numbered_by_themselves(tmp_path):
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
    first, second = written(columns(), tmp_path / "a", "csv"), broken(tmp_path / "b", (321,))
    for count in COUNTS:
        with pytest.raises(DataError) as caught:
            losscli.evaluate([first, second], "mse", target="y", pred="p", threads=count)
        assert (caught.value.path, caught.value.row, caught.value.line) == (second, 321, 322)


def test_a_list_of_another_width_is_found_where_it_stands(tmp_path):
    rows = [{"a": [1.0, 2.0], "b": [2.0, 1.0]}] * 300 + [{"a": [1.0, 2.0, 3.0], "b": [2.0, 1.0, 0.0]}] * 100
    path = tmp_path / "lists.jsonl"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    for count in COUNTS:
        with pytest.raises(DataError) as caught:
            losscli.evaluate(str(path), "triplet", columns={"anchor": "a", "positive": "b", "negative": "a"},
                             threads=count)  # fmt: skip
        assert caught.value.row == 301


def test_names_or_positions_is_decided_by_the_first_rows(tmp_path):
    # The columns of a list are named by the targets only if these are called like them; later rows change nothing.
    rows = ["p0,p1,t"] + ["0.3,0.7,1"] * 400 + ["0.3,0.7,p1"] * 400
    path = tmp_path / "named.csv"
    path.write_text("\n".join(rows) + "\n")
    said = set()
    for count in COUNTS:
        with pytest.raises(DataError) as caught:
            losscli.evaluate(str(path), "cross_entropy", target="t", pred="p0,p1", threads=count)
        said.add((caught.value.message, caught.value.row))
    assert len(said) == 1
    assert said.pop()[1] == 401


def test_too_many_slices_is_said_by_any_number_of_threads(tmp_path):
    path = written({**columns(), "g": [f"g{i // 2}" for i in range(1000)]}, tmp_path, "csv")
    for count in COUNTS:
        assert losscli.evaluate(path, "mse", target="y", pred="p", by="g", max_slices=500, threads=count)
        with pytest.raises(DataError, match="more than 499 slices"):
            losscli.evaluate(path, "mse", target="y", pred="p", by="g", max_slices=499, threads=count)


def test_a_damaged_end_of_a_stream_comes_after_the_rows_before(tmp_path):
    whole = gzip.compress(b"y,p\n" + b"1,2\n" * 5000)
    path = tmp_path / "cut.csv.gz"
    path.write_bytes(whole[:-8])
    for count in COUNTS:
        with pytest.raises(DataError, match="truncated"):
            losscli.evaluate(str(path), "mse", target="y", pred="p", threads=count)


def test_an_unreadable_part_is_one_error_for_any_number_of_threads(tmp_path):
    path = tmp_path / "damaged.parquet"
    pq.write_table(pa.table(columns(4000)), path, row_group_size=400, compression="zstd", write_page_checksum=True)
    column = pq.ParquetFile(path).metadata.row_group(6).column(1)
    middle = (column.dictionary_page_offset or column.data_page_offset) + column.total_compressed_size // 2
    data = bytearray(path.read_bytes())
    data[middle : middle + 8] = b"damaged!"
    path.write_bytes(data)
    said = set()
    for count in COUNTS:
        with pytest.raises(DataError) as caught:
            losscli.evaluate(str(path), "mse", target="y", pred="p", threads=count)
        said.add((caught.value.message, caught.value.path, caught.value.row))
    assert len(said) == 1
    assert "damaged Parquet" in said.pop()[0]


# -- the engine ------------------------------------------------------------------------------------------------------


class Item:
    def __init__(self, number, memory_bytes=0):
        self.number, self.memory_bytes = number, memory_bytes


def items(count, memory_bytes=0):
    return [Item(i, memory_bytes) for i in range(count)]


@pytest.mark.parametrize("count", COUNTS)
def test_answers_come_in_the_order_of_the_items(count):
    def work(item, stopped):
        time.sleep(0.002 * (item.number % 3 == 0))
        if item.number == 5:
            raise LosscliError("five")
        return item.number

    answers = [answer for _, answer in Threads(count).map(work, items(40))]
    assert isinstance(answers.pop(5), LosscliError)
    assert answers == [i for i in range(40) if i != 5]


@pytest.mark.parametrize("count", COUNTS)
def test_items_that_end_in_an_error_end_after_the_answers_before(count):
    def some():
        yield from items(7)
        raise LosscliError("no more")

    seen = []
    with pytest.raises(LosscliError, match="no more"):
        seen.extend(answer for _, answer in Threads(count).map(lambda item, _: seen.append(item.number), some()))
    assert sorted(filter(lambda n: n is not None, seen)) == list(range(7))


def test_few_items_are_taken_ahead():
    taken = []

    def some():
        for item in items(100):
            taken.append(item.number)
            yield item

    answers = Threads(3).map(lambda item, _: item.number, some())
    next(answers)
    time.sleep(0.1)
    assert len(taken) <= 3 + engine.AHEAD + 2
    answers.close()


@pytest.mark.parametrize("waited", [0.0, 0.001, 1e6])
@pytest.mark.parametrize("count", COUNTS)
def test_a_gradual_engine_gives_the_same_answers(count, waited, monkeypatch):
    monkeypatch.setattr(engine, "WAITED", waited)
    taken, given, threads = [], [], set()

    def some():
        for item in items(30):
            taken.append(item.number)
            yield item

    def work(item, _):
        threads.add(threading.get_ident())
        if item.number == 5:
            raise LosscliError("five")
        return item.number

    for _, answer in Threads(count, gradual=True).map(work, some()):
        given.append(answer)
        assert waited < 1e6 or len(taken) - len(given) <= 3  # two tasks, and one that waits to be one
    assert isinstance(given.pop(5), LosscliError)
    assert given == [i for i in range(30) if i != 5]
    assert len(threads) <= (1 if waited == 1e6 else count)


def test_a_gradual_engine_has_more_threads_for_a_caller_that_waits(monkeypatch):
    monkeypatch.setattr(engine, "WAITED", 0.01)
    meeting = threading.Barrier(3, timeout=PATIENCE)  # of three threads: one that is alone would wait in vain

    def work(item, _):
        if item.number < 3:
            meeting.wait()
        return item.number

    assert [answer for _, answer in Threads(3, gradual=True).map(work, items(6))] == list(range(6))


@pytest.mark.parametrize("gradual", [True, False])
@pytest.mark.parametrize("error", [KeyboardInterrupt(), RuntimeError("can't start new thread")])
def test_what_keeps_a_thread_from_starting_is_raised(gradual, error, monkeypatch):
    monkeypatch.setattr(engine, "WAITED", 0.0)
    begin, begun, release = threading.Thread.start, [], threading.Event()

    def start(thread):
        if begun:
            release.set()
            raise error
        begun.append(thread)
        begin(thread)

    monkeypatch.setattr(threading.Thread, "start", start)
    with pytest.raises(type(error)) as found:
        list(Threads(3, gradual=gradual).map(lambda *_: release.wait(PATIENCE), items(6)))
    assert found.value is error
    begun[0].join(PATIENCE)
    assert not begun[0].is_alive()


def test_rows_that_wait_for_their_numbers_are_read_gradually(tmp_path, monkeypatch):
    asked = []
    monkeypatch.setattr(Threads, "map", lambda self, *work, run=Threads.map: (asked.append(self), run(self, *work))[1])
    path = written(columns(), tmp_path, "parquet")
    reports = {losscli.evaluate(path, "rmse", target="y", pred="p", bootstrap=20, threads=n).to_json() for n in COUNTS}
    assert len(reports) == 1
    assert asked
    assert all(one.gradual for one in asked)
    asked.clear()
    losscli.evaluate(path, "rmse", target="y", pred="p", threads=2)
    assert not any(one.gradual for one in asked)


def test_heavy_items_are_worked_on_one_at_a_time():
    working, most = [], []
    lock, meeting = threading.Lock(), threading.Barrier(3, timeout=PATIENCE)

    def work(item, _):
        with lock:
            working.append(item)
            most.append(len(working))
        if item.memory_bytes < engine.BUDGET and item.number < 3:
            meeting.wait()
        time.sleep(0.003)
        with lock:
            working.remove(item)

    assert not [answer for _, answer in Threads(4).map(work, items(20, memory_bytes=engine.BUDGET)) if answer]
    assert max(most) == 1
    most.clear()
    assert not [answer for _, answer in Threads(4).map(work, items(20, memory_bytes=engine.BUDGET // 3)) if answer]
    assert max(most) == 3


def test_threads_end_when_nobody_wants_their_answers():
    def work(item, stopped):
        while item.number and not stopped():
            time.sleep(0.001)

    before = set(threading.enumerate())
    answers = Threads(3).map(work, items(10))
    next(answers)
    answers.close()
    until(lambda: set(threading.enumerate()) <= before)


def raised_in_time(work, given):
    """What `Threads.map` raised; a run that hangs is stopped by nothing but the end of this process."""
    raised = []

    def run():
        try:
            list(Threads(2).map(work, given))
        except BaseException as error:
            raised.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    thread.join(PATIENCE)
    assert not thread.is_alive(), "the run hangs"
    return raised[0]


def test_an_item_that_does_not_say_its_memory_is_an_error():
    with pytest.raises(AttributeError, match="memory_bytes"):
        raise raised_in_time(lambda item, _: item, [*items(3), object(), *items(3)])


def test_a_worker_that_ends_its_thread_ends_the_run():
    def work(item, _):
        if item.number == 5:
            raise SystemExit("from a thread")

    with pytest.raises(SystemExit, match="from a thread"):
        raise raised_in_time(work, items(40))


# ----------------------------------------------------------------------------------------------------- the end


@pytest.mark.parametrize("where", ["a row", "the merge"])
def test_work_ends_before_an_error_is_met_by_the_caller_who_keeps_it(where, tmp_path, monkeypatch):
    """A traceback holds the names of its frames: if one were that of the iterator of the engine, work would go on."""
    (tmp_path / "rows.csv").write_text("y,p\n" + "1,2\n" * 3000 + ("1,x\n" if where == "a row" else "1,2\n"))
    stopped = []
    stop = engine._WorkerPool.stop
    monkeypatch.setattr(engine._WorkerPool, "stop", lambda self: (stopped.append(True), stop(self))[1])
    if where == "the merge":

        def full(*_args, **_more):
            raise LosscliError("too many slices")

        monkeypatch.setattr(RunAccumulator, "merge", full)
    try:
        losscli.evaluate(str(tmp_path / "rows.csv"), "mse", target="y", pred="p", threads=2)
    except LosscliError as error:
        kept = error
    assert stopped, kept
