"""docs/kaggle-metrics.md is true: each command, run in this process, prints what the page says and what NumPy says.

`python tests/test_kaggle.py` writes what the commands print into the page.
"""

from __future__ import annotations

import csv
import itertools
import json
import math
import re
import shlex
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest

from losscli.cli import entry

FILES = Path(__file__).parent / "kaggle"
PAGE = Path(__file__).parents[1] / "docs" / "kaggle-metrics.md"
LINE = re.compile(r"^\| ([^|]+) \| [^|]+ \| `losscli ((?:[^|`]|\\\|)+)` \| (\S+) \|$", re.MULTILINE)


@dataclass(frozen=True)
class Row:
    """One metric of the page."""

    name: str
    command: str
    printed: str

    @property
    def words(self) -> list[str]:
        return shlex.split(self.command.replace(r"\|", "|"))


ROWS = [Row(*found) for found in LINE.findall(PAGE.read_text(encoding="utf-8"))]


def columns(name: str) -> dict[str, np.ndarray]:
    """The columns of a file: numbers, or texts where one is none."""
    if name.endswith(".jsonl"):
        lines = [json.loads(line) for line in (FILES / name).read_text().splitlines()]
        return {key: np.array([line[key] for line in lines], float) for key in lines[0]}
    with (FILES / name).open(newline="") as file:
        rows = list(csv.DictReader(file))
    found = {}
    for key in rows[0]:
        values = [row[key] for row in rows]
        try:
            found[key] = np.array(values, float)
        except ValueError:
            found[key] = np.array(values)
    return found


def side(data: dict[str, np.ndarray], start: str) -> np.ndarray:
    return np.column_stack([values for key, values in data.items() if key.startswith(start)])


NUMBERS, BINARY, CLASSES, LABELS = map(columns, ("numbers.csv", "binary.csv", "classes.csv", "labels.csv"))
Y, P = NUMBERS["y"], NUMBERS["p"]
YES, SURE = BINARY["y"], BINARY["p"]
NAMES = [key.removeprefix("p_") for key in CLASSES if key.startswith("p_")]
PROBS, TRUE = side(CLASSES, "p_"), np.array([NAMES.index(name) for name in CLASSES["label"]])
GUESS = np.array([NAMES.index(name) for name in CLASSES["guess"]])
VECTORS = columns("vectors.csv")
ACTUAL, GUESSED = side(VECTORS, "x_"), side(VECTORS, "g_")
MASKS = columns("masks.jsonl")


def rmse(y, p):
    return np.sqrt(np.mean((y - p) ** 2))


def pearson(y, p):
    return np.corrcoef(y, p)[0, 1]


def ranks(x):
    return np.array([(x < v).sum() + ((x == v).sum() + 1) / 2 for v in x])


def auc(y, p):
    return np.mean([(a > b) + (a == b) / 2 for a in p[y == 1] for b in p[y == 0]])


def log_loss(y, p):
    return -np.mean(y * np.log(p) + (1 - y) * np.log(1 - p))


def f_beta(beta, said=SURE > 0.5, y=YES):
    hits = (said * y).sum()
    precision, recall = hits / said.sum(), hits / y.sum()
    return (1 + beta**2) * precision * recall / (beta**2 * precision + recall)


def macro_f1():
    return np.mean([f_beta(1, CLASSES["guess"] == name, CLASSES["label"] == name) for name in NAMES])


def average_precision():
    steps = sorted(zip(SURE, YES, strict=True), reverse=True)
    cuts = [(sum(y for q, y in steps if q >= p) / sum(q >= p for q, _ in steps), sum(q == p and y for q, y in steps))
            for p in sorted(set(SURE))]  # fmt: skip
    return sum(precision * hits for precision, hits in cuts) / YES.sum()


def kappa():
    data = columns("ratings.csv")
    pairs = list(itertools.product(data["rating"], data["grade"]))
    seen = np.mean((data["rating"] - data["grade"]) ** 2)
    return 1 - seen / np.mean([(a - b) ** 2 for a, b in pairs])


def kendall():
    signs = [np.sign((Y[i] - Y[j]) * (P[i] - P[j])) for i, j in itertools.combinations(range(len(Y)), 2)]
    return np.mean(signs)  # no ties here


def of_groups(name: str, key: str, value: Callable, one: str = "y", other: str = "p") -> float:
    data = columns(name)
    return np.mean([value(data[one][data[key] == g], data[other][data[key] == g]) for g in np.unique(data[key])])


def lists(value: Callable) -> float:
    data = columns("lists.csv")
    found = []
    for query in np.unique(data["query"]):
        mine = data["query"] == query
        found.append(value(data["relevant"][mine][np.argsort(-data["score"][mine])]))
    return np.mean(found)


def precision_at(k, hits):
    return sum(hits[: i + 1].mean() for i in range(min(k, len(hits))) if hits[i]) / min(k, hits.sum())


def dcg(k, gains):
    return sum(gain / math.log2(i + 2) for i, gain in enumerate(gains[:k]))


def label_ranking(y, p):
    rows = []
    for truth, scores in zip(y, p, strict=True):
        mine = scores[truth == 1]
        rows.append(np.mean([(mine >= s).sum() / (scores >= s).sum() for s in mine]))
    return np.mean(rows)


def dice(y, p):
    return 2 * (y * p).sum(-1) / (y.sum(-1) + p.sum(-1))


def osic():
    data = columns("sigmas.csv")
    sigma, away = np.maximum(data["sigma"], 70), np.minimum(np.abs(data["fvc"] - data["pred"]), 1000)
    return np.mean(math.sqrt(2) * away / sigma + np.log(math.sqrt(2) * sigma))


def gaussian():
    data = columns("sigmas.csv")
    z = (data["fvc"] - data["pred"]) / data["sigma"]
    return np.mean(np.log(2 * np.pi * data["sigma"] ** 2) + z**2) / 2


def steps():
    data = columns("steps.csv")
    return np.mean((side(data, "c_") - (data["volume"][:, None] <= np.array([10, 20, 30, 40]))) ** 2)


def pinball():
    data, levels = columns("sales.csv"), np.array([0.1, 0.5, 0.9])
    away = data["units"][:, None] - side(data, "q_")
    return np.mean(np.maximum(levels * away, (levels - 1) * away))


def concordance(data):
    pairs = [(i, j) for i, j in itertools.permutations(range(len(data["months"])), 2)
             if data["died"][i] and data["months"][i] < data["months"][j]]  # fmt: skip
    risk = data["risk"]
    return np.mean([(risk[i] > risk[j]) + (risk[i] == risk[j]) / 2 for i, j in pairs])


def concordance_of_groups():
    data = columns("survival.csv")
    parts = [{key: values[data["race"] == race] for key, values in data.items()} for race in np.unique(data["race"])]
    return np.mean([concordance(part) for part in parts])


def divergence():
    data = columns("votes.csv")
    y, p = side(data, "v_"), side(data, "p_")
    return np.mean((y * np.log(y / p)).sum(axis=1))


def several_mcc():
    said, true = np.eye(3)[GUESS], np.eye(3)[TRUE]

    def covariance(a, b):
        return ((a - a.mean(0)) * (b - b.mean(0))).sum()

    return covariance(said, true) / math.sqrt(covariance(said, said) * covariance(true, true))


def sharpe():
    returns = columns("returns.csv")["return"]
    return math.sqrt(252) * returns.mean() / returns.std()


def columnwise(value):
    return np.mean([*map(value, side(LABELS, "y_").T, side(LABELS, "p_").T)])


def weighted_log_loss():
    weights = np.array([{"cat": 1, "dog": 2, "owl": 4}[name] for name in CLASSES["label"]])
    return -(weights * np.log(PROBS[range(len(TRUE)), TRUE])).sum() / weights.sum()


SAID = SURE > 0.5
RECALL, SPECIFICITY = SAID[YES == 1].mean(), (~SAID)[YES == 0].mean()
COSINES = (ACTUAL * GUESSED).sum(1) / np.linalg.norm(ACTUAL, axis=1) / np.linalg.norm(GUESSED, axis=1)

# By definition, with NumPy; what the page says of each metric has to be this.
ELSEWHERE: dict[str, Callable[[], float]] = {
    "Root Mean Squared Error": lambda: rmse(Y, P),
    "Mean Squared Error": lambda: np.mean((Y - P) ** 2),
    "Mean Absolute Error": lambda: np.mean(np.abs(Y - P)),
    "Weighted Mean Absolute Error": lambda: np.average(np.abs(Y - P), weights=NUMBERS["w"]),
    "Median Absolute Error": lambda: np.median(np.abs(Y - P)),
    "Root Mean Squared Logarithmic Error": lambda: rmse(np.log1p(Y), np.log1p(P)),
    "Mean Squared Logarithmic Error": lambda: rmse(np.log1p(Y), np.log1p(P)) ** 2,
    "Root Mean Square Percentage Error": lambda: np.sqrt(np.mean(((Y - P) / Y) ** 2)),
    "Mean Absolute Percentage Error": lambda: np.mean(np.abs(Y - P) / Y),
    "SMAPE": lambda: 100 * np.mean(2 * np.abs(Y - P) / (Y + P)),
    "R2 Score": lambda: 1 - ((Y - P) ** 2).sum() / ((Y - Y.mean()) ** 2).sum(),
    "Pearson correlation": lambda: pearson(Y, P),
    "Mean Pearson correlation of the days": lambda: of_groups("numbers.csv", "series", pearson),
    "Spearman's correlation": lambda: pearson(ranks(Y), ranks(P)),
    "Kendall tau correlation": kendall,
    "Share off by more than 10 %": lambda: np.mean(np.abs(Y - P) > 0.1 * Y),
    "Mean Columnwise Root Mean Squared Error": lambda: np.mean([*map(rmse, ACTUAL.T, GUESSED.T)]),
    "Mean Rowwise Root Mean Squared Error": lambda: np.mean([*map(rmse, ACTUAL, GUESSED)]),
    "Cosine similarity": lambda: COSINES.mean(),
    "Mean Angular Error": lambda: np.arccos(COSINES).mean(),
    "Mean Euclidean Distance": lambda: np.linalg.norm(ACTUAL - GUESSED, axis=1).mean(),
    "Area Under the ROC Curve": lambda: auc(YES, SURE),
    "Mean Columnwise ROC AUC": lambda: of_groups("columns.csv", "column", auc),
    "Gini": lambda: 2 * auc(YES, SURE) - 1,
    "Log Loss": lambda: log_loss(YES, SURE),
    "Mean Columnwise Log Loss": lambda: columnwise(log_loss),
    "Brier Score": lambda: np.mean((YES - SURE) ** 2),
    "F1 Score": lambda: f_beta(1),
    "FBeta Score": lambda: f_beta(2),
    "Balanced Accuracy": lambda: (RECALL + SPECIFICITY) / 2,
    "Matthews Correlation Coefficient": lambda: pearson(YES, SAID),
    "Average Precision": average_precision,
    "Categorization Accuracy": lambda: np.mean(CLASSES["label"] == CLASSES["guess"]),
    "Multi-Class Log Loss": lambda: -np.mean(np.log(PROBS[range(len(TRUE)), TRUE])),
    "Weighted Multi-Class Log Loss": weighted_log_loss,
    "Balanced Accuracy of several classes": lambda: np.mean([np.mean(GUESS[k == TRUE] == k) for k in range(3)]),
    "Matthews Correlation of several classes": several_mcc,
    "Mean Best Error @ K": lambda: np.mean([t not in np.argsort(-p)[:2] for t, p in zip(TRUE, PROBS, strict=True)]),
    "Mean F1-Score of rows": lambda: dice(side(LABELS, "y_"), side(LABELS, "p_") > 0.5).mean(),
    "Hamming loss": lambda: np.mean((side(LABELS, "p_") > 0.5) != side(LABELS, "y_")),
    "Probabilistic F1": lambda: 2 * (SURE * YES).sum() / (SURE.sum() + YES.sum()),
    "Sharpe ratio of a year": sharpe,
    "Macro F1": macro_f1,
    "Label Ranking Average Precision": lambda: label_ranking(side(LABELS, "y_"), side(LABELS, "p_")),
    "Quadratic Weighted Kappa": kappa,
    "Ranked Probability Score": lambda: np.mean(
        ((PROBS.cumsum(1) - np.eye(3)[TRUE].cumsum(1)) ** 2)[:, :-1].sum(1)
    ),
    "Kullback-Leibler divergence": divergence,
    "Mean Average Precision @ K": lambda: lists(lambda hits: precision_at(3, hits)),
    "NDCG @ K": lambda: lists(lambda gains: dcg(3, gains) / dcg(3, np.sort(gains)[::-1])),
    "Recall @ K": lambda: lists(lambda hits: hits[:2].sum() / hits.sum()),
    "Dice coefficient, mean over images": lambda: dice(MASKS["target"], MASKS["mask"]).mean(),
    "Dice coefficient, all images together": lambda: dice(MASKS["target"].ravel(), MASKS["mask"].ravel()),
    "Jaccard (IoU)": lambda: np.mean(
        np.minimum(MASKS["target"], MASKS["mask"]).sum(1) / np.maximum(MASKS["target"], MASKS["mask"]).sum(1)
    ),
    "Laplace Log Likelihood (negated)": osic,
    "Gaussian Log Likelihood (negated)": gaussian,
    "Continuous Ranked Probability Score": steps,
    "Pinball loss of quantiles": pinball,
    "Concordance index": lambda: concordance(columns("survival.csv")),
    "Concordance index, mean over groups": concordance_of_groups,
}  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
def test_the_command_prints_the_metric(row, monkeypatch, capsys):
    monkeypatch.chdir(FILES)
    assert entry.run([*row.words, "-q"]) == 0
    printed = float(capsys.readouterr().out)
    assert printed == pytest.approx(float(row.printed), rel=1e-12), "python tests/test_kaggle.py writes the page"
    assert printed == pytest.approx(float(ELSEWHERE[row.name]()), rel=1e-10)


def test_every_file_and_every_metric_is_on_the_page():
    assert {row.name for row in ROWS} == set(ELSEWHERE)
    assert {row.words[1] for row in ROWS} == {path.name for path in FILES.iterdir()}


def main() -> None:
    text = PAGE.read_text(encoding="utf-8")
    for row in ROWS:
        command = [sys.executable, "-m", "losscli", *row.words, "-q"]
        printed = subprocess.run(command, cwd=FILES, capture_output=True, text=True, check=True).stdout.strip()
        text = text.replace(f"`losscli {row.command}` | {row.printed} |", f"`losscli {row.command}` | {printed} |")
    PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
