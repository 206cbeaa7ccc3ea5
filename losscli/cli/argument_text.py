"""Arguments that are no UTF-8: Python holds their bytes as lone surrogates, which only a path may have."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from typing import Any

import click

from losscli.errors import UsageError
from losscli.lazy import pattern

_LONE = pattern("[\ud800-\udfff]")
_PATHS = ("FILE", "SOURCE", "STATE", "OLD", "NEW")  # a file may have any name


def check(context: click.Context, params: Sequence[click.Parameter]) -> None:
    """Raise a UsageError if a parameter that is no path has text that is no UTF-8."""
    for param in params:
        if any(word in (param.metavar or "") for word in _PATHS):
            continue
        for text in _texts(context.params.get(str(param.name))):
            if _LONE.search(text):
                from_environment = (
                    context.get_parameter_source(str(param.name)) is click.core.ParameterSource.ENVIRONMENT
                )
                hint = f"it comes from the environment variable {param.envvar}" if from_environment else None
                name = max(param.opts, key=len) if isinstance(param, click.Option) else param.make_metavar(context)
                raise _error(name, text, hint)


def culprit(error: UnicodeEncodeError, args: Sequence[str]) -> UsageError | None:
    """The error about the argument whose text could not be encoded, if it was one."""
    if not isinstance(error.object, str) or not _LONE.search(error.object):
        return None
    known = [*args, *(text for name, text in os.environ.items() if name.startswith("LOSSCLI_"))]
    found = next((text for text in known if _LONE.search(text)), None)
    return None if found is None else _error("an argument", found, None)


def _error(name: str, text: str, hint: str | None) -> UsageError:
    return UsageError(f"{name}: '{text}' is not UTF-8 text", hint=hint, code="USAGE_BAD_VALUE")


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, tuple):
        for item in value:
            yield from _texts(item)
