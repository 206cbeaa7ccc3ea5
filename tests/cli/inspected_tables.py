"""Tables as people have them, and the loss that should be proposed first for each: made here, with a fixed seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

ROWS = 240
Table = Callable[[np.random.Generator], pd.DataFrame]


def _logits(rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    logits = rng.normal(0, 2, ROWS)
    return logits, (rng.random(ROWS) < 1 / (1 + np.exp(-logits))).astype(int)


def probabilities(rng: np.random.Generator) -> pd.DataFrame:
    """Churn: a probability beside 0 and 1, with a key and a segment."""
    logits, churned = _logits(rng)
    return pd.DataFrame({"customer_id": np.arange(1, ROWS + 1), "churned": churned,
                         "prob": 1 / (1 + np.exp(-logits)), "plan": rng.choice(["free", "pro"], ROWS)})  # fmt: skip


def logits(rng: np.random.Generator) -> pd.DataFrame:
    """Margins of a classifier beside 0 and 1."""
    scores, label = _logits(rng)
    return pd.DataFrame({"label": label, "score": scores})


def words(rng: np.random.Generator) -> pd.DataFrame:
    """Spam: a probability beside two words."""
    logits, spam = _logits(rng)
    return pd.DataFrame({"label": np.where(spam == 1, "spam", "ham"), "proba": 1 / (1 + np.exp(-logits))})


def signs(rng: np.random.Generator) -> pd.DataFrame:
    """A support vector machine: decision values beside -1 and 1."""
    scores, label = _logits(rng)
    return pd.DataFrame({"y": 2 * label - 1, "decision": scores})


def regression(rng: np.random.Generator) -> pd.DataFrame:
    """House prices in thousands with ordinary errors, of two models."""
    target = rng.normal(300, 60, ROWS)
    return pd.DataFrame({"price": target, "linear": target + rng.normal(0, 30, ROWS),
                         "forest": target + rng.normal(0, 9, ROWS),
                         "region": rng.choice(["n", "s"], ROWS)})  # fmt: skip


def heavy_tails(rng: np.random.Generator) -> pd.DataFrame:
    """Delivery times with a few errors of another size."""
    target = rng.normal(30, 5, ROWS)
    return pd.DataFrame({"actual": target, "prediction": target + rng.standard_t(1.5, ROWS)})


def counts(rng: np.random.Generator) -> pd.DataFrame:
    """Calls an hour: whole numbers from 0 on, beside a rate."""
    rate = np.exp(rng.normal(1, 0.6, ROWS))
    return pd.DataFrame({"calls": rng.poisson(rate), "rate": rate * np.exp(rng.normal(0, 0.1, ROWS))})


def claims(rng: np.random.Generator) -> pd.DataFrame:
    """Insurance claims: 0 for most, else an amount."""
    mean = np.exp(rng.normal(4, 1.2, ROWS))
    cost = np.where(rng.random(ROWS) < 0.4, mean * rng.gamma(5, 0.5, ROWS), 0.0)
    return pd.DataFrame({"y": cost, "pred": mean})


def magnitudes(rng: np.random.Generator) -> pd.DataFrame:
    """Sales of products small and large: errors go with the size."""
    target = np.exp(rng.normal(6, 2, ROWS))
    return pd.DataFrame({"sales": target, "forecast": target * np.exp(rng.normal(0, 0.2, ROWS))})


def classes(rng: np.random.Generator) -> pd.DataFrame:
    """Probabilities of three species, a column each."""
    names = ["setosa", "versicolor", "virginica"]
    shares = rng.dirichlet([0.4] * 3, ROWS)
    target = [names[int(rng.choice(3, p=row))] for row in shares]
    return pd.DataFrame({"species": target, **{f"p_{name}": shares[:, at] for at, name in enumerate(names)}})


def class_logits(rng: np.random.Generator) -> pd.DataFrame:
    """Logits of four classes that are counted from 0."""
    scores = rng.normal(0, 2, (ROWS, 4))
    target = (scores + rng.gumbel(0, 1, (ROWS, 4))).argmax(axis=1)
    return pd.DataFrame({"label": target, **{f"logit_{at}": scores[:, at] for at in range(4)}})


def labels(rng: np.random.Generator) -> pd.DataFrame:
    """Predicted words beside the words that are right."""
    target = rng.choice(["cat", "dog", "bird"], ROWS)
    return pd.DataFrame({"animal": target, "predicted": np.where(rng.random(ROWS) < 0.7, target,
                                                                 rng.choice(["cat", "dog"], ROWS))})  # fmt: skip


def grades(rng: np.random.Generator) -> pd.DataFrame:
    """Essays: grades from 1 to 6 of a person and of a model."""
    target = rng.integers(1, 7, ROWS)
    return pd.DataFrame({"essay_id": np.arange(ROWS), "human": target,
                         "model": np.clip(target + rng.integers(-1, 2, ROWS), 1, 6)})  # fmt: skip


def quantiles(rng: np.random.Generator) -> pd.DataFrame:
    """A forecast of five quantiles."""
    center = rng.normal(100, 10, ROWS)
    levels = {"q_0.05": -1.645, "q_0.25": -0.674, "q_0.5": 0.0, "q_0.75": 0.674, "q_0.95": 1.645}
    return pd.DataFrame({"observed": center + rng.normal(0, 5, ROWS),
                         **{name: center + 5 * z for name, z in levels.items()}})  # fmt: skip


def intervals(rng: np.random.Generator) -> pd.DataFrame:
    """Prediction intervals of 90 %, as StatsForecast names them."""
    center = rng.normal(100, 10, ROWS)
    return pd.DataFrame({"ds": pd.date_range("2026-01-01", periods=ROWS).strftime("%Y-%m-%d"),
                         "y": center + rng.normal(0, 5, ROWS), "AutoETS": center,
                         "AutoETS-lo-90": center - 8.2, "AutoETS-hi-90": center + 8.2})  # fmt: skip


def gaussian(rng: np.random.Generator) -> pd.DataFrame:
    """A mean with its standard deviation."""
    sigma = np.exp(rng.normal(0, 0.4, ROWS))
    mean = rng.normal(10, 3, ROWS)
    return pd.DataFrame({"y": mean + sigma * rng.normal(size=ROWS), "pred": mean, "sigma": sigma})


def ensemble(rng: np.random.Generator) -> pd.DataFrame:
    """Members of a weather forecast."""
    center = rng.normal(15, 6, ROWS)
    return pd.DataFrame({"temperature": center + rng.normal(0, 1, ROWS),
                         **{f"member_{at}": center + rng.normal(0, 1, ROWS) for at in range(1, 9)}})  # fmt: skip


def survival(rng: np.random.Generator) -> pd.DataFrame:
    """Months until an event, some of them censored, beside a risk."""
    risk = rng.normal(0, 1, ROWS)
    time = rng.exponential(12 * np.exp(-risk))
    censored = rng.exponential(20, ROWS)
    return pd.DataFrame({"duration": np.minimum(time, censored) + 0.01, "event": (time <= censored).astype(int),
                         "risk": risk, "age": rng.integers(40, 80, ROWS)})  # fmt: skip


def ranking(rng: np.random.Generator) -> pd.DataFrame:
    """Search results: relevance from 0 to 3 within each query."""
    relevance = rng.integers(0, 4, ROWS)
    return pd.DataFrame({"query_id": np.repeat(np.arange(ROWS // 8), 8), "label": relevance,
                         "score": relevance + rng.normal(0, 1.2, ROWS)})  # fmt: skip


def vectors(rng: np.random.Generator) -> pd.DataFrame:
    """Embeddings of triplets, as lists."""
    anchor = rng.normal(size=(ROWS, 6))
    near, far = anchor + 0.3 * rng.normal(size=(ROWS, 6)), rng.normal(size=(ROWS, 6))
    return pd.DataFrame({name: [row.round(4).tolist() for row in rows]
                         for name, rows in (("anchor", anchor), ("positive", near), ("negative", far))})  # fmt: skip


def pairs(rng: np.random.Generator) -> pd.DataFrame:
    """Embeddings that should point to the same side, a column each number."""
    target = rng.normal(size=(ROWS, 4))
    pred = target + 0.4 * rng.normal(size=(ROWS, 4))
    return pd.DataFrame({**{f"target_{at}": target[:, at] for at in range(4)},
                         **{f"pred_{at}": pred[:, at] for at in range(4)}})  # fmt: skip


def multilabel(rng: np.random.Generator) -> pd.DataFrame:
    """Tags: a probability for each, and whether it is there."""
    probs = rng.beta(0.6, 0.9, (ROWS, 4))
    tags = (rng.random((ROWS, 4)) < probs).astype(int)
    names = ["news", "sport", "art", "food"]
    return pd.DataFrame({**{f"t_{name}": tags[:, at] for at, name in enumerate(names)},
                         **{f"p_{name}": probs[:, at] for at, name in enumerate(names)}})  # fmt: skip


def preferences(rng: np.random.Generator) -> pd.DataFrame:
    """Rewards of a chosen and a rejected answer."""
    return pd.DataFrame({"chosen": rng.normal(1, 1, ROWS), "rejected": rng.normal(0, 1, ROWS)})


def log_probabilities(rng: np.random.Generator) -> pd.DataFrame:
    """Log-probabilities of tokens."""
    return pd.DataFrame({"token": rng.choice(["a", "b", "c"], ROWS), "logprob": -rng.exponential(2, ROWS)})


FIRST: dict[Table, tuple[str, ...]] = {
    probabilities: ("bce", "brier", "roc_auc"),
    logits: ("bce_with_logits", "roc_auc"),
    words: ("bce", "brier", "roc_auc"),
    signs: ("hinge",),
    regression: ("mae", "rmse", "r2"),
    heavy_tails: ("huber:delta=1.6", "mae"),
    counts: ("poisson_deviance", "mae"),
    claims: ("tweedie_deviance",),
    magnitudes: ("mape", "rmsle"),
    classes: ("cross_entropy", "brier", "accuracy"),
    class_logits: ("cross_entropy_with_logits", "accuracy"),
    labels: ("accuracy", "multiclass_f1"),
    grades: ("qwk", "mae"),
    quantiles: ("pinball_levels", "weighted_interval_score"),
    intervals: ("interval_score", "coverage"),
    gaussian: ("crps_gaussian",),
    ensemble: ("crps_ensemble",),
    survival: ("cox", "c_index"),
    ranking: ("ndcg",),
    vectors: ("triplet",),
    pairs: ("cosine_distance",),
    multilabel: ("hamming_loss", "lrap", "multilabel_f1"),
    preferences: ("bradley_terry",),
    log_probabilities: ("perplexity",),
}
"""The losses that should come first, in this order."""


def rows_of(table: Table) -> pd.DataFrame:
    """The table, which is the same each time."""
    return table(np.random.default_rng([*table.__name__.encode()]))


def write(table: Table, folder: str) -> str:
    """The file of a table: CSV, or Parquet for lists."""
    data = rows_of(table)
    lists = any(isinstance(cell, list) for cell in data.iloc[0])
    path = f"{folder}/{table.__name__}.{'parquet' if lists else 'csv'}"
    data.to_parquet(path) if lists else data.to_csv(path, index=False)
    return path
