"""JSON documents: arrays of records, objects of columns, and mappings of keys to values or records."""

from __future__ import annotations

import gzip
import json
import random
from pathlib import Path
from typing import Any

import pytest

import losscli
from losscli.errors import DataError, EmptyError, LosscliError, UsageError
from losscli.io.files.open import open_source
from losscli.io.formats import json_document, json_input, json_records, json_stream, json_survey
from losscli.io.formats.json_document import table_of
from losscli.io.source import ReadOptions

RECORDS = [{"id": f"k{i}", "y": i / 7, "p": i / 8, "t": 'a, "b" }] \\'} for i in range(20)]
EXPECTED = losscli.evaluate({"y": [r["y"] for r in RECORDS], "p": [r["p"] for r in RECORDS]}, "mse", target="y",
                            pred="p")[0].value  # fmt: skip

SHAPES: dict[str, Any] = {
    "array": RECORDS,
    "columns": {name: [record[name] for record in RECORDS] for name in RECORDS[0]},
    "records by key": {record["id"]: {"y": record["y"], "p": record["p"]} for record in RECORDS},
    "splits": {"test": {r["id"]: {"y": r["y"], "p": r["p"]} for r in RECORDS[:9]},
               "val": {r["id"]: {"y": r["y"], "p": r["p"]} for r in RECORDS[9:]}},
    "splits of arrays": {"test": RECORDS[:9], "val": RECORDS[9:]},
    "one array in an object": {"version": 2, "results": {"mse": 1.0}, "runs": RECORDS},
    "samples beside others": {"eval": {"model": "x"}, "samples": RECORDS, "reductions": [{"value": 1}]},
    "pandas columns": {name: {str(i): record[name] for i, record in enumerate(RECORDS)} for name in RECORDS[0]},
    "pandas index": {str(i): record for i, record in enumerate(RECORDS)},
    "pandas split": {"columns": list(RECORDS[0]), "index": list(range(20)), "data": [[*r.values()] for r in RECORDS]},
    "pandas table": {"schema": {"fields": [{"name": "y"}]}, "data": RECORDS},
}  # fmt: skip


def written(tmp_path: Path, document: Any, name: str = "t.json", **how: Any) -> str:
    path = tmp_path / name
    path.write_text(document if isinstance(document, str) else json.dumps(document, **how))
    return str(path)


def value(path: str) -> float | None:
    return losscli.evaluate(path, "mse", target="y", pred="p")[0].value


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("how", [{}, {"indent": 2}, {"separators": (",", ":")}], ids=["plain", "indented", "dense"])
def test_shapes(shape: str, how: dict[str, Any], tmp_path: Path) -> None:
    path = written(tmp_path, SHAPES[shape], **how)
    assert value(path) == EXPECTED
    report = losscli.evaluate(path, "mse", target="y", pred="p").evaluation
    assert report.sources[0].format == "json" and report.rows.read == 20


def columns(path: str, json_path: str | None = None) -> tuple[str, ...]:
    return open_source([path], ReadOptions(json_path=json_path)).columns


def test_columns_of_keys_and_splits(tmp_path: Path) -> None:
    for document, expected in (
        ({"a": 1, "b": None}, ("key", "value")),
        ({"train": {"a": 1, "b": 2}, "test": {"c": 3}}, ("split", "key", "value")),
        ({"test": {"a": [0.5, 0.5], "b": [1, 0]}}, ("split", "key", "value")),
        ({"a": {"key": 1}, "b": {"key": 2}}, ("id", "key")),
        ({"x": [{"y": 1}], "z": [{"y": 2}]}, ("split", "y")),
        ([1, 2, 3], ("value",)),
        ([[1, 2], [3, 4]], ("value",)),
    ):
        path = written(tmp_path, document)
        assert columns(path) == expected, document


def test_the_keys_join(tmp_path: Path) -> None:
    truth = written(tmp_path, {"train": {"a": 9}, "test": {"b": 1.5, "c": 2.0}}, "truth.json")
    (tmp_path / "p.csv").write_text("key,p\nc,2\nb,1\n")
    report = losscli.evaluate(str(tmp_path / "p.csv"), "mae", target="value", pred="p", targets=truth,
                              on="key", unmatched="drop-targets")  # fmt: skip
    assert report[0].value == 0.25


def test_the_part_that_is_named(tmp_path: Path) -> None:
    document = {"runs": [{"out": {"rows": RECORDS}}, {"out": {"rows": []}}], "a.b": {"c": {"x": 1}}}
    path = written(tmp_path, document)
    assert columns(path, "runs[0].out.rows") == columns(path, "$.runs[0].out") == tuple(RECORDS[0])
    assert columns(path, "a.b.c") == ("key", "value")
    for wrong, message in (("runs[2]", r"no '\[2\]' in 'runs'"), ("run", "no 'run'"), ("runs[0].out.x", "no 'x' in"),
                           ("a.b.c.x", "is a single value")):  # fmt: skip
        with pytest.raises(UsageError, match=message):
            columns(path, wrong)
    csv = tmp_path / "t.csv"
    csv.write_text("y,p\n1,2\n")
    with pytest.raises(UsageError, match="--json-path is for JSON documents"):
        columns(str(csv), "x")


def test_a_part_must_be_named_where_there_are_several(tmp_path: Path) -> None:
    path = written(tmp_path, {"a": [{"y": 1}], "b": [{"y": 1}], "c": 3})
    with pytest.raises(UsageError, match="which part") as caught:
        open_source([path])
    assert caught.value.hint == "--json-path PATH, one of a, b"


def test_json_lines_keep_their_meaning(tmp_path: Path) -> None:
    lines = "".join(json.dumps(record) + "\n" for record in RECORDS)
    for name in ("t.jsonl", "t.json", "lines"):
        path = written(tmp_path, lines, name)
        assert value(path) == EXPECTED
        assert losscli.evaluate(path, "mse", target="y", pred="p").evaluation.sources[0].format == "jsonl"
    assert columns(written(tmp_path, '{"y": 1, "p": 2}\n', "one.jsonl")) == ("y", "p")
    assert columns(written(tmp_path, '{"y": 1, "p": 2}\n', "one.json")) == ("key", "value")
    with pytest.raises(DataError, match="the name says JSON lines, the content is a JSON document"):
        open_source([written(tmp_path, RECORDS, "array.jsonl")])
    with pytest.raises(DataError, match="the name says a JSON document, the content is delimited text"):
        open_source([written(tmp_path, "y,p\n1,2\n", "table.json")])


def test_numbers_are_those_of_json_lines(tmp_path: Path) -> None:
    for document in ('[{"y": 0, "p": 9007199254740993}]', '{"y": [0], "p": [9007199254740993]}'):
        with pytest.raises(DataError, match="cannot be held exactly") as caught:
            value(written(tmp_path, document))
        assert (caught.value.row, caught.value.line, caught.value.column) == (1, None, "p")
    for text, code in (("NaN", "DATA_NAN"), ("null", "DATA_MISSING_VALUE"), ("1e309", "DATA_INFINITE")):
        for document in (f'[{{"y": 0, "p": 1}},\n{{"y": 0, "p": {text}}}]', f'{{"y": [0, 0], "p": [1, {text}]}}'):
            with pytest.raises(LosscliError) as failed:
                value(written(tmp_path, document))
            assert (failed.value.code, failed.value.row) == (code, 2)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[{"y": 1, "p": 2}', "not closed"),
        ('[{"y": 1, "p": 2},', "not closed"),
        ('[{"y": 1, "p": 2}, {"y": "x', "not closed"),
        ('[{"y": 1, "p": 2},]', "ends with a comma"),
        ('[{"y": 1, "p": 2}, , {"y": 1, "p": 2}]', "invalid JSON"),
        ('[{"y": 1, "p": 2} {"y": 1, "p": 2}]', "invalid JSON"),
        ('[{"y": 1, "p": 2}}', "closed by a }"),
        ('[{"y": 1, "p": 2}] x', "text behind the end"),
        ('[{"y": 1, "p": 2}, 3]', "not an object"),
        ('{"y": [1, 2], "p": [1]}', "differ in length: 'p' has 1 values, 'y' has 2"),
        ('{"y": [1], "p": [1]', "not complete"),
        ('{"y": [1], "p": [1]} {}', "text behind the end"),
        ('{"y": [1], "y": [2]}', "the key 'y' occurs twice"),
        ('{"y": [1], "p"}', "no member of an object"),
        ('{"y": [1,], "p": [1, 2]}', "a value is missing"),
    ],
)
def test_documents_that_are_refused(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=message) as caught:
        value(written(tmp_path, text))
    assert caught.value.path is not None and caught.value.path.endswith("t.json") and caught.value.line is None


def test_documents_without_rows(tmp_path: Path) -> None:
    for text in ("[]", "{}", '{"y": [], "p": []}', "[ \n ]"):
        with pytest.raises(EmptyError):
            value(written(tmp_path, text))


def test_pieces_of_any_size(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(5)
    alphabet = ['"', "\\", "{", "}", "[", "]", ",", ":", "\n", " ", "é", "a", "\\\\", '\\"']
    for _ in range(60):
        records = [
            {"y": rng.random(), "p": rng.random(), "t": "".join(rng.choices(alphabet, k=rng.randrange(12))),
             "".join(rng.choices(alphabet, k=3)): [{"x": []}]}
            for _ in range(rng.randrange(1, 9))
        ]  # fmt: skip
        path = written(tmp_path, records, indent=rng.choice([None, 1]), ensure_ascii=rng.random() < 0.5)
        monkeypatch.setattr(json_records, "PIECE", rng.choice([1, 2, 7, 64]))
        whole = [line for line in table_of(Path(path).read_bytes(), path, None).lines.splitlines() if line.strip()]
        assert [json.loads(line) for line in whole] == records
        source = open_source([path]).fragments[0].source  # type: ignore[attr-defined]
        with source.open() as stream:
            text = b"".join(iter(lambda: stream.read(1000), b""))
        assert [json.loads(line) for line in text.splitlines() if line.strip()] == records


def test_sample_logs_of_evaluation_harnesses(tmp_path: Path) -> None:
    """Made after what lm-evaluation-harness (`samples_TASK_DATE.jsonl`) and inspect (JSON logs) write."""
    harness = [
        {"doc_id": i, "doc": {"question": "?", "gold": gold}, "target": str(gold),
         "arguments": {"gen_args_0": {"arg_0": "?"}}, "resps": [[f"{answer}"]], "filtered_resps": [f"{answer}"],
         "filter": "none", "acc": float(gold == answer), "pred": {"probs": probs}}
        for i, (gold, answer, probs) in enumerate([(1, 1, [0.25, 0.75]), (0, 1, [0.5, 0.5])])
    ]  # fmt: skip
    path = written(tmp_path, "".join(json.dumps(sample) + "\n" for sample in harness), "samples_x.jsonl")
    report = losscli.evaluate(path, "brier", target="doc.gold", pred="pred.probs", by="filtered_resps[0]")
    assert report[0].value == losscli.evaluate({"y": [1, 0], "p": [[0.25, 0.75], [0.5, 0.5]]}, "brier", target="y",
                                               pred="p")[0].value  # fmt: skip
    log = {
        "version": 2, "status": "success", "eval": {"task": "t", "model": "m"}, "plan": {"steps": []},
        "results": {"scores": [{"name": "match", "metrics": {"accuracy": {"value": 0.5}}}]},
        "samples": [
            {"id": i, "epoch": 1, "input": "?", "target": "4", "scores": {"match": {"value": v, "answer": "4"}},
             "metadata": {"p": p}}
            for i, (v, p) in enumerate([("C", 0.75), ("I", 0.5)])
        ],
        "reductions": [{"scorer": "match", "samples": []}],
    }  # fmt: skip
    path = written(tmp_path, log, "log.json", indent=2)
    report = losscli.evaluate(path, "brier", target="scores.match.value", pred="metadata.p", positive="C")
    assert report[0].value == pytest.approx((0.0625 + 0.25) / 2)
    assert any("'samples'" in note for note in open_source([path]).notes)


STREAMED: list[tuple[str, str | None]] = [
    ("records by key", None), ("pandas index", None), ("one array in an object", None),
    ("one array in an object", "runs"), ("samples beside others", None), ("splits of arrays", "val"),
    ("splits", "test"), ("pandas table", "data"), ("array", "$"), ("splits", None), ("splits of arrays", None),
]  # fmt: skip


def outcome(path: str, json_path: str | None) -> tuple[Any, Any, bool]:
    """The notes and the records that are read, or the error; and whether they are streamed."""
    try:
        source = open_source([path], ReadOptions(json_path=json_path))
        found = source.fragments[0].source  # type: ignore[attr-defined]
        with found.open() as stream:
            text = b"".join(iter(lambda: stream.read(100), b""))
        records = [json.loads(line, object_pairs_hook=tuple) for line in text.splitlines() if line.strip()]
    except (LosscliError, ValueError) as error:
        return "error", getattr(error, "code", None), False
    return source.notes, records, found.parts is not None


def both(path: str, json_path: str | None) -> tuple[tuple[Any, ...], tuple[Any, ...], bool]:
    """What the reader of small documents and that of large ones give, and whether the second has streamed."""
    held = outcome(path, json_path)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(json_input, "HELD", 0)
        streamed = outcome(path, json_path)
    assert not held[2]
    return held[:2], streamed[:2], streamed[2]


@pytest.mark.parametrize(("shape", "json_path"), STREAMED)
@pytest.mark.parametrize("piece", [1, 9, 1 << 20])
def test_large_documents_are_streamed(shape: str, json_path: str | None, piece: int, tmp_path: Path,
                                      monkeypatch: pytest.MonkeyPatch) -> None:  # fmt: skip
    for module in (json_records, json_survey):
        monkeypatch.setattr(module, "PIECE", piece)
    held, streamed, whether = both(written(tmp_path, SHAPES[shape], indent=1), json_path)
    assert streamed == held and held[0] != "error"
    assert whether


def test_large_documents_in_other_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_input, "HELD", 0)
    text = json.dumps(SHAPES["samples beside others"])
    (tmp_path / "t.json.gz").write_bytes(gzip.compress(text.encode()))
    assert value(str(tmp_path / "t.json.gz")) == EXPECTED
    (tmp_path / "t.json").write_bytes(text.encode("utf-16"))
    source = open_source([str(tmp_path / "t.json")], ReadOptions(input_format="json", encoding="utf-16"))
    with source.fragments[0].source.open() as stream:  # type: ignore[attr-defined]
        assert len(stream.read(1 << 20).split(b"\n")) == len(RECORDS) + 1
    for end, message in (('{"a": 1', "not complete"), ('{"a": {"y": 1}, "b": 2, "c": {"y": 1}}', "which part"),
                         ('{"k": {"y": 1, "p": 1}, "l": {"y": 2, "p": 1}, "k": {"y": 3, "p": 1}}', "'k' occurs twice"),
                         ('{"samples": [{"y": 1, "p": 2}, ]}', "a value is missing"),
                         ('{"samples": [{"y": 1, "p": 2}]} x', "text behind the end"),
                         ('{"k": {"y": 1, "p": 1}, "l": {"y": 2, "p": NaN}}', "row 2")):  # fmt: skip
        with pytest.raises(LosscliError) as caught:
            value(written(tmp_path, end))
        assert message in f"{caught.value} row {caught.value.row}", end


def test_random_documents_are_read_alike(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    rng = random.Random(11)
    alphabet = ['"', "\\", "{", "}", "[", "]", ",", ":", "\n", " ", "é", "😀", "a", "\\\\", '\\"', "\x00"]
    seen = {"streamed": 0, "error": 0, "rows": 0}

    def text() -> str:
        return "".join(rng.choices(alphabet, k=rng.randrange(6)))

    def drawn(depth: int = 0) -> Any:
        kind = rng.randrange(3 if depth < 2 else 1)
        if kind == 0:
            return rng.choice([1, -0.5, None, True, text()])
        some = [drawn(depth + 1) for _ in range(rng.randrange(3))]
        return some if kind == 1 else {text(): value for value in some}

    def record() -> Any:
        return {"y": rng.random(), "p": drawn()}

    for case in range(150):
        count = rng.randrange(1, 6)
        document: Any = (
            [record() for _ in range(count)],
            [rng.choice([1, "x", [2], drawn()]) for _ in range(count)],
            {text() + str(i): record() for i in range(count)},
            {text() + str(i): rng.choice([1, "x", None]) for i in range(count)},
            {text(): drawn(), "samples": [record() for _ in range(count)], text(): drawn()},
            {str(i): drawn() for i in range(count)},
            {text(): {text() + str(10 * s + i): drawn(1) for i in range(count)} for s in range(2)},
            {text(): {text() + str(10 * s + i): {text(): drawn()} for i in range(count)} for s in range(2)},
            {text(): [{text(): drawn(1)} for i in range(count)] for s in range(3)},
            {text() + str(i): [drawn(2)] * rng.randrange(4) for i in range(3 * count)},
        )[case % 10]
        json_path = None
        if rng.random() < 0.3:
            document = {text(): drawn(), "a": document, "a.b": [0, document]}
            json_path = rng.choice(["a", "a.b[1]", "c"])
        content = json.dumps(document, indent=rng.choice([None, 1]), ensure_ascii=rng.random() < 0.5)
        flaw = rng.randrange(8)
        at = rng.randrange(len(content))
        if flaw == 0:
            content = content[:at]
        elif flaw == 1:
            content = content[:at] + rng.choice(alphabet) + content[at:]
        elif flaw == 2:
            content += rng.choice([" ", "x", "]", "{}", "\n"])
        elif flaw == 3:
            content = "\ufeff \n" + content
        elif flaw == 4 and content.startswith("{") and len(content) > 2:
            content = content[:-1] + "," + content[1:]  # every key twice
        for module in (json_document, json_stream):
            monkeypatch.setattr(module, "MANY", 4)
        for module in (json_records, json_survey):
            monkeypatch.setattr(module, "PIECE", rng.choice([1, 3, 50]))
        held, streamed, whether = both(written(tmp_path, content), json_path)
        seen["streamed"] += whether
        seen["error" if held[0] == "error" else "rows"] += 1
        assert (streamed[0] == "error") == (held[0] == "error"), (content, json_path, held, streamed)
        assert held[0] == "error" or streamed == held, (content, json_path)
    assert min(seen.values()) > 20, seen


@pytest.mark.parametrize("encoding", ["utf-16", "utf-16-le", "utf-16-be", "latin-1", "cp1252"])
@pytest.mark.parametrize("shape", ["array", "columns", "lines"])
def test_text_in_any_encoding_is_told_to_be_json(tmp_path, shape, encoding):
    text = "\n".join(map(json.dumps, RECORDS)) if shape == "lines" else json.dumps(SHAPES[shape], ensure_ascii=False)
    for name in ("t.jsonl", "t") if shape == "lines" else ("t.json",):
        (tmp_path / name).write_bytes(text.replace("a, ", "é, ").encode(encoding))
        (fragment,) = open_source([str(tmp_path / name)], ReadOptions(encoding=encoding)).fragments
        assert fragment.format == ("jsonl" if shape == "lines" else "json")
        found = [row for batch in fragment.batches({"y": "number"}) for row in batch.data.column(0).to_pylist()]
        assert found == [record["y"] for record in RECORDS]
    (tmp_path / "t.csv").write_bytes("y,p\né,1\n[1,2\n".encode(encoding))
    (fragment,) = open_source([str(tmp_path / "t.csv")], ReadOptions(encoding=encoding)).fragments
    assert fragment.format == "csv"
