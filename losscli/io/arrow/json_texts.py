"""A JSON array of texts -> an Arrow array, without a Python string for each text where that can be avoided."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pyarrow as pa

from losscli.io.arrow.build import strings

_MANY = 1 << 16  # bytes from which on Arrow splits the text: below, importing `pyarrow.compute` takes longer
_BETWEEN = '", "'


def is_array(value: Any) -> bool:
    """Whether a value is an array of Arrow."""
    return isinstance(value, pa.Array)


def texts_of_json(raw: bytes) -> pa.Array:
    """The texts of an array in JSON; a ValueError where it is none, or holds anything else."""
    if len(raw) >= _MANY and (plain := _plain(raw)) is not None:
        return plain
    texts = json.loads(raw)
    if not isinstance(texts, list) or not {*map(type, texts)} <= {str}:
        raise ValueError("not an array of texts")
    return strings(texts)


def _plain(raw: bytes) -> pa.Array | None:
    """The texts as `json.dumps` writes those that need no escape; None where some do, or are spaced otherwise."""
    if not raw.isascii() or b"\\" in raw:
        return None
    text = raw.decode()
    inner = text[2:-2]
    # Beside the quotes that bound texts there is none, and no character that a text of JSON must escape.
    quotes, least = 2 * inner.count(_BETWEEN) + 2, np.frombuffer(raw, np.uint8).min()
    if text != f'["{inner}"]' or text.count('"') != quotes or least < ord(" "):
        return None
    import pyarrow.compute as pc

    return pc.split_pattern(strings([inner]), _BETWEEN).values
