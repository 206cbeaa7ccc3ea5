"""What losses are for: the tasks by which `losscli list` groups them, and what is for other programs."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable

from losscli.contract.loss import Loss

TASKS = (
    "regression", "binary classification", "multiclass classification", "multilabel classification",
    "ordinal classification", "ranking", "probabilistic forecasts", "survival", "embeddings", "generative models",
    "language models", "overlap of regions", "profits and returns", "penalties", "other",
)  # fmt: skip
"""Every family says in its `TASKS` which of these its losses are for; it is listed under the first, or under other."""

ELSEWHERE = (
    ("bleu rouge meteor chrf ter bertscore comet", "scores of texts against reference texts", "sacrebleu, rouge-score"),
    ("wer cer word error rate character levenshtein", "edit distances of transcripts", "jiwer"),
    ("ssim lpips fid kid inception", "likeness of images by their surroundings or by a network", "piq, torchmetrics"),
    ("hausdorff surface cldice assd", "distances of surfaces in images", "monai"),
    ("coco detection map50 panoptic", "matching of boxes to objects", "pycocotools, torchmetrics"),
    ("pesq stoi mos", "models of hearing", "pesq, pystoi"),
    ("silhouette rand calinski davies bouldin clustering", "scores of clusterings", "scikit-learn"),
)
"""Words, what they mean, and who computes it: these need more than columns of predictions and targets."""


def tasks(loss: Loss) -> tuple[str, ...]:
    """The tasks of the loss's family; the first is the one under which it is listed."""
    return getattr(sys.modules[loss.kernel.__module__], "TASKS", TASKS[-1:])


def elsewhere(words: Iterable[str]) -> str | None:
    """What is said of words that no loss has because they are about something that other programs are for."""
    asked = {part for word in words for part in re.split(r"[\s_-]+", word.lower()) if part}
    found = [(len(asked & set(known.split())), about, programs) for known, about, programs in ELSEWHERE]
    shared, about, programs = max(found)
    return f"{about} are not computed here: see {programs}" if shared and shared == len(asked) else None
