"""An error as data, for what prints it."""

from __future__ import annotations

from losscli.errors import LosscliError
from losscli.results import ErrorResult


def error_result(error: LosscliError) -> ErrorResult:
    """The error as data."""
    return ErrorResult(
        code=error.code or error.default_code, exit=int(error.exit_code), message=error.message,
        hint=None if error.hint is None else str(error.hint), path=error.path, row=error.row, line=error.line,
        column=error.column, value=error.value, suggestions=error.suggestions,
    )  # fmt: skip
