"""HTML reports of every file of sample_data, of each kind of picture, and of very many slices: to be looked at."""

from __future__ import annotations

import json
import shlex
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as parquet
from click.testing import CliRunner

from losscli.cli import cli

COMMANDS = {
    "regression": "eval sample_data/diabetes.csv -t progression -p ridge -p forest -p boosting -l rmse -l mae "
                  "-l huber:delta=20 -l r2 --by sex --by age_group --interval --gate 'rmse<=55' --gate 'mae<=50'",
    "parquet": "eval sample_data/diabetes.parquet -t progression -p ridge -l mse -l smape -w exposure",
    "variances": "eval sample_data/diabetes.csv -t progression -p bayes -c variance=bayes_variance -l gaussian_nll "
                 "-l crps_gaussian --let 'scale = bayes_variance ** 0.5' -c scale=scale",
    "joined": "eval sample_data/diabetes_predictions.csv --targets sample_data/diabetes_targets.csv --on patient "
              "-t progression -p ridge -p forest -l pinball:q=0.8 -l mape --by age_group",
    "binary": "eval sample_data/cancer.csv -t diagnosis --positive malignant -p logistic_p -p forest_p -p boosting_p "
              "-l bce -l brier -l roc_auc -l average_precision -l f1 --by site --interval --gate 'bce<=0.1'",
    "margins": "eval sample_data/cancer.csv -t side -p svm_score -l hinge -l squared_hinge",
    "logits": "eval sample_data/cancer.csv -t malignant -p logistic_z -l bce_with_logits --class-weight balanced "
              "--skill --interval",
    "classes": "eval sample_data/digits.csv -t digit -p 'p_*' -l cross_entropy -l brier -l accuracy -l multiclass_f1",
    "vectors": "eval sample_data/digits.parquet -t digit_id -p logits -l cross_entropy_with_logits",
    "soft": "eval sample_data/digits.csv -t 't_*' -p 'p_*' -l cross_entropy -l brier",
    "penalties": "eval --table params=sample_data/weights.parquet -l l1_penalty:strength=0.01 -l l2_penalty",
    "embeddings": "eval sample_data/embeddings.parquet -c embedding=embedding -t digit --batch-by batch -l supcon",
    "prototypes": "eval sample_data/embeddings.parquet -c embedding='e_*' -t digit "
                  "--table prototypes=sample_data/prototypes.csv -c prototypes.class=name -l arcface",
    "views": "eval sample_data/views.parquet -c anchor=a -c positive=b --batch-by batch -l info_nce "
             "-l nt_xent:temperature=0.1 --interval",
    "triplets": "eval sample_data/triplets.parquet -c anchor=anchor -c positive=positive -c negative=negative "
                "-l triplet -l triplet:margin=0.2",
    "game": "eval sample_data/gan.csv -t target -p d_logit -l gan_discriminator_with_logits "
            "-l gan_generator_with_logits --by kind",
    "cycle": "eval sample_data/cycle.parquet -t image -p cycled -c domain=domain -l cycle_consistency",
    "comparison": "compare sample_data/diabetes.csv -t progression -p ridge -p forest -p boosting -l rmse -l mae "
                  "--by sex --pairs --power 0.8",
    "classifiers": "compare sample_data/cancer.csv -t malignant -p logistic_p -p forest_p -l bce -l accuracy",
    "baseline": "eval sample_data/diabetes.csv -t progression -p ridge=forest -l rmse --baseline base.json "
                "--gate 'rmse<=baseline+1%' --gate 'rmse<=60'",
    "temperature": "calibrate sample_data/digits.csv -t digit -p 'p_*' -l cross_entropy -l brier",
    "isotonic": "calibrate sample_data/cancer.csv -t malignant -p boosting_p -l brier --method isotonic",
    "quantiles": "eval forecasts.parquet -t y -p 'q_*' -l pinball_levels -l wis",
    "ensembles": "eval forecasts.parquet -t y -p members -l crps_ensemble",
    "suites": "check",
    "difference": "diff base.json new.json",
    "merged": "merge base.state",
    "reasons": "eval sample_data/cancer.csv -t malignant -p forest_p -l bce --why --worst 3 --columns site,case",
    "nothing": "eval sample_data/diabetes.csv -t progression -p ridge -l rmse --where 'sex == \"male\"' --by sex",
    "slices": "eval slices.parquet -t y -p a -p b -l mse -l mae -l huber --by region --interval "
              "--gate 'mae<=1 by region'",
}  # fmt: skip
"""What makes each report, but for -o."""

SUITES = """
[suites.regression]
sources = ["sample_data/diabetes.csv"]
target = "progression"
pred = ["ridge", "forest"]
losses = "rmse"
gates = ["rmse<=56"]

[suites.classes]
sources = ["sample_data/digits.csv"]
target = "digit"
pred = "p_*"
losses = ["cross_entropy", "accuracy"]
gates = ["accuracy>=0.9"]

[suites.broken]
sources = ["nowhere.csv"]
target = "y"
pred = "p"
losses = "mse"
gates = ["mse<=1"]
"""


def prepare(folder: Path) -> None:
    """What the commands read, beside sample_data."""
    rng = np.random.default_rng(1)
    y = rng.normal(size=800)
    members = (0.7 * y[:, None] + rng.normal(size=(800, 12))).round(6)
    table = {f"q_{q}": np.quantile(members, q, axis=1) for q in (0.1, 0.25, 0.5, 0.75, 0.9)}
    parquet.write_table(pa.table({"y": y, **table, "members": list(members)}), folder / "forecasts.parquet")
    y = rng.normal(size=40_000)
    slices = {"y": y, "a": y + rng.normal(size=len(y)), "b": y + 1.1 * rng.normal(size=len(y)),
              "region": [f"region {at % 1000}" for at in range(len(y))]}  # fmt: skip
    parquet.write_table(pa.table(slices), folder / "slices.parquet")
    (folder / "losscli.toml").write_text(SUITES, encoding="utf-8")
    run("eval sample_data/diabetes.csv -t progression -p ridge -l rmse -q -o base.json")
    for output in ("-q -o new.json", "--by sex --state-out base.state"):
        run(f"eval sample_data/diabetes.csv -t progression -p ridge=forest -l rmse {output}")


def run(command: str) -> str:
    """What a command prints in this folder."""
    done = CliRunner().invoke(cli, shlex.split(command), standalone_mode=False)
    if done.exception is not None:
        raise done.exception
    return done.stdout


def make(name: str, folder: Path) -> tuple[Path, Counter[str]]:
    """The page of a command, which runs in this folder, and how often it must show which verdict."""
    page, data = folder / f"{name}.html", folder / f"{name}.json"
    if COMMANDS[name].startswith("calibrate"):
        for path in (page, data):
            path.write_text(run(f"{COMMANDS[name]} -f {path.suffix[1:]}"), encoding="utf-8")
    else:
        run(f"{COMMANDS[name]} -o html={page} -o json={data} -q")
    return page, verdicts(json.loads(data.read_text(encoding="utf-8")))


def verdicts(report: Any) -> Counter[str]:
    """The verdicts of gates and comparisons in a JSON report."""
    if isinstance(report, list):
        return sum(map(verdicts, report), Counter())
    if not isinstance(report, dict):
        return Counter()
    found = sum(map(verdicts, report.values()), Counter())
    if report.get("verdict"):
        found[report["verdict"]] += 1
    if "gate" in report and report.get("state"):
        found[{"failed": "FAIL", "passed": "pass", "error": "ERROR"}.get(report["state"], report["state"])] += 1
    return found
