"""The engine that a run asks for."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Sequence

from losscli.errors import FileError, UsageError, did_you_mean
from losscli.execution.engines import ENGINES, Engine, Expected
from losscli.execution.engines.scheduler_address import check_address, is_protected, is_secure, shown
from losscli.execution.engines.security import Tls
from losscli.execution.engines.threads import Threads
from losscli.io.files.streams import file_error
from losscli.io.remote.address import local_only
from losscli.lazy import dataclass
from losscli.parallel import available_cores

WORKER_TIMEOUT = 60.0
"""Seconds after which a silent worker is given up, unless the run asks for others."""

ADDRESS_VARIABLE = "DASK_SCHEDULER_ADDRESS"


@dataclass(frozen=True)
class ClusterChoice:
    """How a cluster is reached: `scheduler` is its address, `scheduler_file` has it.

    Without either, Dask's configuration may have an address, such as that of `DASK_SCHEDULER_ADDRESS`; else a cluster
    of processes of this machine is started.
    """

    scheduler: str | None = None
    scheduler_file: str | None = None
    insecure: bool = False
    tls: Tls = Tls()
    worker_timeout: float | None = None

    @property
    def given(self) -> list[str]:
        """The options that only a cluster has."""
        named = {
            "--scheduler": self.scheduler, "--scheduler-file": self.scheduler_file,
            "--worker-timeout": self.worker_timeout,
        }  # fmt: skip
        return [*(name for name, value in named.items() if value is not None), *self.tls.given]


def check_choice(name: str, choice: ClusterChoice) -> None:
    """A UsageError where the choice can be refused before a file is opened."""
    if name not in ENGINES:
        raise UsageError(f"unknown engine '{name}'", value=name,
                         hint=did_you_mean(name, ENGINES, f"engines: {', '.join(ENGINES)}"),
                         code="USAGE_BAD_VALUE")  # fmt: skip
    if name != "dask":
        if choice.given:
            raise UsageError(f"{choice.given[0]} is for --engine dask", code="USAGE_CONFLICT")
        return
    try:
        import distributed
    except ImportError:
        raise UsageError("--engine dask needs a package that is not installed",
                         hint="pip install 'losscli[dask]'", code="USAGE_MISSING_PACKAGE") from None  # fmt: skip
    del distributed
    _check_cluster(choice)


def _check_cluster(choice: ClusterChoice) -> None:
    if choice.scheduler is not None and choice.scheduler_file is not None:
        raise UsageError("--scheduler and --scheduler-file both say which cluster", code="USAGE_CONFLICT")
    if choice.worker_timeout is not None and not choice.worker_timeout >= 1:
        raise UsageError(f"--worker-timeout is at least 1 second; got {choice.worker_timeout:g}",
                         code="USAGE_BAD_VALUE")  # fmt: skip
    address, origin = _address(choice)
    if address is not None:
        check_address(address, origin or choice.scheduler_file)
    if choice.tls.given and (address is None or not is_secure(address)):
        what = "is started on this machine" if address is None else f"is at {shown(address)}"
        raise UsageError(f"{choice.tls.given[0]} needs a scheduler at a tls:// address; this one {what}",
                         code="USAGE_CONFLICT")  # fmt: skip
    choice.tls.check()
    if address is not None and not choice.insecure and not is_protected(address):
        raise UsageError(
            f"anyone who can reach the scheduler at {shown(address)} can run code on its workers and read this run",
            hint="use a tls:// address, or --insecure-scheduler in a network that you trust",
            code="USAGE_CONFLICT",
        )


def _address(choice: ClusterChoice) -> tuple[str | None, str | None]:
    """The address of the scheduler, and where it was found if nobody typed it; (None, None) without one."""
    if choice.scheduler is not None:
        return choice.scheduler, None
    if choice.scheduler_file is not None:
        return _address_in(choice.scheduler_file), None
    import dask

    found = dask.config.get("scheduler-address", None)
    if found is None:
        return None, None
    return str(found), ADDRESS_VARIABLE if os.environ.get(ADDRESS_VARIABLE) == found else "Dask's configuration"


def _address_in(path: str) -> str:
    """The address in a file that a scheduler wrote."""
    path = local_only(path, "--scheduler-file")
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123
            text = file.read()
    except OSError as error:
        raise file_error(error, path) from None
    try:
        address = json.loads(text)["address"]
        assert isinstance(address, str)
    except (ValueError, KeyError, TypeError, AssertionError):
        raise FileError("this is not the file of a Dask scheduler: it has no address", path=path,
                        hint="dask scheduler --scheduler-file FILE writes it", code="IO_CLUSTER") from None  # fmt: skip
    return address


def chosen(
    name: str, threads: int | None, choice: ClusterChoice, files: Sequence[Expected],
    say: Callable[[str], None], warn: Callable[[str], None], *, may_fork: bool = False,
) -> Engine:  # fmt: skip
    """The engine; `files` are those of the run, `say` prints a note to its user, and `warn` a warning."""
    if name == "threads":
        return Threads(threads or available_cores(), may_fork=may_fork)
    from losscli.execution.engines.dask import Dask

    address, origin = _address(choice)
    if origin is not None:
        say(f"the Dask scheduler is {shown(address or '')}, from {origin}")
    timeout = WORKER_TIMEOUT if choice.worker_timeout is None else choice.worker_timeout
    return Dask(address, threads or available_cores(), files, say, warn, choice.tls, timeout)
