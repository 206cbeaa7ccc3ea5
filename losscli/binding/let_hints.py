"""Hints that propose a derived column."""

from __future__ import annotations

import shlex


def derived_column(column: str, word: str, change: str) -> tuple[str, str]:
    """A name for a column made of this one, and the option that makes it: `--let 'p_fraction = p / 100'`.

    The name is the column's own with the word behind it, or the word alone where a name must stand in quotes.
    """
    from losscli.binding.expressions.lexer import BARE
    from losscli.binding.expressions.values import Column

    name = f"{column}_{word}" if BARE.fullmatch(column) else word
    return name, f"--let {shlex.quote(f'{name} = {Column(column).text()} {change}')}"
