"""A small network that embeds digits in 16 dimensions, and the files to measure its quality.

It is trained with the additive angular margin loss (ArcFace) on shifted and noisy training digits. All files come from
held-out digits, except the prototypes, which are the learned class weights.
"""

from dataclasses import dataclass

import numpy as np
import torch
from models import DIGITS, Images
from store import Column, Table, rounded, wide
from torch import nn
from torch.nn import functional

SIZE = 16
AXES = tuple(str(axis) for axis in range(SIZE))
MARGIN, SCALE = 0.3, 16.0
EPOCHS, BATCH = 80, 63  # 63 divides the 1197 training rows
EMBEDDED, EMBEDDED_BATCH = 300, 50
VIEWED, VIEWED_BATCH = 256, 64
NEGATIVES, TRIED = 4, 5


@dataclass(frozen=True)
class Trained:
    """The trained network, and the direction that it learned for each digit."""

    network: nn.Module
    prototypes: np.ndarray

    def embed(self, images: np.ndarray) -> np.ndarray:
        with torch.no_grad():
            return rounded(self.network(torch.from_numpy(images)).numpy())


def train(images: Images) -> Trained:
    """Train in double precision with smooth units, so that rounding differences of processors hardly grow."""
    torch.manual_seed(0)
    draw = np.random.default_rng(0)
    network = nn.Sequential(nn.Linear(64, 192), nn.GELU(), nn.Linear(192, SIZE)).double()
    prototypes = nn.Parameter(torch.randn(len(DIGITS), SIZE, dtype=torch.float64))
    optimizer = torch.optim.Adam([*network.parameters(), prototypes], lr=3e-3, weight_decay=1e-5)
    for _ in range(EPOCHS):
        for rows in draw.permutation(len(images.train)).reshape(-1, BATCH):
            embedding = network(torch.from_numpy(augmented(images.train[rows], draw)))
            loss = _arcface(embedding, torch.from_numpy(images.train_digit[rows]), prototypes)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    return Trained(network, rounded(prototypes.detach().numpy()))


def augmented(images: np.ndarray, draw: np.random.Generator) -> np.ndarray:
    """Each image moved by at most one pixel in each direction, with a little noise, clipped to the range 0 to 1."""
    moved = np.empty_like(images)
    for row, (image, shift) in enumerate(zip(images, draw.integers(0, 3, (len(images), 2)), strict=True)):
        down, right = shift
        moved[row] = np.pad(image.reshape(8, 8), 1)[down : down + 8, right : right + 8].ravel()
    return np.clip(moved + draw.normal(0.0, 0.1, moved.shape), 0.0, 1.0)


def embeddings(trained: Trained, images: Images) -> Table:
    """Embeddings of held-out digits, as one list column and as plain columns."""
    embedding = trained.embed(images.test[:EMBEDDED])
    return {
        "digit": _names(images.test_digit[:EMBEDDED]),
        "batch": _batches(EMBEDDED, EMBEDDED_BATCH),
        "embedding": embedding,
        **wide("e", AXES, embedding),
    }


def prototypes(trained: Trained) -> Table:
    """The learned class weights, in an order that is not the order of the digits."""
    order = np.random.default_rng(1).permutation(len(DIGITS))
    return {"name": _names(order), **wide("w", AXES, trained.prototypes[order])}


def views(trained: Trained, images: Images) -> Table:
    """Two random views of each digit: a and b are embeddings of two augmentations of the same image."""
    draw = np.random.default_rng(2)
    shown = images.test[-VIEWED:]
    return {
        "batch": _batches(VIEWED, VIEWED_BATCH),
        "a": trained.embed(augmented(shown, draw)),
        "b": trained.embed(augmented(shown, draw)),
    }


def triplets(trained: Trained, images: Images) -> Table:
    """An anchor, another image of its digit, the nearest of five images of other digits, and four more such images."""
    draw = np.random.default_rng(3)
    space, digit = trained.embed(images.test), images.test_digit
    positive, negative = np.empty((EMBEDDED, SIZE)), np.empty((EMBEDDED, SIZE))
    negatives = np.empty((EMBEDDED, NEGATIVES * SIZE))
    rows = np.arange(len(digit))
    for row in range(EMBEDDED):
        positive[row] = space[draw.choice(rows[(digit == digit[row]) & (rows != row)])]
        others = draw.choice(rows[digit != digit[row]], TRIED + NEGATIVES, replace=False)
        tried = space[others[:TRIED]]
        # The nearest of five, since most random negatives are so far away that the triplet loss is 0.
        negative[row] = tried[np.linalg.norm(tried - space[row], axis=1).argmin()]
        negatives[row] = space[others[TRIED:]].ravel()
    return {"anchor": space[:EMBEDDED], "positive": positive, "negative": negative, "negatives": negatives}


def _arcface(embedding: torch.Tensor, digit: torch.Tensor, weights: torch.Tensor) -> torch.Tensor:
    cosine = functional.linear(functional.normalize(embedding), functional.normalize(weights))
    angle = torch.acos(cosine.clamp(-1.0 + 1e-7, 1.0 - 1e-7))
    margin = MARGIN * functional.one_hot(digit, len(DIGITS))
    return functional.cross_entropy(SCALE * torch.cos(angle + margin), digit)


def _names(digits: np.ndarray) -> Column:
    return [DIGITS[digit] for digit in digits]


def _batches(rows: int, size: int) -> np.ndarray:
    return np.arange(rows) // size + 1
