r"""Cutting the text of a loss: what stands in braces, as in `q={a,b}`, is the name of a column and is not cut.

A sum is cut at each plus, and at a minus between spaces or beside a number: `mse - mae` and `1-mse` are sums, and a
hyphen, as in `cross-entropy`, leaves the name whole for the message that no loss has it.

In it, a backslash takes `}`, `,`, `+` and a backslash literally.
"""

from __future__ import annotations

import re

from losscli.contract.row_parameters import ColumnParameter
from losscli.errors import UsageError
from losscli.lazy import pattern

_SIGN = pattern("[+-]")
_EXPONENT = pattern(r"\d[eE]$")  # the minus of 1e-4 is no minus
_AFTER_NUMBER = pattern(r"(^|[^\w.])(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$", re.ASCII)
_BRACED = pattern(r"\{((?:\\.|[^\\}])*)\}", re.DOTALL)


def cut(text: str, mark: str | re.Pattern[str]) -> list[str]:
    """The text cut at each mark that is not in braces."""
    pattern = re.compile(re.escape(mark)) if isinstance(mark, str) else mark
    pieces, start = [], 0
    for found in pattern.finditer(_BRACED.sub(lambda braced: "_" * len(braced[0]), text)):
        pieces.append(text[start : found.start()])
        start = found.end()
    return [*pieces, text[start:]]


def signed(text: str) -> list[tuple[str, str]]:
    """The components of a sum, each with the sign before it."""
    masked = _BRACED.sub(lambda braced: "_" * len(braced[0]), text)
    pieces, sign, start = [], "+", 0
    for found in _SIGN.finditer(masked):
        if _EXPONENT.search(masked[: found.start()]) or (found[0] == "-" and not _is_minus(masked, found.start())):
            continue
        pieces.append((sign, text[start : found.start()]))
        sign, start = found[0], found.end()
    return [*pieces, (sign, text[start:])]


def _is_minus(text: str, at: int) -> bool:
    """Whether a minus stands between two components: it is no sign of a number, and no hyphen of a name."""
    before, after = text[:at], text[at + 1 :]
    if not before.strip() or before.rstrip()[-1] in "+-*=|,:":
        return False
    spaced = before[-1].isspace() or after[:1].isspace()
    return spaced or _AFTER_NUMBER.search(before) is not None or after[:1].isdigit() or after[:1] == "."


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
