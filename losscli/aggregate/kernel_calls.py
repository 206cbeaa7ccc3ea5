"""Kernel calls: a kernel on its arrays is computed once a run, whichever terms of whichever losses it serves."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from losscli.binding.plan import Input, Job, Table
from losscli.binding.ragged_lists import by_length, is_ragged, without_elements
from losscli.binding.spec import LossSpec
from losscli.contract.kinds import Array
from losscli.contract.loss import Beyond, Term, Terms
from losscli.contract.scaled import SMALLEST_NORMAL, Scaled
from losscli.lazy import dataclass


@dataclass(frozen=True)
class KernelCall:
    """One kernel on one set of arrays; equal calls are computed and added up once."""

    spec: LossSpec
    inputs: tuple[Input | Table | None, ...]

    def __hash__(self) -> int:
        # Needed again and again, and computed from texts, whose hashes are others in another process.
        if "_hash" not in self.__dict__:
            object.__setattr__(self, "_hash", hash((self.spec, self.inputs)))
        return int(self.__dict__["_hash"])

    def __getstate__(self) -> dict[str, Any]:
        return {"spec": self.spec, "inputs": self.inputs}

    @property
    def by_row(self) -> bool:
        """Whether each value depends on its own row alone."""
        return self.spec.loss.scope == "row" and any(isinstance(side, Input) for side in self.inputs)

    @property
    def by_table(self) -> bool:
        """Whether all rows together make the number, in whatever order they come."""
        return bool(self.spec.loss.sorted_by)

    @property
    def matrix_only(self) -> bool:
        """Whether only tables that are read whole are its inputs."""
        return not any(isinstance(side, Input) for side in self.inputs)


def kernel_calls(job: Job) -> dict[str | None, KernelCall]:
    """Term -> the kernel call that computes it; the key None stands for all terms of the loss itself."""
    if not job.spec.loss.shares:
        return {None: KernelCall(job.spec.kernel, job.inputs)}
    return {
        term: KernelCall(LossSpec(other, other.settle({})), job.inputs) for term, other in job.spec.loss.shares.items()
    }


def score(call: KernelCall, args: tuple[Array | None, ...]) -> Terms:
    """The terms of one kernel on checked arrays, one value a unit, whatever its class."""
    with np.errstate(all="ignore"):
        terms = score_beyond(call, args)[0]
    return {name: Term(_unit_values(values), where) for name, (values, where) in terms.items()}


def score_beyond(
    call: KernelCall, args: tuple[Array | None, ...], learned: Sequence[str] = ()
) -> tuple[Terms, dict[str, Beyond]]:
    """The terms of one kernel on checked arrays, one value a unit; and the values that may be no normal doubles.

    `learned` are the names of classes that have no other side. What overflows is ignored by the caller, once for many
    calls.
    """
    for values in args:
        if values is not None and is_ragged(values):
            return _score_lists(call, args)
    loss, params = call.spec.loss, call.spec.params
    terms = {name: _of_units(call, term, learned) for name, term in loss.terms(args, params).items()}
    return terms, loss.beyond(args, params, terms)


def _of_units(call: KernelCall, term: Term, learned: Sequence[str]) -> Term:
    """One value a unit; of a term a class with the names of the classes."""
    if term.by is None:
        return term if term.values.ndim == 1 else Term(_unit_values(term.values), term.where)
    from losscli.binding.class_names import class_names, named

    return replace(term, names=named(term, class_names(call.inputs, learned)))


def _score_lists(call: KernelCall, args: tuple[Array | None, ...]) -> tuple[Terms, dict[str, Beyond]]:
    """The same where lists differ in length: the rows of one length together. Rows without an element take no part."""
    tables = [isinstance(side, Table) for side in call.inputs]
    rows = max(len(a) for a, table in zip(args, tables, strict=True) if a is not None and not table)
    groups = [(at, score_beyond(call, own)) for at, own in by_length(args, tables)]
    found = groups or [(np.zeros(0, np.int64), score_beyond(call, without_elements(args, tables)))]
    whole = sum(len(at) for at, _ in found) == rows
    terms, beyond = {}, {}
    for name in found[0][1][0]:
        values, part = np.zeros(rows), np.zeros(rows, bool)
        for at, (own, _) in found:
            values[at], where = own[name]
            part[at] = True if where is None else where
        full = whole and all(own[name].where is None for _, (own, _) in found)
        terms[name] = Term(values, None if full else part)
        special = [(at, own[name]) for at, (_, own) in found if name in own]
        if special:
            numbers = [each.numbers for _, each in special]
            beyond[name] = Beyond(
                np.concatenate([at[each.rows] for at, each in special]),
                Scaled(*(np.concatenate(parts) for parts in zip(*numbers, strict=True))),
            )
    return terms, beyond


def without_vanished(terms: Terms, beyond: Mapping[str, Beyond]) -> Terms:
    """The terms with NaN for values that are below the normal doubles: a variance made of them would be wrong."""
    found = dict(terms)
    for name, (rows, numbers) in beyond.items():
        values = terms[name].values.copy()
        vanished = (numbers.values != 0) & (np.abs(values[rows]) < SMALLEST_NORMAL)
        values[rows[vanished]] = np.nan
        found[name] = replace(terms[name], values=values, bounds=None)
    return found


def _unit_values(values: Array) -> Array:
    """Several outputs of a unit count as their mean."""
    return values if values.ndim == 1 else np.asarray(values.sum(axis=-1) / values.shape[-1])
