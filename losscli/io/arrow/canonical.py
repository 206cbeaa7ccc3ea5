"""Class text in one form."""

from __future__ import annotations

import re

_INTEGRAL = re.compile(r"[+-]?\d+\.0*")


def canonical(name: str) -> str:
    """Class text in one form: 1.0 is 1, True is true. Everything else, 007 too, is what it is."""
    if _INTEGRAL.fullmatch(name):
        return str(int(name.partition(".")[0]))
    return name.lower() if name in ("True", "False", "TRUE", "FALSE") else name
