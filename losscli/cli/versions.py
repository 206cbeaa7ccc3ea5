"""losscli --version, and with -v what it runs on: what a report of a bug needs."""

from __future__ import annotations

from typing import Any

import click

from losscli._version import __version__
from losscli.errors import UsageError

_NEEDED = ("click", "numpy", "pandas", "pyarrow", "rich")
_EXTRAS = ("distributed", "fsspec", "s3fs", "gcsfs", "adlfs", "aiohttp", "safetensors")
_VERBOSE = "losscli.cli.versions.verbose"


def options(command: Any) -> Any:
    """Give a command `--version`, and the `-v` that goes with it.

    `-v` is looked at first, wherever it stands.
    """
    command = click.option("-v", is_flag=True, is_eager=True, expose_value=False, callback=_remember,
                           help="With --version: also what it runs on.")(command)  # fmt: skip
    return click.option("-V", "--version", is_flag=True, expose_value=False, callback=_show,
                        help="Show the version and exit.")(command)  # fmt: skip


def _remember(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    context.meta[_VERBOSE] = wanted


def _show(context: click.Context, _: click.Parameter, wanted: bool) -> None:
    verbose = context.meta.get(_VERBOSE, False)
    if wanted and not context.resilient_parsing:
        from losscli.cli.console import write_stdout

        write_stdout(_text() if verbose else f"losscli {__version__}\n")
        context.exit()
    if verbose and not context.resilient_parsing:
        raise UsageError("-v before the command goes with --version", code="USAGE_INCOMPLETE",
                         hint="for more messages of a run, put -v after the command: losscli eval … -v")  # fmt: skip


def _text() -> str:
    """One line each: a name and its version."""
    import platform
    from importlib import metadata

    import pyarrow as pa

    from losscli.parallel import available_cores

    lines = [
        ("losscli", __version__),
        ("python", f"{platform.python_version()} ({platform.python_implementation()})"),
        ("system", platform.platform()),
        ("cores", str(available_cores())),
        *((name, metadata.version(name)) for name in _NEEDED),
        ("memory pool", f"{pa.default_memory_pool().backend_name} (of pyarrow)"),
        *((name, _installed(name)) for name in _EXTRAS),
    ]
    return "".join(f"{name} {version}\n" for name, version in lines)


def _installed(name: str) -> str:
    from importlib import metadata

    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
