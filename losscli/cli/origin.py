"""What made a report: the words of the command line, and the date where one is asked for."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace

import click

from losscli.errors import UsageError
from losscli.results import Origin, SuiteResult

DATE = "SOURCE_DATE_EPOCH"
"""Seconds since 1970: the date that a report bears, as programs that make the same bytes again agreed to name it."""


def made_by() -> Origin:
    """The command that is running. Without a date, the same command makes the same report at any time."""
    context = click.get_current_context(silent=True)
    words: Sequence[str] = () if context is None else context.find_root().obj or ()
    if any("://" in word for word in words):
        from losscli.io.remote.address import with_redacted_urls

        words = [with_redacted_urls(word) for word in words]
    return Origin(("losscli", *words) if words else (), _date(os.environ.get(DATE)))


def marked(suite: SuiteResult, origin: Origin) -> SuiteResult:
    """A suite with what made it."""
    evaluation = suite.evaluation
    return suite if evaluation is None else replace(suite, evaluation=replace(evaluation, origin=origin))


def _date(seconds: str | None) -> str | None:
    if not seconds:
        return None
    from datetime import UTC, datetime

    try:
        return f"{datetime.fromtimestamp(int(seconds), UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        said = f"{DATE} must be a number of seconds since 1970; got '{seconds}'"
        raise UsageError(said, hint=f"{DATE}=$(date +%s), or unset it", code="USAGE_BAD_VALUE") from None
