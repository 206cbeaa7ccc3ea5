"""NumPy's files: every type and order of an array gives what the same array in memory gives; others are refused."""

from __future__ import annotations

import io
import json
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse

import losscli
from losscli.errors import DataError, LosscliError
from losscli.execution.engines.threads import Threads
from losscli.execution.inspection.sample import read_sample
from losscli.execution.python_run import prepared
from losscli.execution.shards import score
from losscli.execution.state_file import Shard
from losscli.io.files.open import open_source
from losscli.io.formats import numpy_arrays
from losscli.io.source import ReadOptions

RNG = np.random.default_rng(5)
ROWS = 300
Y = RNG.normal(size=ROWS)
P = Y + RNG.normal(size=ROWS)
CLASS = RNG.integers(0, 4, ROWS)
LOGITS = RNG.normal(size=(ROWS, 4))


def saved(path: Path, **arrays: Any) -> str:
    np.savez(path, **arrays)
    return str(path)


def mse(path: str, **how: Any) -> float | None:
    return losscli.evaluate(path, "mse", target="y", pred="p", **how)[0].value


@pytest.mark.parametrize(
    "dtype", ["f2", "f4", "f8", ">f2", ">f4", ">f8", "i1", "u1", ">i2", "<u2", ">i4", "u4", ">i8", "u8", "?"]
)
def test_every_type_of_number_gives_what_it_gives_in_memory(dtype: str, tmp_path: Path) -> None:
    y, p = ((10 * abs(a)).astype(dtype) for a in (Y, P))
    memory = losscli.evaluate({"y": y, "p": p}, "mse", target="y", pred="p")[0].value
    exact = np.mean((y.astype("f8") - p.astype("f8")) ** 2)
    assert mse(saved(tmp_path / "a.npz", y=y, p=p)) == memory == pytest.approx(exact, rel=1e-12)


def _fields(packed: bool) -> np.ndarray[Any, Any]:
    kind = np.dtype([("pad", "u1"), ("y", ">f8"), ("in", [("class", "i4"), ("z", "f4", (4,))])], align=not packed)
    records = np.zeros(ROWS, kind)
    records["y"], records["in"]["class"], records["in"]["z"] = Y, CLASS, LOGITS
    return records


@pytest.mark.parametrize("order", ["C", "F", "big-endian", "strided"])
def test_vectors_in_any_order(order: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpy_arrays, "SPLIT_ROWS", 70)
    made = {"C": LOGITS, "F": np.asfortranarray(LOGITS), "big-endian": LOGITS.astype(">f8"),
            "strided": np.repeat(LOGITS, 2, axis=1)[:, ::2]}[order]  # fmt: skip
    shifted = LOGITS - LOGITS.max(axis=1, keepdims=True)
    expected = np.mean(np.log(np.exp(shifted).sum(axis=1)) - shifted[np.arange(ROWS), CLASS])
    memory = losscli.evaluate({"z": LOGITS, "c": CLASS}, "cross_entropy_with_logits", target="c", pred="z")[0].value
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", z=made, c=CLASS)
        found = losscli.evaluate(tmp_path / "a.npz", "cross_entropy_with_logits", target="c", pred="z")[0].value
        assert found == memory == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("packed", [True, False])
def test_fields_of_records_are_columns(packed: bool, tmp_path: Path) -> None:
    np.save(tmp_path / "r.npy", _fields(packed))
    source = open_source([str(tmp_path / "r.npy")])
    assert source.columns == ("pad", "y", "in.class", "in.z")
    found = losscli.evaluate(tmp_path / "r.npy", "cross_entropy_with_logits", target="in.class", pred="in.z")
    memory = {"z": LOGITS.astype("f4"), "c": CLASS}
    assert found[0].value == losscli.evaluate(memory, "cross_entropy_with_logits", target="c", pred="z")[0].value
    saved(tmp_path / "a.npz", r=_fields(packed), other=Y)
    assert open_source([str(tmp_path / "a.npz")]).columns == ("r.pad", "r.y", "r.in.class", "r.in.z", "other")
    assert open_source([f"{tmp_path / 'a.npz'}:r"]).columns == ("pad", "y", "in.class", "in.z")


@pytest.mark.parametrize(
    "labels",
    [["cat", "dog", "bird", "a b"], ["Straße", "猫", "👍", "e"], ["", "x", "in\0side", "y"], ["aé", "b", "c", "d"]],
)
@pytest.mark.parametrize("kind", ["U", "S", ">U"])
def test_texts(labels: list[str], kind: str, tmp_path: Path) -> None:
    texts = np.array([label.encode() for label in labels] if kind == "S" else labels)[CLASS]
    texts = texts.astype(texts.dtype.newbyteorder(">")) if kind == ">U" else texts
    path = saved(tmp_path / "a.npz", y=Y, p=P, g=texts)
    found = losscli.evaluate(path, "mse", target="y", pred="p", by=["g"])
    by = {result.by["g"]: result.count for result in found if result.by}
    assert by == {label or "(empty)": int((at == CLASS).sum()) for at, label in enumerate(labels)}


def test_dates(tmp_path: Path) -> None:
    days = np.array(["2024-02-28", "NaT", "2024-03-01", "1969-12-31"], "M8[D]")
    path = saved(
        tmp_path / "a.npz", D=days, ns=days.astype("M8[ns]"), h=days.astype("M8[h]"), big=days.astype(">M8[s]")
    )
    batch = next(open_source([path]).fragments[0].batches(dict.fromkeys(("D", "ns", "h", "big"), "text")))
    expected = days.astype("M8[s]").astype(object)
    assert batch.data.column("D").to_pylist() == days.astype(object).tolist()
    for name in ("ns", "h", "big"):
        assert [None if v is None else v.replace(tzinfo=None) for v in batch.data.column(name).to_pylist()] == [
            *expected
        ]


NOT_COLUMNS = {
    "objects": (np.array([{}, None, 3, "x"], object), "pickle"),
    "records with objects": (np.zeros(4, [("a", "f8"), ("o", object)]), "pickle"),
    "complex": (np.zeros(4, complex), "complex"),
    "durations": (np.zeros(4, "m8[s]"), "durations"),
    "raw": (np.zeros(4, "V2"), "bfloat16"),
    "cube": (np.zeros((4, 2, 3)), "2×3"),
    "scalar": (np.array(3.0), "single value"),
    "no width": (np.zeros((4, 0)), "empty vectors"),
    "wide float": (np.zeros(4, np.longdouble), "float64"),
}  # fmt: skip


@pytest.mark.parametrize("name", NOT_COLUMNS)
def test_what_is_no_column_is_refused_where_it_is_used(name: str, tmp_path: Path) -> None:
    array, message = NOT_COLUMNS[name]
    if array.dtype == np.float64 and name == "wide float":
        pytest.skip("this platform's widest float is float64")
    np.save(tmp_path / "p.npy", array, allow_pickle=True)
    used = "p.o" if name == "records with objects" else "p"
    with pytest.raises(DataError, match=message):
        losscli.evaluate(tmp_path / "p.npy", "mse", target="a", pred=used.removeprefix("p.") if "." in used else "p")
    path = saved(tmp_path / "a.npz", y=Y[:4], q=P[:4], p=array)
    with pytest.raises(DataError, match=message):
        losscli.evaluate(path, "mse", target="y", pred=used)
    assert losscli.evaluate(path, "mse", target="y", pred="q")[0].count == 4


def _npy(array: Any, cut: int = 0, more: bytes = b"", header: bytes | None = None) -> bytes:
    out = io.BytesIO()
    np.save(out, array)
    content = out.getvalue()
    if header is not None:
        content = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header + content[128:]
    return content[: len(content) - cut] + more


HEADER = b"{'descr': %s, 'fortran_order': False, 'shape': %s, }"


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (_npy(Y, cut=1), "cut off: the shape 300 of float64 needs 1 more bytes"),
        (_npy(Y, more=b"x"), "1 bytes follow the array"),
        (_npy(Y, more=_npy(P)), "bytes follow the array"),
        (_npy(Y)[:60], "header is cut off"),
        (_npy(Y)[:9], "damaged NumPy array"),
        (_npy(Y).replace(b"\x93NUMPY\x01", b"\x93NUMPY\x09"), "version 9.0"),
        (_npy(Y, header=HEADER % (b"'<f8'", b"(10**9,)")), "header cannot be read"),
        (_npy(Y, header=HEADER % (b"'<f8'", b"(999999999999999999999,)")), "cut off"),
        (_npy(Y, header=HEADER % (b"'<f8'", b"(-1,)")), "shape cannot be read"),
        (_npy(Y, header=HEADER % (b"'<q9'", b"(300,)")), "type cannot be read"),
        (_npy(Y, header=HEADER % (b"__import__('os')", b"(300,)")), "header cannot be read"),
        (_npy(Y, header=b"{'shape': (300,)}"), "lacks descr"),
        (_npy(Y, header=b"(" * 60_000), "header cannot be read"),
        (b"\x93NUMPY\x02\x00\xff\xff\xff\xff", "its header would have 4,294,967,295 bytes"),
    ],
)
def test_damaged_arrays(content: bytes, message: str, tmp_path: Path) -> None:
    (tmp_path / "p.npy").write_bytes(content)
    with pytest.raises(DataError, match=message) as caught:
        losscli.evaluate(tmp_path / "p.npy", "mse", target="p", pred="p")
    assert caught.value.path == str(tmp_path / "p.npy")


def test_a_damaged_archive_is_noticed_compressed_or_not(tmp_path: Path) -> None:
    for save in (np.savez, np.savez_compressed):
        save(tmp_path / "a.npz", y=Y, p=P)
        content = bytearray((tmp_path / "a.npz").read_bytes())
        content[len(content) // 4] ^= 4
        (tmp_path / "a.npz").write_bytes(content)
        with pytest.raises(LosscliError) as caught:
            mse(str(tmp_path / "a.npz"))
        assert caught.value.code == "DATA_CORRUPT_FILE"


def test_names_of_columns(tmp_path: Path) -> None:
    for name, column in (("my.logits.npy", "my.logits"), ("a b.npy", "a b"), ("noname", "noname")):
        (tmp_path / name).write_bytes(_npy(Y))
        assert open_source([str(tmp_path / name)]).columns == (column,)
    path = saved(tmp_path / "a.npz", y=Y, p=P)
    assert open_source([path]).columns == ("y", "p")
    assert open_source([f"{path}:p"]).columns == ("p",)
    assert open_source([f"{path}:p.npy"]).columns == ("p",)
    with pytest.raises(DataError, match="no array 'q'") as caught:
        open_source([f"{path}:q"])
    assert caught.value.hint == "it has y, p"


def test_a_number_a_row_of_shape_n_1_is_a_number_and_a_note_says_so(tmp_path: Path) -> None:
    np.save(tmp_path / "p.npy", P[:, None])
    source = open_source([str(tmp_path / "p.npy")])
    assert str(source.types["p"]) == "double" and "read as numbers" in source.notes[0]
    path = saved(tmp_path / "a.npz", y=Y, p=P[:, None])
    assert mse(path) == mse(saved(tmp_path / "b.npz", y=Y, p=P))


def test_arrays_of_several_lengths(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", y=Y, p=P, short=P[:9])
    assert mse(path) is not None
    with pytest.raises(DataError, match=r"'short' has 9, 'y' has 300|'y' has 300, 'short' has 9"):
        losscli.evaluate(path, "mse", target="y", pred="short")


def test_a_first_configuration_takes_the_arrays_of_one_length(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", step=np.array(3.0), y=Y, p=P, short=P[:9], objects=np.array([{}] * ROWS, object))
    assert set(read_sample([path], ReadOptions(lenient=True)).candidates) == {"y", "p"}


def test_a_sparse_matrix_and_an_empty_archive(tmp_path: Path) -> None:
    scipy.sparse.save_npz(tmp_path / "s.npz", scipy.sparse.csr_matrix(np.eye(3)))
    with pytest.raises(DataError, match="sparse matrix of SciPy") as caught:
        open_source([str(tmp_path / "s.npz")])
    assert "toarray()" in (caught.value.hint or "")
    np.savez(tmp_path / "e.npz")
    with pytest.raises(DataError, match="no arrays"):
        open_source([str(tmp_path / "e.npz")])


def test_splits_threads_shards_and_chunks_give_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpy_arrays, "SPLIT_ROWS", 7)
    names = np.array(["a", "bé", "c", "d"])[CLASS]
    saved(tmp_path / "s.npz", y=Y, p=P, z=np.asfortranarray(LOGITS), g=names)
    np.savez_compressed(tmp_path / "c.npz", y=Y, p=P, z=LOGITS, g=names)
    how: dict[str, Any] = {"losses": ["mse", "mae"], "target": "y", "pred": ["p"], "by": ["g"]}

    def numbers(report: Any) -> Any:
        document = json.loads(report.to_json())
        return [(r["by"], r["spec"], r["value"], r["terms"]) for r in document["results"]]

    expected = numbers(losscli.evaluate({"y": Y, "p": P, "g": names}, **how))
    for name in ("s.npz", "c.npz"):
        path = str(tmp_path / name)
        assert len(list(open_source([path]).fragments[0].splits({"y": "number"}))) == 43
        for threads in (1, 2):
            assert numbers(losscli.evaluate(path, **how, threads=threads)) == expected
        states = []
        run = prepared({"source": path, **how})
        for number in (1, 2, 3):
            states.append(tmp_path / f"{number}.state")
            states[-1].write_text(score(run, Shard(number, 3), Threads(1)).text)
        assert numbers(losscli.merge(states)) == expected


def test_an_error_names_the_row(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(numpy_arrays, "SPLIT_ROWS", 7)
    p = P.copy()
    p[123] = np.inf
    with pytest.raises(DataError) as caught:
        mse(saved(tmp_path / "a.npz", y=Y, p=p))
    assert (caught.value.row, caught.value.column) == (124, "p")
    texts = np.array([b"ok", b"\xff"])[(np.arange(ROWS) == 45).astype(int)]
    with pytest.raises(DataError, match="not Unicode") as caught:
        mse(saved(tmp_path / "b.npz", y=Y, p=P, g=texts), by=["g"])
    assert (caught.value.row, caught.value.column) == (46, "g")


def test_a_glob_takes_one_array_of_each_file(tmp_path: Path) -> None:
    for at in range(3):
        saved(tmp_path / f"part-{at}.npz", p=P[100 * at :][:100], y=Y[100 * at :][:100])
    assert mse(str(tmp_path / "part-*.npz")) == mse(saved(tmp_path / "whole.npz", y=Y, p=P))
    found = losscli.evaluate(f"{tmp_path}/part-*.npz:p", "mse", target="p", pred="p")
    assert found[0].count == ROWS and found.evaluation.sources[1].path == f"{tmp_path}/part-1.npz:p"


def test_one_array_given_twice_is_said_and_two_of_one_file_are_not_the_same(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", y=Y, p=P)
    assert not open_source([f"{path}:y"]).doubled
    assert open_source([f"{path}:y", f"{path}:y"]).doubled


def test_members_that_are_no_arrays_are_ignored_with_a_note(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.npz", y=Y, p=P)
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("notes.txt", "x")
        archive.writestr("__MACOSX/._y.npy", "x")
    source = open_source([path])
    assert source.columns == ("y", "p") and source.notes == (f"{path}: ignored 'notes.txt', which is no array",)
