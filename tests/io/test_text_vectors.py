"""Vectors that stand as text in cells of CSV and TSV files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

import losscli
from losscli.errors import DataError, Location, LosscliError
from losscli.execution.engines.threads import Threads
from losscli.execution.python_run import prepared
from losscli.execution.shards import score
from losscli.execution.state_file import Shard
from losscli.io.arrow import parse_vectors, sparse_vectors
from losscli.io.arrow.numbers import NumberFormat
from losscli.io.arrow.parse_vectors import spelled_lists
from losscli.io.arrow.spelled_vectors import NotAVectorError, recognised, split_cell

PLAIN = NumberFormat()
EXPECTED = (-np.log(0.9) - np.log(0.8)) / 2

FORMS = {
    "numpy": ("[0.1 0.9]", "[0.8 0.2]"),
    "json": ("[0.1, 0.9]", "[0.8, 0.2]"),
    "no blanks": ("[0.1,0.9]", "[0.8,0.2]"),
    "semicolons": ("0.1;0.9", "0.8; 0.2"),
    "bracketed semicolons": ("[0.1;0.9]", "[0.8;0.2]"),
    "sparse": ("0:0.1 1:0.9", "1:0.2 0:0.8"),
    "bytes": ("b'[0.1 0.9]'", "b'[0.8 0.2]'"),
    "array": ("array([0.1, 0.9])", "array([0.8, 0.2], dtype=float32)"),
    "np.array": ("np.array([0.1, 0.9])", "numpy.array([0.8, 0.2])"),
    "tensor": ("tensor([0.1, 0.9], device='cuda:0')", "tensor([0.8, 0.2], grad_fn=<SoftmaxBackward0>)"),
    "NumPy's numbers": ("[np.float64(0.1), np.float64(0.9)]", "[np.float64(0.8), np.float64(0.2)]"),
    "torch's numbers": ("[tensor(0.1), tensor(0.9)]", "[tensor(0.8, dtype=torch.float64), tensor(0.2)]"),
    "tuple": ("(0.1, 0.9)", "(0.8, 0.2)"),
    "many lines": ("[0.1\n 0.9]", "[0.8\n   0.2]"),
    "padded": ("  [ 0.1   0.9 ] ", "[0.80 2.e-1]"),
    "nested": ("[[0.1 0.9]]", "[[0.8, 0.2]]"),
}


def written(path: Path, cells: Any, targets: Any = (1, 0), delimiter: str = ",") -> str:
    quoted = ['"' + cell.replace('"', '""') + '"' if set(cell) & set('\n,"\t') else cell for cell in cells]
    rows = (f"{target}{delimiter}{cell}\n" for target, cell in zip(targets, quoted, strict=True))
    path.write_text(f"y{delimiter}p\n" + "".join(rows))
    return str(path)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_forms(form: str, suffix: str, tmp_path: Path) -> None:
    path = written(tmp_path / f"t.{suffix}", FORMS[form], delimiter="\t" if suffix == "tsv" else ",")
    report = losscli.evaluate(path, "cross_entropy", target="y", pred="p")
    assert report[0].value == pytest.approx(EXPECTED, rel=1e-15)


def test_each_element_is_what_a_cell_of_its_own_would_be(tmp_path: Path) -> None:
    rng = np.random.default_rng(7)
    rows = [
        [repr(float(v)) for v in row]
        for row in rng.standard_normal((500, 3)) * 10.0 ** rng.integers(-300, 300, (500, 1))
    ]
    rows[3] = ["9007199254740992", "5e-324", "-0.0"]
    rows[4] = ["1.", ".5", "+1E5"]
    for name, form in (("n", "[{} {} {}]"), ("j", "[{}, {}, {}]"), ("s", "{};{};{}"), ("a", "array([{}, {}, {}])")):
        path = tmp_path / f"{name}.csv"
        path.write_text("a,b,c,p\n" + "".join(f'{",".join(row)},"{form.format(*row)}"\n' for row in rows))
        report = losscli.evaluate(str(path), "mae", target="a,b,c", pred="p")
        assert report[0].value == 0 and report[0].count == 500


def test_the_pass_over_bytes_agrees_with_the_grammar() -> None:
    rng = np.random.default_rng(11)
    words = ["[0.5 1]", "0.5;1", "[1,2]", "array(", "nan", "NA", "tensor(0.5)"]
    letters = [*"0123.5e-+[](),; \n\tnaNif'\"b:A", *words]
    location = Location("t.csv", 1)
    for _ in range(3000):
        cells = ["".join(rng.choice(letters, rng.integers(1, 7))) for _ in range(int(rng.integers(1, 4)))]
        try:
            expected = [None if PLAIN.is_null(cell) else split_cell(cell, PLAIN, lone=True) for cell in cells]
        except NotAVectorError:
            with pytest.raises(DataError):
                spelled_lists(pa.array(cells), "p", location, PLAIN)
            continue
        found = spelled_lists(pa.array(cells), "p", location, PLAIN).to_pylist()
        assert _as_numbers(found) == _as_numbers(expected), cells


def _as_numbers(rows: Any) -> str:
    return repr([None if row is None else [_as_number(element) for element in row] for row in rows])


def _as_number(element: Any) -> Any:
    if element is None or (isinstance(element, str) and PLAIN.is_null(element)):
        return None
    number = PLAIN.number(element) if isinstance(element, str) else element
    return element if number is None else number


@pytest.mark.parametrize("around", [
    ("array(", ")"), ("array(", ", dtype=float32)"), ("b'", "'"), ("tensor( ", " , device='cuda:0')"),
    ("np.array(", ")"), ("list(", ")"), ("array(", ""), (" ", " "), ("'", '"'),
])  # fmt: skip
def test_wrapped_cells_agree_with_the_grammar(around: tuple[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    """What is around the brackets of all cells is taken away at once; other cells are unwrapped one by one."""
    inner = ["[0.1, 0.9]", "[1e-3,\n 0.5]", "[-7, 9007199254740992]", "[0.1, 0.2, 0.3]"]
    location = Location("a.csv", 1, lambda index: index)
    for last in (None, "array([1, 2])", "array([1, 2)", "[3, 4]", "array([nan, 1])", "array([[1], [2]])"):
        cells = [f"{around[0]}{text}{around[1]}" for text in inner] + ([] if last is None else [last])

        def read(cells: list[str] = cells) -> Any:
            try:
                return repr(spelled_lists(pa.array(["x", *cells])[1:], "p", location, PLAIN).to_pylist())
            except DataError as error:
                return str(error)

        found = read()
        with monkeypatch.context() as patch:
            patch.setattr(parse_vectors, "_without_wrapping", lambda column: None)
            assert found == read()
    column = pa.array([f"{around[0]}{text}{around[1]}" for text in inner])
    removed = around[0] not in ("list(", "'") and around[1] != ""
    assert (parse_vectors._without_wrapping(column) is not None) == removed


def test_the_pass_over_pairs_agrees_with_the_grammar() -> None:
    rng, location = np.random.default_rng(5), Location("a.csv", 1, lambda index: index)
    labels = ("0", "1", "cat", "2.5")
    odd = ["", None, "NA", " ", "0:", ":1", "1:0.5:2", "0:x", "1.0:3", "0:1 0:2", "dog:1", "0:1e999",
           "0:9007199254740993", "0:NA 1:2", "cat:0.1\t1:-0\r\n0:1e-300", "0 :1", "0:nan", "true:1",
           "\xa00:1"]  # fmt: skip

    def read(cells: list[str | None], plain: bool) -> Any:
        column = pa.array(["x", *cells], pa.string())[1:]
        place = {label: at for at, label in enumerate(labels)}
        if plain and (found := sparse_vectors._plain(column, place, PLAIN)) is not None:
            return found
        try:
            return sparse_vectors._by_grammar(column, place, "p", location, PLAIN)
        except DataError as error:
            return str(error)

    read_quickly = 0
    for turn in range(60):
        cells: list[str | None] = [
            "  ".join(
                f"{labels[i]}:{rng.normal():.{rng.integers(1, 18)}g}" for i in rng.permutation(4)[: rng.integers(1, 5)]
            )
            for _ in range(20)
        ]
        if turn % 3:
            cells[int(rng.integers(20))] = odd[turn % len(odd)]
        found, expected = read(cells, True), read(cells, False)
        if isinstance(expected, str):
            assert found == expected
            continue
        assert found.values.tobytes() == expected.values.tobytes()
        masks = [np.zeros(20, bool) if v.missing is None else v.missing for v in (found, expected)]
        assert masks[0].tolist() == masks[1].tolist()
        place = {label: at for at, label in enumerate(labels)}
        read_quickly += sparse_vectors._plain(pa.array(cells, pa.string()), place, PLAIN) is not None
    assert read_quickly >= 25


def test_the_plan_says_so(tmp_path: Path) -> None:
    from losscli.cli.plan_text import plan_text

    path = written(tmp_path / "t.csv", FORMS["numpy"])
    run = prepared({"source": path, "losses": "cross_entropy", "target": "y", "pred": "p"})
    assert "pred: p  [class probabilities that sum to 1]  vectors as text" in plan_text(run)
    path = written(tmp_path / "s.csv", FORMS["sparse"])
    run = prepared({"source": path, "losses": "cross_entropy", "target": "y", "pred": "p"})
    assert "vectors as text  by the labels 0, 1" in plan_text(run)


def test_texts_that_may_be_labels_stay_labels(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("y,p_1:0,p_0:1,g\n1:0,0.75,0.25,[1]\n0:1,0.5,0.5,[2]\n")
    report = losscli.evaluate(str(path), "cross_entropy", target="y", pred="p_*", by="g")
    assert report[0].value == pytest.approx((-np.log(0.75) - np.log(0.5)) / 2)
    assert [result.by for result in report][1:] == [{"g": "[1]"}, {"g": "[2]"}]
    path.write_text("y,p\n0.5;0.5,0.5;0.5\n0;1,0.25;0.75\n")
    soft = losscli.evaluate(str(path), "cross_entropy", target="y", pred="p")
    assert soft[0].value == pytest.approx((np.log(2) - np.log(0.75)) / 2)


def test_thousands_are_no_vectors(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", ["1,000", "2,500"])
    with pytest.raises(DataError, match="'1,000' is not a number"):
        losscli.evaluate(path, "mse", target="y", pred="p")


def test_several_targets_as_text(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text('y,p\n[1 2],"[1, 3]"\n[0 0],"[2, 0]"\n')
    assert losscli.evaluate(str(path), "mse", target="y", pred="p")[0].value == 1.25
    assert losscli.evaluate(str(path), "mae", target="y", pred="p")[0].value == 0.75


@pytest.mark.parametrize(
    ("cell", "code", "message"),
    [
        ("[0.5 0.25 0.25]", "DATA_BAD_CELL", "has 3 elements where 2 are expected"),
        ("[0.5]", "DATA_BAD_CELL", "has 1 elements where 2 are expected"),
        ("[]", "DATA_BAD_CELL", "has 0 elements where 2 are expected"),
        ("[0.5 x]", "DATA_BAD_CELL", "has an element that is not a number: 'x'"),
        ("[0.5 0.5", "DATA_BAD_CELL", "has a bracket that is not closed"),
        ("0.5 0.5]", "DATA_BAD_CELL", "has a bracket that is not opened"),
        ("[0.5, 0.5 0]", "DATA_BAD_CELL", "separates its numbers in two ways"),
        ("[0.1 ... 0.9]", "DATA_BAD_CELL", r"was shortened by '\.\.\.'"),
        ("[[1 0] [1]]", "DATA_BAD_CELL", "has lists of different lengths"),
        ("other", "DATA_BAD_CELL", "is no list of numbers such as"),
        ("[9007199254740993 1]", "DATA_BAD_CELL", "cannot be held exactly by a float64"),
        ("[nan 1]", "DATA_NAN", "NaN"),
        ("[0.5,,]", "DATA_MISSING_VALUE", "no value"),
        ("[0.5, NA]", "DATA_MISSING_VALUE", "no value"),
        ("NA", "DATA_MISSING_VALUE", "no value"),
        ("", "DATA_MISSING_VALUE", "no value"),
    ],
)
def test_cells_that_are_refused(cell: str, code: str, message: str, tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", ["[0.1 0.9]", "[0.8 0.2]", cell], (1, 0, 0))
    with pytest.raises(LosscliError, match=message) as caught:
        losscli.evaluate(path, "cross_entropy", target="y", pred="p")
    error = caught.value
    assert (error.code, error.row, error.line, error.column) == (code, 3, 4, "p")
    if code in ("DATA_NAN", "DATA_MISSING_VALUE"):
        how = {"nan": "drop"} if code == "DATA_NAN" else {"missing": "drop"}
        assert losscli.evaluate(path, "cross_entropy", target="y", pred="p", **how)[0].value == pytest.approx(EXPECTED)


@pytest.mark.parametrize(
    ("cell", "message"),
    [("0:0.5 2:0.5", "unknown label '2'"), ("0:0.5 0:0.5", "label '0' twice"), ("0:0.5 x", "'x' is no pair"),
     ("0:0.5 1:x", "is not a number: 'x'")],
)  # fmt: skip
def test_sparse_cells_that_are_refused(cell: str, message: str, tmp_path: Path) -> None:
    filler = ["0:0.5 1:0.5"] * 300
    path = written(tmp_path / "t.csv", [*filler, cell], [0] * 301)
    with pytest.raises(DataError, match=message) as caught:
        losscli.evaluate(path, "cross_entropy", target="y", pred="p")
    assert (caught.value.row, caught.value.column) == (301, "p")


def test_what_is_absent_in_a_sparse_vector_is_zero(tmp_path: Path) -> None:
    path = written(tmp_path / "t.csv", ["a:1", "b:1", "a:0.5 b:0.5"], ("a", "b", "a"))
    report = losscli.evaluate(path, "brier", target="y", pred="p")
    assert report[0].value == losscli.evaluate({"y": ["a", "b", "a"], "p_a": [1, 0, 0.5], "p_b": [0, 1, 0.5]}, "brier",
                                                target="y", pred="p_*")[0].value  # fmt: skip
    assert losscli.evaluate(path, "brier", target="y", pred="p", classes=["a", "b"])[0].value == report[0].value


def test_a_filter_decides_first(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("y,p,use\n1,[0.1 0.9],1\n0,broken],0\n0,[0.8 0.2],1\n")
    report = losscli.evaluate(str(path), "cross_entropy", target="y", pred="p", where="use == 1")
    assert report[0].value == pytest.approx(EXPECTED)


def test_a_join(tmp_path: Path) -> None:
    (tmp_path / "p.csv").write_text("id,p\nb,[0.8 0.2]\na,[0.1 0.9]\n")
    (tmp_path / "t.csv").write_text("id,y\na,1\nb,0\n")
    report = losscli.evaluate(str(tmp_path / "p.csv"), "cross_entropy", target="y", pred="p",
                              targets=str(tmp_path / "t.csv"), on="id")  # fmt: skip
    assert report[0].value == pytest.approx(EXPECTED)


def test_recognition() -> None:
    for cells in (["a"], ["0.5"], ["1,5"], ["1 234"], ["2024-01-31 13:45"], ["[a, b]"], ["[]"], ["x", "[1]"], []):
        assert recognised(cells, PLAIN) is None, cells
    found = recognised(["10:0.5 2:0.5", "b:1"], PLAIN)
    assert found is not None and found.labels == ("2", "10", "b")


LABELLED = '{"y": "b", "p": [{"label": "a", "score": 0.25}, {"label": "b", "score": 0.75}]}\n'


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("t.csv", "y,p\n1,[0.25 0.75]\n0,[0.5 0.5]\n"),
        ("t.csv", "y,p\n1,0:0.25 1:0.75\n0,0:0.5 1:0.5\n"),
        ("t.jsonl", LABELLED * 3),
        ("t.jsonl", '{"d": {"y": 1}, "p": [0.25, 0.75]}\n'),
    ],
)
def test_shards_bind_them_again(name: str, text: str, tmp_path: Path) -> None:
    paths = []
    for number in "ab":
        (tmp_path / number).mkdir()
        (tmp_path / number / name).write_text(text)
        paths.append(str(tmp_path / number / name))
    how = {"source": paths, "losses": "brier", "target": "d.y" if '"d"' in text else "y", "pred": "p"}
    run = prepared(how)
    states = []
    for number in (1, 2):
        states.append(tmp_path / f"{number}.state")
        states[-1].write_text(score(run, Shard(number, 2), Threads(1)).text)
    whole = losscli.evaluate(paths, "brier", target=how["target"], pred="p")
    assert losscli.merge(states)[0].value == whole[0].value
