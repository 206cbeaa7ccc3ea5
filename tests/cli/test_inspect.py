"""losscli inspect: the right losses first, commands that run, what looks wrong, and every output."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest
from inspected_tables import FIRST, write

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
    code, out, err = outcome(capfd, "inspect", *args, "-f", "json")
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
    "empty": table(y=RISING, pred=[v + 1 + v % 2 for v in RISING], note=[""] * 60),
    "infinite": table(y=RISING, pred=[v + 1 + v % 2 for v in RISING], score=["inf", *RISING[1:]]),
}  # fmt: skip


@pytest.mark.parametrize("code", WRONG)
def test_what_looks_wrong_is_said_and_the_commands_run(code, folder, capfd):
    (folder / "q.csv").write_text(WRONG[code])
    found = inspected(capfd, "q.csv")
    said = [one["code"] for one in found["findings"]]
    assert code in said and set(said) <= {code, "not_probabilities", "rare_class", "reversed"}, found["findings"]
    assert found["fits"], found
    run_commands(found, capfd)


def test_a_sound_table_has_no_findings(folder, capfd):
    for made in FIRST:
        assert inspected(capfd, write(made, "."))["findings"] == [], made.__name__
