"""Validation of Python calls: what a loss is called with, as the arrays that its kernel trusts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

import numpy as np

from losscli.array_likes import check_indexes
from losscli.array_likes import plain as plain  # for the loss, which imports both with one line when it is called
from losscli.contract.kinds import Array, Kind
from losscli.contract.number_lists import beyond_last, check_widths, steps_of
from losscli.contract.parameters import Parameter, Role, Value
from losscli.errors import DataError, UsageError


class Declared(Protocol):
    """What the validation needs of a loss."""

    name: str
    roles: dict[str, Role]
    params: dict[str, Parameter]

    def combinations(self, params: Mapping[str, Value] | None = None) -> list[tuple[Kind, ...]]:
        """Every valid choice of one kind per role, in the order of the roles."""
        ...


def checked_arrays(
    loss: Declared, columns: tuple[Any, ...], by_name: Mapping[str, Any], params: Mapping[str, Value]
) -> list[Array | None]:
    """One array a role, checked: shapes, domains, lengths, positions. What is wrong is a DataError with its row."""
    given: dict[str, Any] = dict(zip(loss.roles, columns, strict=False)) | dict(by_name)
    if len(columns) > len(loss.roles):
        raise UsageError(f"'{loss.name}' takes {', '.join(loss.roles)}; got {len(columns)} columns")
    for role in loss.roles.values():
        if given.get(role.name) is None and not role.optional:
            raise UsageError(f"'{loss.name}' needs '{role.name}'")
    check_indexes(given)
    found, kinds = _chosen(loss, {role: plain(values) for role, values in given.items()}, params)
    lengths = {
        len(array) for array, kind in zip(found, kinds, strict=True) if array is not None and kind.shape != "matrix"
    }
    if len(lengths) > 1:
        raise DataError(f"'{loss.name}' got columns of different lengths: {sorted(lengths)}")
    _check_positions(loss, found, kinds, given)
    _check_shares(loss, found, kinds)
    for name, spec in loss.params.items():
        if spec.required and params.get(name) is None:
            raise spec.missing(loss.name)
    check_widths(loss.name, loss.params, params, dict(zip(loss.roles, found, strict=True)))
    _check_last(loss, found, kinds, params)
    return found


def _chosen(
    loss: Declared, given: Mapping[str, Any], params: Mapping[str, Value]
) -> tuple[list[Array | None], tuple[Kind, ...]]:
    """The columns as the first combination of kinds whose shapes they have; then their values are checked."""
    problem: DataError | None = None
    for kinds in loss.combinations(params):
        found: list[Array | None] = []
        for role, kind in zip(loss.roles, kinds, strict=True):
            try:
                found.append(None if given.get(role) is None else kind.array(given[role]))
            except (TypeError, ValueError) as error:
                problem = problem or DataError(f"'{role}' of '{loss.name}': {error}")
                break
        if len(found) < len(kinds):
            continue
        for role, kind, array in zip(loss.roles, kinds, found, strict=True):
            bad = None if array is None else kind.first_bad(array)
            if bad is not None:
                raise DataError(
                    f"'{role}' of '{loss.name}': row {bad[0] + 1} is {bad[1]}, not {kind.says}", row=bad[0] + 1
                )
        return found, kinds
    assert problem is not None
    raise problem


def _check_shares(loss: Declared, found: list[Array | None], kinds: tuple[Kind, ...]) -> None:
    """There is one number for each point of the vectors before."""
    sides = list(zip(loss.roles, kinds, found, strict=True))
    for role, kind, array in sides:
        if kind.share == 1 or array is None:
            continue
        like, whole = next((name, a.shape[1]) for name, k, a in sides if a is not None and k.multiple == kind.share)
        if array.shape[1] * kind.share != whole:
            raise DataError(
                f"'{role}' has {array.shape[1]} numbers per row, and '{like}' has {whole // kind.share} points"
            )


def _check_last(
    loss: Declared, found: list[Array | None], kinds: tuple[Kind, ...], params: Mapping[str, Value]
) -> None:
    """Numbers of classes and bins are not beyond the last one that the vectors, or a list of numbers, leave."""
    for role, kind, array in zip(loss.roles, kinds, found, strict=True):
        if kind.last is None or array is None:
            continue
        steps = steps_of(role, loss.params, params)
        if steps is None:
            steps = next(a.shape[1] for a, k in zip(found, kinds, strict=True) if a is not None and k.shape == "vector")
        if (bad := beyond_last(array, steps + kind.last)) is not None:
            raise DataError(
                f"'{role}' of '{loss.name}': row {bad[0] + 1} is {bad[1]}, and the last number is {steps + kind.last}",
                row=bad[0] + 1,
            )


def _check_positions(
    loss: Declared, found: list[Array | None], kinds: tuple[Kind, ...], given: Mapping[str, Any]
) -> None:
    """A class that faces class columns is a position among them: whole numbers from 0, never a guessed order."""
    widths = [
        array.shape[0 if kind.shape == "matrix" else -1]
        for array, kind in zip(found, kinds, strict=True)
        if array is not None and kind.classes
    ]
    for role, kind, array in zip(loss.roles, kinds, found, strict=True):
        if kind.shape != "class" or array is None or not widths:
            continue
        if np.asarray(given[role]).dtype.kind not in "iuf":
            raise DataError(f"'{role}' of '{loss.name}' contains names; here classes must be indices from 0")
        outside = (array < 0) | (array >= widths[0])
        if outside.any():
            row = int(np.argmax(outside))
            raise DataError(
                f"'{role}' of '{loss.name}': row {row + 1}: class index {array[row]} is out of range "
                f"for {widths[0]} class columns",
                row=row + 1,
            )
