"""What is computed once, whoever asks: a kernel on its arrays, and which terms of which losses it serves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from losscli.binding.plan import Input, Job, Table
from losscli.binding.spec import LossSpec
from losscli.contract.kinds import Array
from losscli.contract.loss import Terms


@dataclass(frozen=True)
class KernelCall:
    """One kernel on one set of arrays: what is computed and added up once, whoever asks."""

    spec: LossSpec
    inputs: tuple[Input | Table | None, ...]

    def __hash__(self) -> int:
        # Asked for again and again, and made of texts; another process has other hashes of these.
        if "_hash" not in self.__dict__:
            object.__setattr__(self, "_hash", hash((self.spec, self.inputs)))
        return int(self.__dict__["_hash"])

    def __getstate__(self) -> dict[str, Any]:
        return {"spec": self.spec, "inputs": self.inputs}

    @property
    def by_row(self) -> bool:
        return self.spec.loss.scope == "row" and any(isinstance(side, Input) for side in self.inputs)

    @property
    def matrix_only(self) -> bool:
        return not any(isinstance(side, Input) for side in self.inputs)


def kernel_calls(job: Job) -> dict[str | None, KernelCall]:
    """Term -> the work that adds it up; the key None stands for all terms of the loss itself."""
    if not job.spec.loss.shares:
        return {None: KernelCall(job.spec, job.inputs)}
    return {
        term: KernelCall(LossSpec(other, other.settle({})), job.inputs) for term, other in job.spec.loss.shares.items()
    }


def score(work: KernelCall, args: tuple[Array | None, ...]) -> Terms:
    """The terms of one kernel on checked arrays."""
    with np.errstate(all="ignore"):
        return work.spec.loss.terms(args, work.spec.params)


def unit_values(values: Array) -> Array:
    """One value a unit: several outputs count as their mean."""
    return values if values.ndim == 1 else np.asarray(values.sum(axis=-1) / values.shape[-1])
