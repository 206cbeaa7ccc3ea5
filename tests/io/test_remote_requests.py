"""How often a store is asked, and for how much: opens side by side, ranges together, nothing twice."""

from __future__ import annotations

import io
import itertools
import pickle
from collections import deque
from concurrent.futures import Future, ThreadPoolExecutor
from http.client import HTTPConnection
from urllib.parse import parse_qs

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from remote_servers import Server, serving, serving_s3
from waiting import until

import losscli
from losscli.errors import FileError
from losscli.io import read_ahead
from losscli.io.files.discover import discover
from losscli.io.files.open import open_source
from losscli.io.formats import parquet as format_parquet
from losscli.io.formats import parquet_columns
from losscli.io.read_ahead import files_ahead
from losscli.io.remote import ends, input, ranges, transfer
from losscli.io.remote.address import Address
from losscli.io.remote.input import find_remote

pytest.importorskip("s3fs", reason="an extra: losscli[remote]")


@pytest.fixture
def store(monkeypatch):
    failed = []
    explain = transfer.explain
    monkeypatch.setattr(transfer, "explain", lambda error, limits: failed.append(error) or explain(error, limits))
    with serving_s3(monkeypatch) as server:
        server.failed = failed  # of the requests, as some may on a busy machine
        yield server


def table(rows: int, columns: int = 5, seed: int = 7) -> pa.Table:
    rng = np.random.default_rng(seed)
    names = ["y", *(f"x{i}" for i in range(columns - 2)), "p"]
    return pa.table({name: rng.normal(size=rows) for name in names})


def parquet(made: pa.Table, **options: object) -> bytes:
    out = io.BytesIO()
    pq.write_table(made, out, use_dictionary=False, compression="none", **options)
    return out.getvalue()


def csv(made: pa.Table) -> bytes:
    rows = zip(*(column.to_pylist() for column in made.columns), strict=True)
    lines = [",".join(made.column_names), *(",".join(map(repr, row)) for row in rows)]
    return ("\n".join(lines) + "\n").encode()


def mse(path: object, **settings: object) -> float:
    return losscli.evaluate(path, ["mse"], target="y", pred="p", **settings)["mse"].value


def asked(server) -> list[tuple[str, str, str]]:
    """The method, name and range of each request for an object of this test; what was asked for again counts once.

    What an earlier test has begun may arrive here, if the system gives this server the same port.
    """
    found = [each for each in server.asked if each[1].partition("?")[0].removeprefix("/bucket/") in server.files]
    if server.failed:
        found = [each for each in dict.fromkeys(found) if each[2] != "bytes=0-0"]  # which learns why a HEAD failed
    return found


def spans(server) -> list[tuple[int, int]]:
    """The ranges of bytes that were asked for, in their order."""
    return sorted(spanned(each) for _, _, each in asked(server) if each)


def test_no_server_takes_the_place_of_one_whose_connections_are_kept():
    """Else a test's first requests may go to the server of an earlier test, through a connection that is still open."""
    with serving() as ended:
        ended.files["a"] = b"1"
        kept = HTTPConnection(*ended.server_address)
        kept.request("GET", "/ok/a")
        assert kept.getresponse().read() == b"1"
    with pytest.raises(OSError, match="in use"):
        Server(ended.server_address[1])
    kept.close()


# ----------------------------------------------------------------------------------------------------- opening


@pytest.mark.parametrize("made", [csv, parquet])
def test_many_files_are_opened_side_by_side(made, store):
    parts = [table(50, seed=seed) for seed in range(60)]
    suffix = made.__name__
    store.files.update({f"run/part{at}.{suffix}": made(part) for at, part in enumerate(parts)})
    store.wanted = 1
    expected = mse(pa.concat_tables(parts))
    assert mse("s3://bucket/run/") == expected
    # One request for each object, none for what the list said, and none to look whether it changed.
    objects = [(method, path) for method, path, _ in asked(store) if path.startswith("/bucket/run/part")]
    assert sorted(objects) == sorted(("GET", f"/bucket/run/part{at}.{suffix}") for at in range(60))
    assert store.most <= transfer.IN_FLIGHT


def test_as_many_opens_are_in_flight_as_is_declared(store):
    store.files.update({f"run/part{at}.csv": b"y,p\n1,2\n" for at in range(100)})
    addresses = [file.remote for file in discover(["s3://bucket/run/"]).files]
    store.most = store.in_flight = 0
    store.wanted = transfer.IN_FLIGHT  # no answer is given before
    found = list(input.find_all(addresses))
    assert [source.head for source in found] == [b"y,p\n1,2\n"] * 100
    assert store.most == transfer.IN_FLIGHT
    assert 16 <= transfer.IN_FLIGHT <= 64


def test_addresses_that_are_named_one_by_one_are_looked_up_side_by_side(store):
    store.files.update({f"part{at}.csv": b"y,p\n1,2\n" for at in range(40)})
    store.wanted = transfer.IN_FLIGHT
    assert len(discover([f"s3://bucket/part{at}.csv" for at in range(40)]).files) == 40
    assert store.most == transfer.IN_FLIGHT


@pytest.mark.parametrize(
    ("path", "prefixes"),
    [
        ("run/part?.csv", ["run/part"]),
        ("run/*.csv", ["run/"]),
        ("run/part[0-9].csv", ["run/part", "run/part[0-9].csv"]),  # which does not match itself
        ("run/part?.zip:a.csv", ["run/part", "run/part?.zip:a.csv"]),
    ],
)
def test_a_pattern_is_at_most_one_more_request_than_its_listing(path, prefixes, store):
    store.files.update({"run/part1.csv": b"y,p\n1,2\n", "run/part1.zip": b""})
    assert len(discover([f"s3://bucket/{path}"]).files) == 1
    listings = {parse_qs(asked.partition("?")[2])["prefix"][0] for _, asked, _ in store.asked if "list-type" in asked}
    assert sorted(listings) == prefixes


def test_the_first_error_in_the_order_of_the_files_is_raised(store):
    store.files.update({f"run/part{at:02}.csv": b"y,p\n1,2\n" for at in range(40)})
    store.files["run/part07.csv"] = b""
    store.files["run/part03.csv"] = b"PAR1, not"
    with pytest.raises(losscli.LosscliError) as caught:
        mse("s3://bucket/run/")
    assert caught.value.path == "s3://bucket/run/part03.csv"


# ----------------------------------------------------------------------------------------------------- ranges


def test_two_of_five_columns_are_few_requests(store):
    made = table(380_000)
    store.files["big.parquet"] = body = parquet(made)
    assert 15e6 < len(body) < 15.5e6
    expected = mse(made)
    for threads in (1, 2):
        store.asked.clear()
        assert mse("s3://bucket/big.parquet", threads=threads) == expected
        # its size; its head and its tail, side by side; a range a column
        assert sorted(method for method, *_ in asked(store)) == ["GET", "GET", "GET", "GET", "HEAD"]
        assert sum(end - begin for begin, end in spans(store)) < 2 * 380_000 * 8 + input.HEAD + input.TAIL + 10_000


def spanned(text: str) -> tuple[int, int]:
    begin, _, end = text.removeprefix("bytes=").partition("-")
    return int(begin), int(end) + 1


def test_small_row_groups_of_a_split_are_read_together(store):
    made = table(100_000)
    store.files["groups.parquet"] = parquet(made, row_group_size=5000)
    assert mse("s3://bucket/groups.parquet") == mse(made)
    assert len(asked(store)) == 4  # 20 row groups, whose gaps are smaller than a request is long


@pytest.mark.parametrize("name", ["big.arrow", "big"])
def test_the_footer_of_an_arrow_file_is_asked_for_once(name, store, monkeypatch):
    made, out = table(60_000), io.BytesIO()
    with pa.ipc.new_file(out, made.schema) as writer:
        writer.write_table(made, max_chunksize=10_000)
    store.files[name] = out.getvalue()
    assert mse(f"s3://bucket/{name}", threads=2) == mse(made)
    assert [each for each in spans(store) if each[1] == out.tell()] == [(out.tell() - input.TAIL, out.tell())]
    monkeypatch.setattr(input, "TAIL", 20)  # the footer is longer
    store.asked.clear()
    assert mse(f"s3://bucket/{name}", threads=2) == mse(made)
    beyond = [each for each in spans(store) if each[1] > out.tell() - 400]
    assert len(beyond) == len(set(beyond)) == 2


def test_much_is_read_in_blocks_and_no_byte_twice(store, monkeypatch):
    monkeypatch.setattr(ranges, "WHOLE", 1 << 20)
    monkeypatch.setattr(ranges, "BLOCK", 100_000)
    made = table(400_000, columns=3)
    store.files["big.parquet"] = parquet(made, row_group_size=150_000)
    assert mse("s3://bucket/big.parquet") == mse(made)
    inside = [each for each in spans(store) if each[0] > 0 and each[1] < len(store.files["big.parquet"])]
    assert len(inside) > 50
    assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(inside))
    assert max(end - begin for begin, end in inside) <= 100_000


@pytest.mark.parametrize("threads", [1, 4])
def test_threads_that_decode_other_columns_share_the_requests(threads, store, monkeypatch):
    monkeypatch.setattr(ranges, "WHOLE", 1 << 20)
    monkeypatch.setattr(format_parquet, "SPLIT_ROWS", 1000)
    wide = table(3000, columns=parquet_columns.MANY + 2)
    store.files["wide.parquet"] = parquet(wide)
    decoding = []
    own = format_parquet.batches_by_columns
    monkeypatch.setattr(format_parquet, "batches_by_columns",
                        lambda files, *more: decoding.append(len(files)) or own(files, *more))  # fmt: skip
    (fragment,) = open_source(["s3://bucket/wide.parquet"]).fragments
    monkeypatch.setattr(format_parquet, "thread_count", lambda: threads)
    projection = dict.fromkeys(wide.column_names, "number")
    read = pa.Table.from_batches([batch.data for batch in fragment.batches(projection)])
    assert read.equals(wide)
    assert decoding == [threads]
    assert all(end <= begin for (_, end), (begin, _) in itertools.pairwise(spans(store)[1:-1]))


def test_readers_share_requests_until_all_of_them_are_done(store, monkeypatch):
    monkeypatch.setattr(input, "HEAD", 10)
    store.files["a.bin"] = body = bytes(range(200))
    source = find_remote(Address("s3://bucket/a.bin"))
    store.asked.clear()
    with source.shared([[(20, 40), (40, 60)], [(100, 120)]]) as blocks:
        with source.open_seekable(blocks) as first:
            first.seek(100)
            assert first.read(20) == body[100:120]
        with source.open_seekable(blocks) as second:  # the first one has not given up what this one reads
            second.seek(20)
            assert second.read(40) == body[20:60]
        assert sorted(each for _, _, each in store.asked) == ["bytes=100-119", "bytes=20-39", "bytes=40-59"]
    with source.open_seekable(blocks) as late, pytest.raises(ValueError, match="closed"):
        late.seek(100)
        late.read(20)
    assert len(store.asked) == 3


def test_a_reader_in_another_thread_does_not_disturb_the_end():
    """It goes on while the blocks are closed: nothing is asked for any more, and what was asked for is given up."""
    lanes = [[(at, at + 10)] for at in range(0, 50, 10)]
    asked = []

    class Asked(Future):
        def cancel(self):
            with ThreadPoolExecutor(1) as other, pytest.raises(ValueError, match="closed"):
                other.submit(blocks._ask, (100, 110)).result()
            return super().cancel()

    class Source:
        def request(self, begin, end):
            asked.append((begin, Asked()))
            return asked[-1][1]

    blocks = ranges.Blocks(Source(), [*lanes, [(90, 100), (100, 110)]])
    blocks.close()
    assert [begin for begin, _ in asked] == [0, 10, 20, 30, 40, 90]
    assert all(each.cancelled() for _, each in asked)


def test_requests_that_readers_share_are_given_up_where_none_can_be_opened(store, monkeypatch):
    monkeypatch.setattr(ranges, "WHOLE", 1 << 20)
    wide = table(3000, columns=parquet_columns.MANY + 2)
    store.files["wide.parquet"] = parquet(wide)
    (fragment,) = open_source(["s3://bucket/wide.parquet"]).fragments
    (split,) = fragment.remote_splits(dict.fromkeys(wide.column_names, "number"))
    made, own = [], input.Blocks
    monkeypatch.setattr(input, "Blocks", lambda *given: made.append(own(*given)) or made[-1])
    monkeypatch.setattr(format_parquet, "opened", lambda *_: (_ for _ in ()).throw(MemoryError))
    with pytest.raises(MemoryError):
        next(split.batches(1))
    assert [blocks.is_closed for blocks in made] == [True]


def test_coalesced_ranges():
    near, far = ranges.GAP, ranges.GAP + 1
    assert ranges.blocks_of([[(0, 10)], [(10 + near, 20 + near)]]) == [[(0, 20 + near)]]
    assert ranges.blocks_of([[(10 + far, 20 + far)], [(0, 10)]]) == [[(0, 10)], [(10 + far, 20 + far)]]
    assert ranges.blocks_of([]) == []
    large = ranges.WHOLE + 10
    lanes = ranges.blocks_of([[(0, large)]])
    assert lanes[0][0] == (0, ranges.BLOCK)
    assert lanes[0][-1][1] == large


def test_a_column_without_bytes_is_not_asked_for():
    """As a damaged footer may have one beside large ones."""
    large = (0, ranges.WHOLE + 1)
    assert ranges.blocks_of([[large], []]) == ranges.blocks_of([[large], [large]])[:1]


def test_files_that_are_read_next_are_asked_for(store, monkeypatch):
    """What does not fit into the first request: the second ones of many files are in flight together."""
    monkeypatch.setattr(input, "HEAD", 1000)
    parts = [table(4000, seed=seed) for seed in range(24)]
    store.files.update({f"run/part{at}.parquet": parquet(part) for at, part in enumerate(parts)})
    source = open_source(["s3://bucket/run/"])
    store.asked.clear()
    projection = {"y": "number", "p": "number"}
    for at, _ in files_ahead(((at, [each]) for at, each in enumerate(source.fragments)), source.fragments, projection):
        assert at == 0
        until(lambda: len(asked(store)) == 24)  # before any is read
        break
    assert {path for _, path, _ in asked(store)} == {f"/bucket/run/part{at}.parquet" for at in range(24)}
    assert mse("s3://bucket/run/") == mse(pa.concat_tables(parts))


def test_bytes_that_wait_to_be_read_are_bounded(store, monkeypatch):
    monkeypatch.setattr(read_ahead, "BYTES", 100_000)
    made = table(20_000)
    store.files.update({f"run/part{at}.parquet": parquet(made) for at in range(6)})
    source = open_source(["s3://bucket/run/"])
    groups = ((at, [each]) for at, each in enumerate(source.fragments))
    next(files_ahead(groups, source.fragments, {"y": "number"}))
    assert [len(fragment.source.begun) for fragment in source.fragments] == [0] * 6  # a column is more than that
    assert mse("s3://bucket/run/") == mse(pa.concat_tables([made] * 6))


# ----------------------------------------------------------------------------------------------------- what is kept


def test_ends_of_very_many_files_are_not_all_kept(store, monkeypatch):
    monkeypatch.setattr(ends, "KEPT", 5000)
    parts = [table(30, seed=seed) for seed in range(40)]
    store.files.update({f"run/part{at}.csv": csv(part) for at, part in enumerate(parts)})
    source = open_source(["s3://bucket/run/"])
    kept = sum(len(fragment.source.head) for fragment in source.fragments)
    assert 0 < kept <= 5000
    assert mse("s3://bucket/run/") == mse(pa.concat_tables(parts))


def test_to_keep_the_ends_of_one_more_file_looks_at_no_other(monkeypatch):
    class Files(deque):
        def __iter__(self):
            pytest.fail("all files were looked at")

    monkeypatch.setattr(ends, "KEPT", 500)
    monkeypatch.setattr(ends, "_latest", ends._Latest())
    ends._latest.files = Files()
    kept = [ends.Ends(b"0123456", b"789") for _ in range(200)]
    assert [each.contents() for each in kept] == [(b"", b"")] * 150 + [(b"0123456", b"789")] * 50
    assert (ends._latest.size, len(ends._latest.files)) == (500, 50)


def test_a_version_is_read_whole_or_refused(store, monkeypatch):
    monkeypatch.setattr(input, "HEAD", 1000)
    store.files["moving.csv"] = before = csv(table(200))
    source = open_source(["s3://bucket/moving.csv"])
    store.files["moving.csv"] = before.replace(b"1", b"2")
    with pytest.raises(FileError, match="the file changed while it was read"):
        list(source.fragments[0].batches({"y": "number"}))


def test_ends_travel_with_their_file(store):
    store.files["a.csv"] = b"y,p\n1,2\n"
    source = open_source(["s3://bucket/a.csv"]).fragments[0].source
    assert pickle.loads(pickle.dumps(source)).head == b"y,p\n1,2\n"
