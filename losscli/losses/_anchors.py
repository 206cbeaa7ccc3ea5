"""The distances of one vector of a batch to all others, one anchor at a time: memory for N vectors, not for N x N."""

from __future__ import annotations

import numpy as np

from losscli.contract.kinds import Array
from losscli.lazy import dataclass
from losscli.losses._angles import across, cosine, distance_by_angle
from losscli.losses._math import norm, unit


@dataclass(frozen=True)
class Distances:
    """Euclidean distances of vectors, or of the unit vectors in their directions; a zero vector stays zero."""

    vectors: Array
    normalize: bool

    def of(self, anchor: int) -> Array:
        """The distance of one vector to every vector."""
        own = np.broadcast_to(self.vectors[anchor], self.vectors.shape)
        if not self.normalize:
            return norm(own - self.vectors)
        # The chord of an angle has digits where the difference of two unit vectors has none.
        chord = np.sqrt(2 * distance_by_angle(own, self.vectors))
        zero = ~(own.any(axis=-1) & self.vectors.any(axis=-1))
        return np.where(zero, norm(unit(own) - unit(self.vectors)), chord)

    def add_slopes(self, anchor: int, pulls: Array, slope: Array) -> None:
        """Add to the slope by all vectors that of the sum of pull * distance; 0 at a distance of 0."""
        active = np.flatnonzero(pulls)
        others = self.vectors[active]
        own, weights = np.broadcast_to(self.vectors[anchor], others.shape), pulls[active, None]
        if self.normalize:
            half = np.sqrt(np.maximum(1 + cosine(own, others), 0.0) / 2)[:, None]
            one, other = -half * _turn(own, others), -half * _turn(others, own)
        else:
            one = _direction(own - others)
            other = -one
        slope[anchor] += (weights * one).sum(axis=0)
        np.add.at(slope, active, weights * other)


def _direction(vectors: Array) -> Array:
    size = norm(vectors)[:, None]
    return np.where(size > 0, vectors / np.where(size > 0, size, 1.0), 0.0)


def _turn(a: Array, b: Array) -> Array:
    """The slope by `a` of minus the angle to `b`; 0 where there is none."""
    size = norm(a)[:, None]
    known = (size > 0) & np.any(b, axis=-1, keepdims=True)
    return np.where(known, _direction(across(a, b)) / np.where(size > 0, size, 1.0), 0.0)
