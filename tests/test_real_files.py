"""docs/real-files.md is true: each of its commands, run in this process, prints what it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from pathlib import Path

import generate
import pytest

from losscli.cli import entry

FILES = Path(__file__).parent / "real_files"
PAGE = Path(__file__).parents[1] / "docs" / "real-files.md"
TEXT = PAGE.read_text(encoding="utf-8")
COMMANDS = [c for block in generate.fences(TEXT, "console") for c in generate.commands(block)]

# What scikit-learn and NumPy say of these files: log_loss, the Brier score of one-hot classes, mean_absolute_error,
# root_mean_squared_error, log-sum-exp less the logit of the label; what is not here is a sum of a few numbers by hand.
ELSEWHERE = {
    "sklearn.csv": [0.06240999717425, 0.010603128541270886],
    "pandas_pred.csv": [31.239160090076076, 41.54814623366662],
    "write_csv.csv": [(0.25 + 0.5 + 1) / 3],
    "write_table.txt": [(0.25 + 0.5 + 1) / 3],
    "excel.csv": [(4 + 1 + 1) / 3],
    "submission.csv": [(1.5 / 4) ** 0.5, (0.25 / 2) ** 0.5, (1.25 / 2) ** 0.5],
    "polars.parquet": [(0.125 + 0.5 + 0.03125) / 3],
    "pred.txt": [0.3119730095651929],
    "vw_predictions.txt": [0.4228371084878357],
    "run.txt": [(0.01 + 0.16 + 0.25 + 0.25) / 4],
    "predictions.npz": [0.062409997565432196],
    "samples_boolq.jsonl": [1.216530782265607],
    "log.eval:summaries.json": [(0 + 0.5 + 0.25 + 0.25) / 4],
    "cross_validation.csv": [1.5, 1.5, 1.5, 1.0, 0.5, 1.5],
    "m4_submission.csv": [(0 + 1 + 1 + 0) / 4],
    "forecast.csv": [1.5, 1.0],
    "hub_forecasts.csv": [(1.75 + 2.25) / 6, 2.25 / 3, 1.75 / 3],
    "jarvis_pred.csv.zip": [(0.5 + 0.25 + 0.25) / 3],
    "matbench_pred.json": [0.125, 0.0, 0.25],
}
QUANTILES = ["cross_validation.csv", "-t", "y", "-p", "AutoETS-*-90", "-l", "pinball"]
LOW, HIGH = (0.05 * (2.5 + 2 + 3) + 0.95 * 0.5) / 4, 0.05 * (1.5 + 3 + 2.5) / 4


@pytest.fixture
def here(monkeypatch):
    monkeypatch.chdir(FILES)


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: " ".join(command.text.split()))
def test_the_command_prints_what_the_page_says(command, here, capsys):
    words = shlex.split(command.text.replace("\\\n", " "))
    assert words[0] == "losscli" and entry.run(words[1:]) == 0
    printed = capsys.readouterr().out
    assert generate.same(printed, command.output), f"it prints\n{printed}"
    rows = [line.split("\t") for line in printed.splitlines()]
    at = rows[0].index("value")
    expected = ELSEWHERE[words[2]] if words[2:] != QUANTILES else [LOW, HIGH, (LOW + HIGH) / 2]
    expected = [1.0] if "y_pred" in words else expected  # scikit-learn: accuracy_score(y_true, y_pred)
    assert [float(row[at]) for row in rows[1:]] == pytest.approx(expected, rel=1e-12)


def test_every_file_is_scored():
    written = {path.name for path in FILES.iterdir() if path.suffix not in (".py", "")}
    assert written == set(re.findall(r"[\w-]+(?:\.[\w]+)+", " ".join(c.text for c in COMMANDS))) & written


def rewritten() -> str:
    """The page with what its commands print now: python tests/test_real_files.py writes it."""
    text = TEXT
    for command in COMMANDS:
        words = [sys.executable, "-m", "losscli", *shlex.split(command.text.replace("\\\n", " "))[1:]]
        printed = subprocess.run(words, cwd=FILES, capture_output=True, text=True, check=True).stdout
        text = text.replace(f"$ {command.text}\n{command.output}", f"$ {command.text}\n{printed}")
    return text


if __name__ == "__main__":
    PAGE.write_text(rewritten(), encoding="utf-8")
