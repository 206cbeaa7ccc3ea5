"""JSON text with indents. That of the standard library makes it piece by piece, which takes four times as long."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator
from json.encoder import encode_basestring
from typing import Any

_Others = Callable[[Any, str], Iterator[str]]


def indented(value: Any, margin: str = "\n", others: _Others | None = None) -> str:
    """The text of `json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)`.

    Parameters
    ----------
    value
        Dictionaries with texts as keys, lists, texts, numbers, booleans and None.
    margin
        The line end before the last line of the text, with its indent.
    others
        Gives the texts of what stands for several entries of a list, and is none of these.
    """
    kind = type(value)
    if kind is str:
        return encode_basestring(value)
    if kind is float and math.isfinite(value):
        return repr(value)
    if value is None or kind is bool or kind is int:
        return json.dumps(value)
    inner = margin + "  "
    if kind is dict:
        entries = [f"{encode_basestring(key)}: {indented(one, inner, others)}" for key, one in value.items()]
        return f"{{{inner}{f',{inner}'.join(entries)}{margin}}}" if entries else "{}"
    if kind is list:
        entries = []
        for one in value:
            entries += [indented(one, inner, others)] if others is None or _is_json(one) else others(one, inner)
        return f"[{inner}{f',{inner}'.join(entries)}{margin}]" if entries else "[]"
    raise TypeError(f"{kind.__name__} is not JSON")


def _is_json(value: Any) -> bool:
    return value is None or isinstance(value, dict | list | str | int | float)
