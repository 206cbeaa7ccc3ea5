r"""Cutting the text of a loss: what stands in braces, as in `q={a,b}`, is the name of a column and is not cut.

In it, a backslash takes `}`, `,`, `+` and a backslash literally.
"""

from __future__ import annotations

import re

from losscli.contract.row_parameters import ColumnParameter
from losscli.errors import UsageError

_BRACED = re.compile(r"\{((?:\\.|[^\\}])*)\}", re.DOTALL)


def cut(text: str, mark: str | re.Pattern[str]) -> list[str]:
    """The text cut at each mark that is not in braces."""
    pattern = re.compile(re.escape(mark)) if isinstance(mark, str) else mark
    pieces, start = [], 0
    for found in pattern.finditer(_BRACED.sub(lambda braced: "_" * len(braced[0]), text)):
        pieces.append(text[start : found.start()])
        start = found.end()
    return [*pieces, text[start:]]


def column_parameter(text: str, whole: str) -> ColumnParameter | None:
    """`{level}` as the column; None if it is another value. `whole` is the setting for messages."""
    if not text.startswith("{"):
        return None
    found = _BRACED.fullmatch(text)
    if found is None:
        raise UsageError(f"'{whole}' has no closing brace", hint=r"write the column as {name}; \} is a brace in it",
                         code="USAGE_BAD_PARAMETER")  # fmt: skip
    name = re.sub(r"\\([},+\\])", r"\1", found[1])
    if not name:
        raise UsageError(f"'{whole}' names no column", hint="write the column as {name}", code="USAGE_BAD_PARAMETER")
    return ColumnParameter(name)
