"""The files that docs/real-files.md scores, as the tools write them: python tests/real_files/make.py

Needs numpy, pandas, polars and scikit-learn. The files of R, Excel, Vowpal Wabbit, xgboost's command, TREC,
lm-evaluation-harness, StatsForecast, Inspect, JARVIS, Matbench and scoringutils are written here in the form in which
these write them, which the comments cite.
"""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import numpy as np
import pandas as pd
import polars as pl
from sklearn.datasets import load_diabetes, load_iris
from sklearn.linear_model import LogisticRegression, Ridge

HERE = Path(__file__).parent


def text(name: str, content: str) -> None:
    (HERE / name).write_text(content, encoding="utf-8", newline="")


def zipped(name: str, member: str, content: str) -> None:
    with zipfile.ZipFile(HERE / name, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(zipfile.ZipInfo(member, (2026, 1, 1, 0, 0, 0)), content)


def scikit_learn() -> None:
    x, y = load_iris(return_X_y=True, as_frame=True)
    names = load_iris().target_names[y]
    train, test = np.arange(len(y)) % 3 > 0, np.arange(len(y)) % 15 == 0
    model = LogisticRegression(max_iter=1000).fit(x[train], names[train])
    frame = pd.DataFrame({"y_true": names[test], "y_pred": model.predict(x[test])})
    proba = pd.DataFrame(model.predict_proba(x[test]), columns=[f"proba_{name}" for name in model.classes_])
    pd.concat([frame, proba], axis=1).to_csv(HERE / "sklearn.csv", index=False)
    logits, labels = model.decision_function(x[test]).astype(np.float32), y[test].to_numpy()
    # PredictionOutput of Hugging Face's Trainer.predict: np.savez("predictions.npz", **output._asdict()) without None
    np.savez(HERE / "predictions.npz", predictions=logits, label_ids=labels)


def pandas() -> None:
    x, y = load_diabetes(return_X_y=True, as_frame=True)
    pred = pd.Series(Ridge().fit(x[50:], y[50:]).predict(x[:8]), name="y_pred", index=[f"p{i}" for i in range(8)])
    pred.to_csv(HERE / "pandas_pred.csv")
    pd.Series(y[:8].to_numpy(), name="y_true", index=pred.index)[::-1].to_csv(HERE / "pandas_true.csv")


def polars() -> None:
    pl.DataFrame({
        "label": ["cat", "dog", "dog"],
        "scores": [{"cat": 0.75, "dog": 0.25}, {"cat": 0.5, "dog": 0.5}, {"cat": 0.125, "dog": 0.875}],
    }).write_parquet(HERE / "polars.parquet")  # fmt: skip


def r() -> None:
    # write.table(d, "write_table.txt") has no name for the row names, write.csv(d, "write_csv.csv") an empty one.
    rows = [(1, 2.5, 2.25), (2, 3, 3.5), (3, "NA", 1), (4, 10.125, 9.125)]
    text("write_table.txt", '"observed" "predicted"\n' + "".join(f'"{i}" {o} {p}\n' for i, o, p in rows))
    text("write_csv.csv", '"","observed","predicted"\n' + "".join(f'"{i}",{o},{p}\n' for i, o, p in rows))


def excel() -> None:
    # "CSV UTF-8" of a German Excel, whose first line was added so that any Excel opens it.
    text("excel.csv", "\ufeffsep=;\r\nactual;forecast\r\n1.234,5;1.230,5\r\n10,25;9,25\r\n0,5;1,5\r\n")


def kaggle() -> None:
    text("solution.csv", "id,target,Usage\n1,0.5,Public\n2,1.5,Private\n3,2.5,Private\n4,4.0,Public\n")
    text("submission.csv", "id,target\n4,3.0\n3,2.0\n2,1.5\n1,1.0\n")


def harness() -> None:
    # EvaluationTracker.save_results_samples: resps, filtered_resps and target are texts (sanitize_list, str).
    def row(number: int, gold: int, scores: list[tuple[str, str]]) -> str:
        best = max(range(2), key=lambda i: float(scores[i][0]))
        return json.dumps({
            "doc_id": number, "doc": {"question": f"q{number}", "label": gold}, "target": str(gold),
            "arguments": {"gen_args_0": {"arg_0": "q", "arg_1": " no"}, "gen_args_1": {"arg_0": "q", "arg_1": " yes"}},
            "resps": [[list(score)] for score in scores], "filtered_resps": [list(score) for score in scores],
            "filter": "none", "metrics": ["acc"], "doc_hash": f"{number:064x}", "prompt_hash": f"{number:064x}",
            "target_hash": f"{number:064x}", "acc": float(best == gold),
        }, ensure_ascii=False) + "\n"  # fmt: skip

    rows = [
        row(0, 1, [("-2.5", "False"), ("-0.5", "True")]),
        row(1, 0, [("-0.75", "True"), ("-1.25", "False")]),
        row(2, 1, [("-0.25", "True"), ("-3.25", "False")]),
    ]
    text("samples_boolq.jsonl", "".join(rows))


def inspect() -> None:
    # A log of Inspect (.eval) is a zip archive; its summaries.json has a record for each sample.
    def sample(number: int, human: float, grade: float) -> dict:
        score = {"value": grade, "answer": f"answer {number}", "explanation": "…", "metadata": {}, "history": []}
        return {"id": number, "epoch": 1, "input": f"q{number}", "target": f"t{number}", "metadata": {"human": human},
                "scores": {"model_graded_qa": score}, "completed": True}  # fmt: skip

    with zipfile.ZipFile(HERE / "log.eval", "w", zipfile.ZIP_DEFLATED) as archive:
        parts = {
            "header.json": {"version": 2, "status": "success"},
            "summaries.json": [sample(1, 1.0, 1.0), sample(2, 0.5, 0.0), sample(3, 0.0, 0.25), sample(4, 1.0, 0.75)],
        }
        for name, value in parts.items():
            archive.writestr(zipfile.ZipInfo(name, (2026, 1, 1, 0, 0, 0)), json.dumps(value, indent=2))


def forecasts() -> None:
    # StatsForecast.cross_validation(h=2, level=[90]), and its forecast with the targets in a long table (Nixtla's).
    text("cross_validation.csv",
         "unique_id,ds,cutoff,y,Naive,AutoETS,AutoETS-lo-90,AutoETS-hi-90\n"
         "H1,2026-01-03,2026-01-02,12.0,10.0,11.5,9.5,13.5\nH1,2026-01-04,2026-01-02,11.0,10.0,11.5,9.0,14.0\n"
         "H2,2026-01-03,2026-01-02,5.0,7.0,6.5,5.5,7.5\nH2,2026-01-04,2026-01-02,8.0,7.0,6.5,5.0,8.0\n")  # fmt: skip
    text("forecast.csv",
         "unique_id,ds,Naive,AutoETS\nH1,2026-01-03,10.0,11.5\nH1,2026-01-04,10.0,11.5\nH2,2026-01-03,7.0,6.5\n"
         "H2,2026-01-04,7.0,6.5\n")  # fmt: skip
    text("long.csv",
         "unique_id,ds,y\nH2,2026-01-03 00:00:00,5.0\nH2,2026-01-04 00:00:00,8.0\nH1,2026-01-03 00:00:00,12.0\n"
         "H1,2026-01-04 00:00:00,11.0\n")  # fmt: skip


def m4() -> None:
    # Submissions have id,F1..F48, the test set V1 (the id) and V2..V49; here two steps ahead.
    text("m4_submission.csv", "id,F1,F2\nY1,1.0,2.0\nY2,3.0,5.0\n")
    text("m4_test.csv", '"V1","V2","V3"\n"Y1",1.0,3.0\n"Y2",4.0,5.0\n')


def xgboost() -> None:
    # `xgboost task=pred` and np.savetxt("pred.txt", booster.predict(dtest)) write a number a line.
    np.savetxt(HERE / "pred.txt", np.array([0.875, 0.25, 0.5, 0.125], np.float32))
    np.save(HERE / "labels.npy", np.array([1, 0, 1, 0], np.float32))  # dtest.get_label()


def materials() -> None:
    # JARVIS-Leaderboard: the benchmark is {split: {id: value}}, a submission a zipped CSV with id,target,prediction.
    splits = {
        "train": {"JVASP-1": 0.5, "JVASP-2": 1.0},
        "test": {"JVASP-10": 1.5, "JVASP-11": 0.0, "JVASP-12": 2.25},
    }
    zipped("jarvis_truth.json.zip", "dft_3d_gap.json", json.dumps(splits))
    zipped("jarvis_pred.csv.zip", "AI-SinglePropertyPrediction-gap.csv",
           "id,prediction\nJVASP-12,2.0\nJVASP-10,1.0\nJVASP-11,0.25\n")  # fmt: skip
    # Matbench's predictions by fold, and their targets as {fold: {id: value}}.
    folds = {f"fold_{i}": {f"mb-{3 * i + j}": i + j / 2 for j in range(3)} for i in range(2)}
    text("matbench_pred.json", json.dumps({k: {i: v + 0.25 * (k == "fold_1") for i, v in f.items()}
                                           for k, f in folds.items()}, indent=1))  # fmt: skip
    text("matbench_true.json", json.dumps(folds, indent=1))


def scoringutils() -> None:
    # Forecast hubs: several models and quantiles to one observation.
    rows = [("DE", "2026-01-10", model, q, v + shift) for model, shift in (("ensemble", 0.0), ("baseline", 3.0))
            for q, v in ((0.25, 8.0), (0.5, 10.0), (0.75, 13.0))]  # fmt: skip
    text("hub_forecasts.csv", "location,target_end_date,model,quantile_level,predicted\n"
         + "".join(",".join(map(str, row)) + "\n" for row in rows))  # fmt: skip
    text("hub_observations.csv", "location,target_end_date,observed\nDE,2026-01-10,11.0\nFR,2026-01-10,7.0\n")


def vowpal_wabbit() -> None:
    # vw -t -p predictions.txt: the prediction and the tag of each example.
    text("vw_predictions.txt", "0.75 a1\n0.25 a2\n0.5 a3\n")
    text("vw_labels.txt", "a3 1\na1 1\na2 0\n")


def trec() -> None:
    text("qrels.txt", "q1 0 d1 1\nq1 0 d2 0\nq2 0 d1 0\nq2 0 d3 2\n")
    text("run.txt", "q1 Q0 d1 1 0.9 bm25\nq1 Q0 d2 2 0.4 bm25\nq2\tQ0  d3 1 1.5 bm25\nq2 Q0 d1 2 0.5 bm25\n")


if __name__ == "__main__":
    for write in (scikit_learn, pandas, polars, r, excel, kaggle, harness, inspect, forecasts, m4, xgboost, materials,
                  scoringutils, vowpal_wabbit, trec):  # fmt: skip
        write()
