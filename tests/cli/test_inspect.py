"""losscli inspect: the right losses first, commands that run, what looks wrong, and every output."""

from __future__ import annotations

import ast
import hashlib
import json
import re
import shlex
import sys
from pathlib import Path

import jsonschema
import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
import pytest
from inspected_tables import FIRST, write
from processes import on_terminal

from losscli import report
from losscli.aggregate.hashing import splitmix64
from losscli.cli import entry

ROOT = Path(__file__).parents[2]
REAL = {
    "sample_data/cancer.csv": ("bce", "brier", "roc_auc"),
    "sample_data/diabetes.csv": ("mae", "rmse", "r2"),
    "sample_data/digits.csv": ("cross_entropy", "brier", "accuracy"),
    "sample_data/gan.csv": ("bce", "brier"),
    "sample_data/triplets.parquet": ("triplet",),
    "sample_data/embeddings.parquet": ("supcon",),
    "sample_data/cycle.parquet": ("cycle_consistency",),
    "tests/real_files/sklearn.csv": ("cross_entropy", "brier", "accuracy"),
    "tests/real_files/cross_validation.csv": ("interval_score", "coverage"),
    "tests/real_files/write_csv.csv": ("mae", "rmse"),
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def outcome(capfd, *args):
    code = entry.run(list(args))
    out, err = capfd.readouterr()
    return code, out, err


def inspected(capfd, *args):
    code, out, err = outcome(capfd, "inspect", "-f", "json", *args)
    assert code == 0, err
    return json.loads(out)


def first_losses(found):
    return [choice["spec"] for choice in found["fits"][0]["losses"]] if found["fits"] else []


@pytest.mark.parametrize("table", FIRST, ids=lambda table: table.__name__)
def test_the_right_losses_come_first_and_all_commands_run(table, folder, capfd):
    found = inspected(capfd, write(table, "."))
    expected = FIRST[table]
    assert first_losses(found)[: len(expected)] == list(expected)
    run_commands(found, capfd)


@pytest.mark.parametrize("path", REAL)
def test_the_right_losses_come_first_of_real_files_and_all_commands_run(path, folder, capfd):
    found = inspected(capfd, str(ROOT / path))
    assert first_losses(found)[: len(REAL[path])] == list(REAL[path])
    run_commands(found, capfd)


def run_commands(found, capfd):
    commands = [*found["commands"], *(fit["command"] for fit in found["fits"])]
    for command in dict.fromkeys(commands):
        words = shlex.split(command)
        assert words[0] == "losscli"
        code, out, err = outcome(capfd, *words[1:])
        assert code == 0, f"{command}\n{err}"
        assert out


# ---------------------------------------------------------------------------------------------------- what looks wrong


def table(**columns):
    """CSV of columns, whose cells are written as they are."""
    rows = zip(*columns.values(), strict=True)
    return "\n".join([",".join(columns), *(",".join(map(str, row)) for row in rows)]) + "\n"


EVEN = [0, 1] * 30
PROBS = [0.2 + 0.6 * bit + 0.001 * at for at, bit in enumerate(EVEN)]
RISING = [at + 0.5 for at in range(60)]
CLASSES = [1 + at % 3 for at in range(60)]
SHARES = [[0.8 if each == at % 3 else 0.1 for at in range(60)] for each in range(3)]
WRONG = {
    "labels_from_1": table(label=CLASSES, z_a=SHARES[0], z_b=SHARES[1], z_c=SHARES[2]),
    "sum_not_1": table(label=["abc"[at - 1] for at in CLASSES], p_a=SHARES[0], p_b=[0.9 * p for p in SHARES[1]],
                       p_c=SHARES[2]),
    "constant": table(y=RISING, pred=[v + 1 + v % 2 for v in RISING], version=[7] * 60),
    "duplicate_keys": table(id=[*range(59), 58], y=RISING, pred=[v + 1 + v % 2 for v in RISING]),
    "leaked_target": table(y=RISING, pred=RISING),
    "not_probabilities": table(label=EVEN, prob=[8 * p - 4 for p in PROBS]),
    "not_logits": table(label=EVEN, logit=PROBS),
    "reversed": table(label=EVEN, prob=[1 - p for p in PROBS]),
    "rare_class": table(label=[1, *[0] * 299], prob=[0.9, *[at / 1000 for at in range(299)]]),
    "text_in_numbers": table(y=RISING, pred=[v + 1 + v % 2 for v in RISING], other=[*range(59), "unknown"]),
    "number_spelling": table(y=RISING, pred=[v + 1 + v % 2 for v in RISING],
                             euro=[f'"1.{at:03},5"' for at in range(60)]),
    "number_spelling of percentages": table(y=RISING, pred=[v + 1 + v % 2 for v in RISING],
                                            share=[f"{at}.5%" for at in range(60)]),
    "repeated_name": table(y=RISING, pred=[v + 1 + v % 2 for v in RISING], a=RISING, b=RISING).replace("a,b", "a,a"),
    "empty": table(y=RISING, pred=[v + 1 + v % 2 for v in RISING], note=[""] * 60),
    "infinite": table(y=RISING, pred=[v + 1 + v % 2 for v in RISING], score=["inf", *RISING[1:]]),
}  # fmt: skip


@pytest.mark.parametrize("code", WRONG)
def test_what_looks_wrong_is_said_and_the_commands_run(code, folder, capfd):
    (folder / "q.csv").write_text(WRONG[code])
    found, code = inspected(capfd, "q.csv"), code.partition(" ")[0]
    said = [one["code"] for one in found["findings"]]
    assert code in said and set(said) <= {code, "not_probabilities", "rare_class", "reversed"}, found["findings"]
    assert found["fits"], found
    run_commands(found, capfd)


def test_the_schema_has_every_kind_of_finding():
    calls = [
        call for path in (ROOT / "losscli").rglob("*.py") if "FindingResult(" in (text := path.read_text("utf-8"))
        for call in ast.walk(ast.parse(text)) if isinstance(call, ast.Call)
    ]  # fmt: skip
    made = {call.args[0].value for call in calls if getattr(call.func, "id", "") == "FindingResult"}
    schema = json.loads((ROOT / "losscli/report/inspect.schema.json").read_text("utf-8"))
    assert made and made == set(schema["properties"]["findings"]["items"]["properties"]["code"]["enum"])


def test_a_sound_table_has_no_findings(folder, capfd):
    for made in FIRST:
        assert inspected(capfd, write(made, "."))["findings"] == [], made.__name__


def test_fields_of_objects_are_columns(folder, capfd):
    names = ["cat", "dog", "fox"]
    rows = [
        {"id": f"k{at}", "truth": {"label": names[at % 3], "by": {"name": "ab"[at % 2]}},
         "model": {"v1": {"scores": None if at == 7 else [SHARES[2][at], SHARES[0][at], SHARES[1][at]]}}}
        for at in range(60)
    ]  # fmt: skip
    parquet.write_table(pa.Table.from_pylist(rows), "nested.parquet")
    (folder / "nested.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    for path in ("nested.parquet", "nested.jsonl"):
        found = inspected(capfd, path)
        assert [one["name"] for one in found["columns"]] == ["id", "truth.label", "truth.by.name", "model.v1.scores"]
        assert found["unseen"] == [] and first_losses(found)[:2] == ["cross_entropy", "brier"]
        assert found["fits"][0]["roles"] == {"pred": "model.v1.scores", "target": "truth.label"}
        assert found["fits"][0]["settings"] == {"classes": "fox,cat,dog", "missing": "drop"}
        assert [one["code"] for one in found["findings"]] == ["class_order"]
        run_commands(found, capfd)


def test_targets_of_another_file_are_joined_by_their_key(folder, capfd):
    data = ROOT / "sample_data"
    named = "\n".join(("ID" + line.removeprefix("patient") if at == 0 else line) for at, line in enumerate(
        (data / "diabetes_targets.csv").read_text().splitlines()))  # fmt: skip
    (folder / "targets.csv").write_text(named + "\n")
    (folder / "few.csv").write_text("\n".join(named.splitlines()[:401]) + "\n")
    given = [str(data / "diabetes_predictions.csv"), "--targets", "targets.csv", "--on", "patient=ID"]
    found = inspected(capfd, *given)
    assert found["fits"][0]["roles"]["target"] == "progression"
    assert found["fits"][0]["preds"] == ["ridge", "forest", "boosting", "bayes"]
    run_commands(found, capfd)
    assert inspected(capfd, *given, "--limit", "100")["rows"]["read"] == 100
    given[2] = "few.csv"
    assert outcome(capfd, "inspect", *given)[0] == 3
    some = inspected(capfd, *given, "--unmatched", "drop")
    assert some["rows"]["read"] == 400 and "--unmatched drop" in some["commands"][0]
    for lone in (["--targets", "few.csv"], ["--on", "ID"]):
        assert outcome(capfd, "inspect", given[0], *lone)[0] == 2


@pytest.mark.parametrize("name", ["-d.csv", "--help.csv", "a b.csv", "it's 100%.csv"])
def test_commands_run_whatever_the_file_is_called(name, folder, capfd):
    (folder / name).write_text(table(y=RISING, pred=[v + 1 + v % 2 for v in RISING]))
    found = inspected(capfd, "--", name)
    assert len(found["commands"]) == 3
    run_commands(found, capfd)


def test_commands_say_how_the_file_was_read(folder, capfd, monkeypatch):
    text = table(y=RISING, pred=[v + 1 + v % 2 for v in RISING]).replace(",", ";")
    (folder / "q.csv").write_text("# notes\n" + text)
    (folder / "sums").write_text(f"{hashlib.sha256((folder / 'q.csv').read_bytes()).hexdigest()}  q.csv\n")
    monkeypatch.setenv("LOSSCLI_DELIMITER", ";")
    monkeypatch.setenv("LOSSCLI_NO_HEADER", "0")
    given = ["q.csv", "--comment", "#", "--encoding", "utf-8", "--null-values", ""]
    found = inspected(capfd, *given)
    assert "q.csv --delimiter ';' --encoding utf-8 --comment '#' --null-values '' -" in found["commands"][0]
    assert [command.split()[1] for command in found["commands"]] == ["eval", "check", "show"]
    monkeypatch.delenv("LOSSCLI_DELIMITER")
    run_commands(found, capfd)
    found = inspected(capfd, *given, "--delimiter", ";", "--checksums", "sums")  # which no suite is written with
    assert [command.split()[1] for command in found["commands"]] == ["eval", "show"]
    run_commands(found, capfd)


def test_columns_that_are_no_vector_of_the_target_are_models(folder, capfd):
    models = {f"model_{at}": [p * (1 - at / 10) for p in PROBS] for at in range(4)}
    (folder / "wide.csv").write_text(table(clicked=EVEN, **models))
    found = inspected(capfd, "wide.csv")
    assert first_losses(found)[0] == "bce" and found["fits"][0]["preds"] == list(models)
    run_commands(found, capfd)
    assert outcome(capfd, "check", "--init", "wide.csv")[0] == 0
    assert 'pred = ["model_0", "model_1", "model_2", "model_3"]' in (folder / "losscli.toml").read_text()


# ---------------------------------------------------------------------------------------------------- what is counted


def test_a_bounded_sample_is_read_and_all_by_option(folder, capfd):
    rows = 50_000
    numbers = np.arange(rows)
    np.random.default_rng(5).shuffle(numbers)
    targets = np.repeat([0, 1], rows // 2)  # sorted: the first rows are of one class
    lines = [
        f"k{number},{target},{0.1 + 0.8 * target + 1e-6 * number:.6f}"
        for number, target in zip(numbers, targets, strict=True)
    ]
    (folder / "big.csv").write_text("\n".join(["key,y,p", *lines]) + "\n")
    some = inspected(capfd, "big.csv")
    assert some["rows"] == {"read": 10_000, "limit": 10_000, "complete": False}
    assert [one["code"] for one in some["findings"]] == ["constant"]
    exact = inspected(capfd, "big.csv", "--limit", "4000")
    assert exact["columns"][0]["distinct"] == {"count": 4000, "exact": True}
    whole = inspected(capfd, "big.csv", "--limit", "all")
    assert whole["rows"] == {"read": rows, "limit": None, "complete": True}
    assert first_losses(whole) == ["bce", "brier", "roc_auc"]
    key, _, pred = whole["columns"]
    assert not key["distinct"]["exact"] and key["distinct"]["count"] == pytest.approx(rows, rel=0.05)
    assert (pred["low"], pred["high"]) == (min(float(line.split(",")[2]) for line in lines),
                                           max(float(line.split(",")[2]) for line in lines))  # fmt: skip
    assert 10_000 <= sum(pred["histogram"]["counts"]) < 20_000


def test_a_value_outside_the_sample_counts(folder, capfd):
    """One probability of 1.2 among 50,000 rows, at a place that the sample leaves out."""
    lines = [f"{at % 2},{0.2 + 0.5 * (at % 2) + 1e-6 * at:.6f}" for at in range(50_000)]
    unkept = int(np.argmax(splitmix64(np.arange(50_000, dtype=np.uint64))))  # rows with small hashes are kept
    lines[unkept] = "1,1.2"
    (folder / "big.csv").write_text("\n".join(["label,prob", *lines]) + "\n")
    found = inspected(capfd, "big.csv", "--limit", "all")
    assert first_losses(found)[0] == "bce_with_logits"
    assert [one["code"] for one in found["findings"]] == ["not_probabilities"]


# ---------------------------------------------------------------------------------------------------- how it is shown


def test_the_schema_has_the_codes_of_all_findings():
    schema = json.loads(report.schema("inspect"))
    listed = schema["properties"]["findings"]["items"]["properties"]["code"]["enum"]
    code = (ROOT / "losscli" / "execution" / "inspection" / "findings.py").read_text(encoding="utf-8")
    assert sorted(listed) == sorted(set(re.findall(r'FindingResult\(\s*"(\w+)"', code)))


@pytest.mark.parametrize(
    "args", [("digits.csv",), ("embeddings.parquet",), ("diabetes.csv", "--against", "diabetes.parquet")]
)
def test_the_document_is_as_its_schema_says(args, capfd):
    files = [arg if arg.startswith("--") else str(ROOT / "sample_data" / arg) for arg in args]
    schema = json.loads(report.schema("inspect"))
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(inspected(capfd, *files), schema)


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
@pytest.mark.parametrize("width", [60, 80])
def test_a_terminal_is_wide_enough(width, tmp_path):
    file = str(ROOT / "sample_data" / "cancer.csv")
    code, shown, err = on_terminal(
        "inspect", file, "--against", file, folder=tmp_path, COLUMNS=str(width), NO_COLOR="1"
    )
    assert (code, err) == (0, "")
    assert [line for line in shown.splitlines() if len(line) > width and "sample_data" not in line] == []
    assert ("\u2588" in shown) == (width > 60)


@pytest.mark.skipif(sys.platform == "win32", reason="terminals of POSIX")
@pytest.mark.parametrize("variables", [{"LC_ALL": "C"}, {"PYTHONIOENCODING": "ascii"}], ids=str)
def test_a_plain_locale_gets_ascii(variables, tmp_path):
    code, shown, _ = on_terminal("inspect", str(ROOT / "sample_data" / "cancer.csv"), folder=tmp_path, COLUMNS="120",
                                 **variables)  # fmt: skip
    assert code == 0 and shown.isascii() and "histogram" in shown and " | %" in shown


def test_names_from_data_do_nothing_to_a_terminal(folder, capfd):
    (folder / "q.csv").write_text('y,"p\x1b[31m"\n' + "".join(f"{at},{at + 0.5}\n" for at in range(1, 30)))
    for form in ("table", "plain"):
        code, out, _ = outcome(capfd, "inspect", "q.csv", "-f", form)
        assert code == 0 and "\x1b" not in out


def test_drift_of_targets_predictions_and_errors(folder, capfd):
    rng = np.random.default_rng(8)
    for name, shift in (("may", 0.0), ("june", 3.0)):
        truth = rng.normal(10 + shift, 2, 400)
        pred = truth - 0.5 * shift + rng.normal(0, 1, 400)
        (folder / f"{name}.csv").write_text(table(y=truth.tolist(), pred=pred.tolist()))
    drift = {one["role"]: one for one in inspected(capfd, "june.csv", "--against", "may.csv")["against"]["drift"]}
    assert drift["target"]["wasserstein"] == pytest.approx(3, abs=0.4)
    assert drift["error"]["mean"] == pytest.approx(1.5, abs=0.2)
    assert drift["target"]["psi"] > 0.25 > drift["target"]["psi_critical"]
    same = inspected(capfd, "may.csv", "--against", "may.csv")["against"]["drift"]
    assert all(one["psi"] == one["wasserstein"] == 0 for one in same)
