"""Numbers for the measures of rankings: one query a case."""

from __future__ import annotations

from typing import Any

import numpy as np
from peers import Answer, Case, Inputs, by_numpy, by_torch, library, source

GRADES: Inputs = {
    "pred": [0.31, 1.72, -0.44, 2.65, 0.93, -1.28, 0.07, 1.36],
    "target": [1.0, 0.0, 2.0, 1.0, 3.0, 0.0, 0.0, 2.0],
}
TIED: Inputs = {"pred": [0.5, 1.5, 0.5, 1.5, 0.5, -1.0], "target": [1.0, 0.0, 2.0, 3.0, 0.0, 1.0]}
HITS: Inputs = {"pred": GRADES["pred"], "target": [1.0, 0.0, 1.0, 0.0, 1.0, 0.0, 0.0, 1.0]}
# torchmetrics' precision counts hits with scores above 0 only
ABOVE: Inputs = {"pred": [1.31, 2.72, 0.56, 3.65, 1.93, 0.28, 1.07, 2.36], "target": HITS["target"]}


def by_lightgbm_ranking(specs: str, metric: str, k: int, inputs: Inputs) -> Case:
    """A ranking metric of LightGBM on one query, whose scores are those of a model without trees."""

    def ask() -> Answer:
        lightgbm = library("lightgbm")
        n = len(inputs["pred"])
        settings = {"verbosity": -1, "num_threads": 1, "min_data_in_bin": 1, "feature_pre_filter": False}
        data = lightgbm.Dataset(
            np.arange(n, dtype=np.float64)[:, None], label=np.array(inputs["target"]), group=[n],
            init_score=np.array(inputs["pred"]), params=settings,
        )  # fmt: skip
        params = {"objective": "none", "metric": metric, "eval_at": [k], **settings}
        value = lightgbm.Booster(params, data).eval_train()[0][2]
        call = f"Booster(metric={metric!r}, eval_at=[{k}]).eval_train() on Dataset(target, init_score=pred, group=[n])"
        return Answer(source("lightgbm", call), repr(float(value)), {})

    return Case(tuple(specs.split()), inputs, None, ask)


def by_xgboost_ranking(specs: str, metric: str, inputs: Inputs) -> Case:
    """A ranking metric of XGBoost on one query, whose scores are the margin of a model without trees."""

    def ask() -> Answer:
        xgboost = library("xgboost")
        n = len(inputs["pred"])
        features = np.arange(n, dtype=np.float64)[:, None]
        given: dict[str, Any] = {"label": np.array(inputs["target"]), "base_margin": np.array(inputs["pred"])}
        data = xgboost.DMatrix(features, group=[n], **given)
        params = {"objective": "rank:ndcg", "base_score": 0.0, "eval_metric": metric}
        value = float(xgboost.train(params, data, num_boost_round=0).eval(data).rpartition(":")[2])
        call = f"train(dict(eval_metric={metric!r}), d, 0).eval(d) on DMatrix(target, base_margin=pred, group=[n])"
        return Answer(source("xgboost", call), repr(value), {})

    return Case(tuple(specs.split()), inputs, None, ask)


def cases() -> list[Case]:
    return [
        *_both("ndcg", "gain=linear", "sklearn.metrics.ndcg_score([target], [pred])", GRADES),
        *_both("ndcg", "gain=linear,k=3", "sklearn.metrics.ndcg_score([target], [pred], k=3)", GRADES),
        *_both("ndcg", "gain=linear", "sklearn.metrics.ndcg_score([target], [pred])", TIED),
        *_both("ndcg", "gain=linear,k=4", "sklearn.metrics.ndcg_score([target], [pred], k=4)", TIED),
        *_both("ndcg", "", "sklearn.metrics.ndcg_score([2**target - 1], [pred])", GRADES),
        *_both("ndcg", "ties=stable,gain=linear", "sklearn.metrics.ndcg_score([target], [pred], ignore_ties=True)",
               GRADES),
        by_numpy("sklearn", "ndcg@sklearn", "sklearn.metrics.ndcg_score([target], [pred])", TIED),
        by_lightgbm_ranking("ndcg:ties=stable,k=3 ndcg@lightgbm:k=3", "ndcg", 3, TIED),
        by_lightgbm_ranking("ndcg@lightgbm", "ndcg", 6, TIED),
        by_xgboost_ranking("ndcg:ties=stable,k=3 ndcg@xgboost:k=3", "ndcg@3", TIED),
        by_xgboost_ranking("ndcg@xgboost", "ndcg", TIED),
        *_both("map", "", "sklearn.metrics.average_precision_score(target, pred)", HITS),
        *_both("map", "", "sklearn.metrics.label_ranking_average_precision_score([target], [pred])", HITS),
        by_lightgbm_ranking("map:ties=stable,k=3", "map", 3, HITS),
        by_lightgbm_ranking("map@lightgbm", "map", 8, HITS),
        by_xgboost_ranking("map@xgboost", "map", HITS),
        by_xgboost_ranking("map:ties=stable,k=3 map:k=3", "map@3", HITS),
        *_measured("mrr", "", "retrieval_reciprocal_rank(pred, target > 0)", HITS),
        *_measured("mrr", "k=2", "retrieval_reciprocal_rank(pred, target > 0, top_k=2)", HITS),
        *_measured("mrr", "k=1", "retrieval_reciprocal_rank(pred, target > 0, top_k=1)", HITS),
        *_measured("recall_at_k", "k=3", "retrieval_recall(pred, target > 0, top_k=3)", HITS),
        *_measured("recall_at_k", "k=5", "retrieval_recall(pred, target > 0, top_k=5)", HITS),
        *_measured("precision_at_k", "k=4", "retrieval_precision(pred, target > 0, top_k=4)", ABOVE),
        *_measured("precision_at_k", "k=16", "retrieval_precision(pred, target > 0, top_k=16)", ABOVE),
        by_xgboost_ranking("precision_at_k:k=3", "pre@3", HITS),
        *_measured("hit_at_k", "k=2", "retrieval_hit_rate(pred, target > 0, top_k=2)", HITS),
        *_measured("hit_at_k", "k=3", "retrieval_hit_rate(pred, target > 0, top_k=3)", HITS),
    ]  # fmt: skip


def _both(score: str, settings: str, call: str, inputs: Inputs) -> list[Case]:
    """A score, and its loss."""
    behind = f":{settings}" if settings else ""
    return [
        by_numpy("sklearn", score + behind, call, inputs),
        by_numpy("sklearn", f"{score}_loss{behind}", f"1 - {call}", inputs),
    ]


def _measured(score: str, settings: str, call: str, inputs: Inputs) -> list[Case]:
    """A score and its loss by torchmetrics, which computes in single precision: these numbers are exact in it."""
    behind, call = f":{settings}" if settings else "", f"torchmetrics.functional.retrieval.{call}"
    return [
        by_torch("torchmetrics", score + behind, call, inputs, by=""),
        by_torch("torchmetrics", f"{score}_loss{behind}", f"1 - {call}", inputs, by=""),
    ]
