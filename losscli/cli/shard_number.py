"""Which shard `--shard` asks for: by its number, by a place in a range, or by what the job's scheduler says."""

from __future__ import annotations

import re
from collections.abc import Mapping

from losscli.errors import UsageError
from losscli.execution.state_file import Shard, read_shard
from losscli.lazy import dataclass


@dataclass(frozen=True)
class _Scheduler:
    """The variables in which a scheduler tells a job of an array its place.

    Where the array does not count in steps of one from a fixed number, other variables say its first number and step.
    """

    index: str
    first: int | str = 0
    step: int | str = 1
    count: str | None = None


# Sources: the documentation of each scheduler on environment variables of array, indexed or parallel jobs.
_SCHEDULERS = (
    _Scheduler("SLURM_ARRAY_TASK_ID", "SLURM_ARRAY_TASK_MIN", "SLURM_ARRAY_TASK_STEP", "SLURM_ARRAY_TASK_COUNT"),
    _Scheduler("JOB_COMPLETION_INDEX"),  # Kubernetes tells no job how many there are
    _Scheduler("AWS_BATCH_JOB_ARRAY_INDEX", count="AWS_BATCH_JOB_ARRAY_SIZE"),
    _Scheduler("CLOUD_RUN_TASK_INDEX", count="CLOUD_RUN_TASK_COUNT"),
    _Scheduler("CI_NODE_INDEX", first=1, count="CI_NODE_TOTAL"),
)


def asked(text: str, environ: Mapping[str, str]) -> tuple[Shard, tuple[str, ...]]:
    """The shard that the option asks for, and what is said of it on standard error.

    Parameters
    ----------
    text
        ``3/16``, counted from 1; ``2/0..15``, the same shard of a range that says where it begins; ``auto/16`` or
        ``auto``, the place that the job's scheduler says, the latter where it also says how many there are.
    environ
        The environment variables.

    Raises
    ------
    UsageError
        For any other text, a place outside the range, or ``auto`` without one scheduler that says the place.
    """
    if found := re.fullmatch(r"\s*([0-9]{1,9})/([0-9]{1,9})\.\.([0-9]{1,9})\s*", text):
        place, first, last = map(int, found.groups())
        if not first <= place <= last:
            raise UsageError(f"--shard {text}: {place} is not in the range from {first} to {last}",
                             code="USAGE_BAD_VALUE")  # fmt: skip
        return Shard(place - first + 1, last - first + 1), ()
    found = re.fullmatch(r"\s*auto(?:/([0-9]{1,6}))?\s*", text)
    if found and int(found[1] or 1):
        return _scheduled(found[1], environ)
    return read_shard(text), ()


def _scheduled(count: str | None, environ: Mapping[str, str]) -> tuple[Shard, tuple[str, ...]]:
    known = [scheduler for scheduler in _SCHEDULERS if environ.get(scheduler.index)]
    if len(known) != 1:
        said = " and ".join(scheduler.index for scheduler in known)
        raise UsageError(
            f"--shard auto: {said} are set" if known else "--shard auto: no scheduler says which shard this is",
            hint="give the number: --shard 3/16, or --shard $INDEX/0..15 for a number that counts from 0; "
            f"recognised are {', '.join(scheduler.index for scheduler in _SCHEDULERS)}",
            code="USAGE_INCOMPLETE",
        )
    (scheduler,) = known
    told = _number(environ, scheduler.count, None, least=1)
    of = told if count is None else int(count)
    if told is not None and of is not None and told != of:
        # Tasks of an array that are submitted again by themselves are a smaller array, counted from another number.
        job = "job" if told == 1 else "jobs"
        raise UsageError(
            f"--shard auto/{of}: {scheduler.count}={told}, so the scheduler knows of {told} {job}",
            hint=f"the same shard in whatever jobs are started: --shard ${scheduler.index}/0..{of - 1}, or /1..{of} "
            "where the whole run counts from 1",
            code="USAGE_CONFLICT",
        )
    if of is None:
        raise UsageError(f"--shard auto: {scheduler.index} is set, but no variable says how many shards there are",
                         hint="--shard auto/16", code="USAGE_INCOMPLETE")  # fmt: skip
    first, step = _number(environ, scheduler.first, 1), _number(environ, scheduler.step, 1, least=1)
    place = _number(environ, scheduler.index, None)
    assert place is not None and first is not None and step is not None
    number, rest = divmod(place - first, step)
    shown = f"{scheduler.index}={environ[scheduler.index]}"
    if rest or not 0 <= number < of:
        raise UsageError(f"--shard auto: {shown} is not one of {of} shards, counted from {first}",
                         hint="the number of shards must be the number of jobs", code="USAGE_BAD_VALUE")  # fmt: skip
    shard = Shard(number + 1, of)
    return shard, (f"scores shard {shard}: {shown}, counted from {first}",)


def _number(environ: Mapping[str, str], name: int | str | None, otherwise: int | None, least: int = 0) -> int | None:
    """A whole number, or that of a variable, of `least` or more; `otherwise` where it is not set."""
    if isinstance(name, int):
        return name
    text = environ.get(name or "")
    if not text:
        return otherwise
    if not re.fullmatch(r"[0-9]{1,9}", text) or int(text) < least:
        raise UsageError(f"--shard auto: {name}='{text}' is not a whole number" + f" from {least} on" * (least > 0),
                         hint="give the number: --shard 3/16", code="USAGE_BAD_VALUE")  # fmt: skip
    return int(text)
