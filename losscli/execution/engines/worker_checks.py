"""Checks of a cluster before any work: its versions, its arithmetic, and the files that it sees."""

from __future__ import annotations

import pickle
import time
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from distributed.versions import get_versions

from losscli._version import __version__
from losscli.errors import FileError, LosscliError
from losscli.execution.cpu_fingerprint import fingerprint
from losscli.execution.engines import Expected
from losscli.execution.engines.cluster import Cluster, one_line

if TYPE_CHECKING:
    from losscli.io.remote.input import RemoteInput

SAME_VERSIONS = (
    "the scheduler and all workers need the same losscli, Python and NumPy as this process, and CPUs of one kind"
)


_FIRST = 60.0  # seconds that the first worker has to answer
_OTHERS = 20.0  # seconds that the others have after that; a worker that is silent is looked at with its first task


def check(cluster: Cluster, files: Sequence[Expected]) -> None:
    """A FileError that names the worker with another version, other arithmetic, or without the files."""
    try:
        scheduler = cluster.ask(cluster.client.scheduler.versions(packages=[]))
        _check_pythons(scheduler, cluster.looked.versions)
        _check_version("the scheduler", cluster.on_scheduler(_probe([], b"")))
    except FileError as error:
        error.hint = error.hint or SAME_VERSIONS
        raise
    probe = _probe([file.place for file in files if not file.remote],
                   pickle.dumps(_one_of_each([file.remote for file in files if file.remote is not None])))  # fmt: skip
    for address, seen in _answers(cluster, probe).items():
        _check_worker(f"worker {address}", seen, files)


def _answers(cluster: Cluster, probe: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What each worker says; one that is silent is not waited for, once another has answered."""
    found: dict[str, Any] = {}
    addresses = list(cluster.looked.threads)
    for address in addresses:
        question = cluster.client.run(probe, workers=[address], on_error="return", asynchronous=True)
        cluster.follow(question, lambda seen, address=address: _take(found, address, seen))  # type: ignore[misc]
    end = time.monotonic() + min(_FIRST, cluster.worker_timeout)
    while len(found) < len(addresses) and (left := end - time.monotonic()) > 0:
        before = len(found)
        cluster.wait(min(left, 1.0))
        if found and not before:
            end = min(end, time.monotonic() + _OTHERS)
    if not found:
        raise FileError("no worker of the cluster answers", hint="are they stopped?", code="IO_CLUSTER")
    return found


def _take(found: dict[str, Any], address: str, seen: Any) -> None:
    """Keep what a worker said; one that has left meanwhile says nothing."""
    if isinstance(seen, BaseException):
        found[address] = seen
    elif address in seen and not isinstance(seen[address], OSError):
        found[address] = seen[address]
    else:
        found[address] = None


def _one_of_each(files: Sequence[RemoteInput]) -> list[RemoteInput]:
    """A file of each store and bucket: a worker that can read it has what it takes to read the others."""
    return list({(one.address.scheme, one.address.url.split("/")[2]): one for one in reversed(files)}.values())


def _check_worker(who: str, seen: Any, files: Sequence[Expected]) -> None:
    if seen is None:
        return
    _check_version(who, seen)
    if seen["arithmetic"] != fingerprint():
        raise FileError(
            f"{who} has another kind of CPU: its exp and log differ in the last bit",
            hint=SAME_VERSIONS,
            code="IO_CLUSTER",
        )
    for file, there in zip([file for file in files if not file.remote], seen["files"], strict=True):
        if there is None:
            raise FileError(f"{who} does not see the file", path=file.path,
                            hint="every worker must be able to read the files at the same path",
                            code="IO_CLUSTER")  # fmt: skip
        if tuple(there) != (file.size, file.time):
            raise FileError(f"{who} sees a different file: its size or modification time differs", path=file.path,
                            hint="every worker must read the same file; copies must keep its time (cp -p)",
                            code="IO_CLUSTER")  # fmt: skip
    for path, said in seen["remote"]:
        raise FileError(f"{who} cannot read the file: {said}", path=path,
                        hint="workers need the credentials and settings of this process in their own environment",
                        code="IO_CLUSTER")  # fmt: skip


def _check_pythons(scheduler: Any, workers: Mapping[str, Any]) -> None:
    """Python and NumPy must be the same, as code and arrays are sent; they are compared before any code is sent."""
    here = get_versions(packages=["numpy"])["packages"]
    for address, there in {"": scheduler, **workers}.items():
        who = f"worker {address}" if address else "the scheduler"
        for name, parts in (("python", 2), ("numpy", 3)):
            mine, theirs = here[name], there["packages"].get(name)
            if name == "numpy" and not address:
                continue
            if theirs is None or mine.split(".")[:parts] != theirs.split(".")[:parts]:
                raise FileError(
                    f"{who} has {name} {theirs}, this process has {mine}", hint=SAME_VERSIONS, code="IO_CLUSTER"
                )


def _check_version(who: str, seen: Any) -> None:
    if isinstance(seen, BaseException):
        raise FileError(f"{who} failed: {one_line(seen)}", hint=SAME_VERSIONS, code="IO_CLUSTER")
    if seen["version"] is None:
        raise FileError(f"{who} has no losscli", hint=SAME_VERSIONS, code="IO_CLUSTER")
    if seen["version"] != __version__:
        message = f"{who} has losscli {seen['version']}, this process has {__version__}"
        raise FileError(message, hint=SAME_VERSIONS, code="IO_CLUSTER")


def refusal(file: RemoteInput) -> str | None:
    """Why this process cannot read a remote file; None where it can."""
    from losscli.io.remote.stores import store_of
    from losscli.io.remote.transfer import run

    try:
        now = run(store_of(file.address).stat(file.address))
    except LosscliError as error:
        return error.message
    return None if file.version.same_as(now) else "it is another one there"


def _probe(places: Sequence[str], remote: bytes) -> Callable[[], dict[str, Any]]:
    """A function that a worker runs. It is nested, so that its code is sent: the worker may not have this module."""
    version = __version__

    def probe() -> dict[str, Any]:
        import importlib
        import os
        import pickle

        def seen(place: str) -> tuple[int, int] | None:
            try:
                status = os.stat(place)  # noqa: PTH116  there may be very many
            except OSError:
                return None
            return (status.st_size, status.st_mtime_ns) if os.access(place, os.R_OK) else None

        try:
            theirs = importlib.import_module("losscli").__version__
        except ImportError:
            return {"version": None}
        if theirs != version:
            return {"version": theirs}
        kind = importlib.import_module("losscli.execution.cpu_fingerprint").fingerprint()
        checks = importlib.import_module("losscli.execution.engines.worker_checks")
        refused = [
            (file.path, why) for file in pickle.loads(remote or pickle.dumps([])) if (why := checks.refusal(file))
        ]
        return {"version": theirs, "arithmetic": kind, "files": [seen(place) for place in places], "remote": refused}

    return probe
