"""Numbers for distances of two samples."""

from __future__ import annotations

from embedding import ANCHOR, POSITIVE
from peers import Case, Inputs, by_hand, by_torch

SAMPLES: Inputs = {"embedding": [*ANCHOR, *POSITIVE[:3]], "domain": ["x", "y", "x", "x", "y", "x", "y", "y", "x"]}


def cases() -> list[Case]:
    whole = (
        "(lambda k, w: w @ k @ w)({}, torch.tensor([1 / domain.count('x') if s == 'x' else"
        " -1 / domain.count('y') for s in domain]))"
    )
    square = "(embedding[:, None] - embedding).square().sum(-1)"
    apart = (
        "-torch.stack([torch.stack([(a - b).norm() if i != j else (a - b).sum() for j, b in enumerate(embedding)])"
        " for i, a in enumerate(embedding)])"
    )
    return [
        by_torch(
            "torch",
            "deep_coral",
            "F.mse_loss(*(torch.cov(embedding[[d == s for d in domain]].T) for s in 'xy')) / 4",
            SAMPLES,
            by="embedding",
        ),
        by_hand("energy_distance", whole.format(apart), SAMPLES, by="embedding"),
        by_hand("mmd", whole.format(f"(-{square}).exp()"), SAMPLES, by="embedding"),
        by_hand("mmd:scale=0.2", whole.format(f"(-0.2 * {square}).exp()"), SAMPLES, by="embedding"),
    ]
