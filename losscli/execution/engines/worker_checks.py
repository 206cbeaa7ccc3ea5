"""Checks of a cluster before any work: its versions, its arithmetic, and the files that it sees."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from losscli._version import __version__
from losscli.errors import FileError
from losscli.execution.cpu_fingerprint import fingerprint
from losscli.execution.engines import Expected

SAME_VERSIONS = (
    "the scheduler and all workers need the same losscli, Python and NumPy as this process, and CPUs of one kind"
)


def one_line(error: BaseException) -> str:
    """An error as one line."""
    return " ".join(f"{type(error).__name__}: {error}".split())


def check(client: Any, files: Sequence[Expected]) -> None:
    """A FileError that names the worker with another version, other arithmetic, or without the files."""
    try:
        versions = client.get_versions()
        _check_pythons(versions)
        _check_version("the scheduler", client.run_on_scheduler(_probe([])))
        found = client.run(_probe([file.place for file in files]), on_error="return")
    except FileError:
        raise
    except Exception as error:
        raise FileError(f"the cluster failed: {one_line(error)}", hint=SAME_VERSIONS, code="IO_CLUSTER") from None
    for address, seen in found.items():
        who = f"worker {address}"
        _check_version(who, seen)
        if seen["arithmetic"] != fingerprint():
            raise FileError(
                f"{who} has another kind of CPU: its exp and log differ in the last bit",
                hint=SAME_VERSIONS,
                code="IO_CLUSTER",
            )
        for file, there in zip(files, seen["files"], strict=True):
            if there is None:
                raise FileError(f"{who} does not see the file", path=file.path,
                                hint="every worker must be able to read the files at the same path",
                                code="IO_CLUSTER")  # fmt: skip
            if tuple(there) != (file.size, file.time):
                raise FileError(f"{who} sees a different file: its size or modification time differs", path=file.path,
                                hint="every worker must read the same file; copies must keep its time (cp -p)",
                                code="IO_CLUSTER")  # fmt: skip


def _check_pythons(versions: Any) -> None:
    """Python and NumPy must be the same, as code and arrays are sent; they are compared before any code is sent."""
    here = versions["client"]["packages"]
    for address, there in {"": versions["scheduler"], **versions["workers"]}.items():
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


def _probe(places: Sequence[str]) -> Callable[[], dict[str, Any]]:
    """A function that a worker runs. It is nested, so that its code is sent: the worker may not have this module."""
    version = __version__

    def probe() -> dict[str, Any]:
        import importlib
        from pathlib import Path

        def seen(place: str) -> tuple[int, int] | None:
            try:
                with Path(place).open("rb"):
                    status = Path(place).stat()
            except OSError:
                return None
            return status.st_size, status.st_mtime_ns

        try:
            theirs = importlib.import_module("losscli").__version__
        except ImportError:
            return {"version": None}
        if theirs != version:
            return {"version": theirs}
        kind = importlib.import_module("losscli.execution.cpu_fingerprint").fingerprint()
        return {"version": theirs, "arithmetic": kind, "files": [seen(place) for place in places]}

    return probe
