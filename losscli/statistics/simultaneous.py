"""Confidence intervals that hold together, over the slices and models of a loss: what is connected, and how much."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from losscli.aggregate.exact_sum import rounded
from losscli.contract.kinds import Array
from losscli.lazy import dataclass
from losscli.results import Uncertainty
from losscli.statistics.contribution_sums import Column, ContributionSums
from losscli.statistics.delta_method import variance
from losscli.statistics.exact_ratio import scaled_doubles
from losscli.statistics.finalized_sums import SliceIds
from losscli.statistics.linearization import Block, Linearization
from losscli.statistics.maximum import Maximum
from losscli.statistics.variance import Variance

_LARGEST = 1 << 24  # entries of the table of influence values; beyond it, what is connected counts as independent


@dataclass(frozen=True)
class Member:
    """One of the estimates whose intervals hold together: a linear function of the sums of each of some slices.

    `place` is what tells apart estimates that have no rows in common. An estimate without a linearisation, or one of a
    proportion whose units are all alike, is connected with no other.
    """

    parts: tuple[tuple[Linearization, SliceIds], ...]
    unit: str
    place: int


def member(
    sums: ContributionSums,
    linear: Linearization | None,
    unit: str | None,
    place: tuple[int, SliceIds],
    proportion: bool,
) -> Member | None:
    """An estimate whose interval shall hold together with others.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    linear, unit
        Its linearisation, and the kind of unit; None where there is none.
    place
        The position of its slice among all, and the slice.
    proportion
        Whether it has an interval even if all units are alike.

    Returns
    -------
    Member or None
        None where it has no interval.
    """
    found = None if linear is None or unit is None else variance(sums, linear, unit, place[1])
    if found is None or linear is None or unit is None or (found.constant and not proportion):
        return None
    return Member(() if found.constant else ((linear, place[1]),), unit, place[0])


def maximum(sums: ContributionSums, members: Sequence[Member]) -> Maximum:
    """The distribution of the largest of the statistics of some estimates.

    Parameters
    ----------
    sums
        The unit statistics of the run.
    members
        The estimates: of one kind of unit.

    Returns
    -------
    Maximum
        Of rows, estimates of one place are connected; of clusters, all that share some. By the inequality of Sidak
        and Royen (2014, arXiv:1408.1028), it is on the safe side to take connected estimates as independent.
    """
    known = [member for member in members if member.parts]
    alone = [np.ones((1, 1))] * (len(members) - len(known))
    if sums.inference.time is not None or sums.inference.sequential:
        groups = [np.ones((1, 1))] * len(known)
    elif known and sums.is_clustered(known[0].unit):
        groups = _by_clusters(sums, known)
    else:
        groups = []
        for place in dict.fromkeys(member.place for member in known):
            groups += _by_differences(sums, [member for member in known if member.place == place])
    return Maximum([*groups, *alone], sums.inference.seed, ())


def of_all(found: Uncertainty, level: float, together: int) -> Uncertainty:
    """How an interval was estimated that holds together with others.

    Parameters
    ----------
    found
        How it was estimated, with its own confidence level.
    level, together
        The confidence level of all, and how many they are.
    """
    return replace(found, level=level, pointwise_level=found.level, simultaneous=together)


def _by_differences(sums: ContributionSums, members: Sequence[Member]) -> list[Array]:
    """The correlations of estimates on the same rows, from the variances of their differences."""
    variances = [_variance(sums, member.parts[0][0], member) for member in members]
    varying = [at for at, found in enumerate(variances) if found is not None and not found.constant]
    groups = [np.ones((1, 1))] * (len(members) - len(varying))
    if not varying:
        return groups
    correlations = np.eye(len(varying))
    for i, one in enumerate(varying):
        for j, other in enumerate(varying[:i]):
            apart = members[one].parts[0][0].minus(members[other].parts[0][0])
            both = _variance(sums, apart, members[one])
            own = [variances[one], variances[other], both]
            ours, theirs, between = scaled_doubles([v.value for v in own if v is not None])[0] if both else (1, 1, 2)
            found = (ours + theirs - between) / (2 * math.sqrt(ours) * math.sqrt(theirs))
            correlations[i, j] = correlations[j, i] = min(1.0, max(-1.0, found))
    return [*groups, correlations]


def _variance(sums: ContributionSums, linear: Linearization, member: Member) -> Variance | None:
    return variance(sums, linear, member.unit, member.parts[0][1])


def _by_clusters(sums: ContributionSums, members: Sequence[Member]) -> list[Array]:
    """The correlations of estimates whose units are clusters, from the influence values of these."""
    found = [_influences(sums, member) for member in members]
    hashes, at = np.unique(np.concatenate([own for own, _ in found]), return_inverse=True)
    if len(hashes) * len(members) > _LARGEST:
        return [np.ones((1, 1))] * len(members)
    table = np.zeros((len(hashes), len(members)), order="F")
    start = 0
    for column, (own, values) in enumerate(found):
        np.add.at(table[:, column], at[start : start + len(own)], values)
        start += len(own)
    lengths = np.sqrt((table**2).sum(axis=0))
    varying = lengths > 0
    table = table[:, varying] / lengths[varying]
    correlations = np.clip(table.T @ table, -1, 1)
    np.fill_diagonal(correlations, 1.0)
    return [*_connected(correlations), *([np.ones((1, 1))] * int((~varying).sum()))]


def _connected(correlations: Array) -> list[Array]:
    """The correlation matrix, cut into those of groups that have nothing in common."""
    left, groups = list(range(len(correlations))), []
    while left:
        group, added = [left[0]], [left[0]]
        while added:
            reached = np.flatnonzero(correlations[added].any(axis=0)).tolist()
            added = [at for at in reached if at not in group]
            group += added
        left = [at for at in left if at not in group]
        groups.append(correlations[np.ix_(sorted(group), sorted(group))])
    return groups


def _influences(sums: ContributionSums, member: Member) -> tuple[Array, Array]:
    """The hash of each cluster, and what it adds to an estimate: residuals that are corrected as in CR2."""
    hashes, values = [], []
    for linear, slice_ids in member.parts:
        columns = linear.columns
        own, table = sums.hashed_table(columns, member.unit, slice_ids)
        position = {column: table[:, at] for at, column in enumerate(columns)}
        hashes.append(own)
        values.append(sum((_of_block(block, position) for block in linear.blocks), np.zeros(len(own))))
    return np.concatenate(hashes), np.concatenate(values)


def _of_block(block: Block, table: dict[Column, Array]) -> Array:
    """What each cluster adds to a block."""
    total: Array = 0.0 * next(iter(table.values()))
    for one, by in block.coefficients.items():
        total = total + rounded(by, block.denominator) * table[one]
    if block.weight is None:
        part = np.any([table[one] != 0 for one in block.coefficients], axis=0)
        count = max(2, int(part.sum()))
        return np.where(part, (total - total[part].mean()) * math.sqrt(count / (count - 1)), 0.0)
    shares = table[block.weight] / table[block.weight].sum()
    return np.asarray(total / np.sqrt(np.maximum(1 - shares, 2.0**-52)))
