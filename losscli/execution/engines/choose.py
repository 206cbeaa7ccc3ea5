"""The engine that a run asks for."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from losscli.errors import UsageError, did_you_mean
from losscli.execution.engines import ENGINES, Engine, Expected
from losscli.execution.engines.threads import Threads
from losscli.parallel import available_cores


def check_choice(name: str, scheduler: str | None, insecure: bool) -> None:
    """A UsageError where the choice can be refused before a file is opened."""
    if name not in ENGINES:
        raise UsageError(f"unknown engine '{name}'", value=name,
                         hint=did_you_mean(name, ENGINES, f"engines: {', '.join(ENGINES)}"),
                         code="USAGE_BAD_VALUE")  # fmt: skip
    if name != "dask":
        if scheduler is not None:
            raise UsageError("--scheduler is for --engine dask", code="USAGE_CONFLICT")
        return
    if scheduler is not None and not insecure and not is_protected(scheduler):
        raise UsageError(
            f"anyone who can reach the scheduler at {scheduler} can run code on its workers and read this run",
            hint="use a tls:// address, or --insecure-scheduler in a network that you trust",
            code="USAGE_CONFLICT",
        )
    try:
        import distributed
    except ImportError:
        raise UsageError("--engine dask needs a package that is not installed",
                         hint="pip install 'losscli[dask]'", code="USAGE_MISSING_PACKAGE") from None  # fmt: skip
    del distributed


def chosen(
    name: str, threads: int | None, scheduler: str | None, files: Sequence[Expected], say: Callable[[str], None],
    *, may_fork: bool = False,
) -> Engine:  # fmt: skip
    """The engine; `files` are those of the run, and `say` prints a note to its user."""
    if name == "threads":
        return Threads(threads or available_cores(), may_fork=may_fork)
    from losscli.execution.engines.dask import Dask

    return Dask(scheduler, threads or available_cores(), files, say)


def is_protected(address: str) -> bool:
    """Whether the connection is encrypted with certificates on both sides, or stays on this machine."""
    scheme, found, place = address.rpartition("://")
    if found and scheme in ("tls", "wss"):
        return True
    host = place.rpartition(":")[0] or place
    host = host.strip("[]")
    try:
        import ipaddress  # here, as a short run does without it

        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
