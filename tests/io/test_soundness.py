"""Damaged columns are refused whether NumPy or Arrow finds the damage; sound ones pass without Arrow's slow check."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from losscli.io.arrow.soundness import validate_in_full


def coded(codes, words=("a", "b", "c"), valid=None):
    cells = np.array(codes, np.int32)
    bitmap = None if valid is None else pa.py_buffer(np.packbits(valid, bitorder="little").tobytes())
    indices = pa.Array.from_buffers(pa.int32(), len(cells), [bitmap, pa.py_buffer(cells)])
    return pa.DictionaryArray.from_arrays(indices, pa.array(words), safe=False)


def texts(ends, data=b"abcdef", *, large=False):
    kind, cell = (pa.large_string(), np.int64) if large else (pa.string(), np.int32)
    return pa.Array.from_buffers(kind, len(ends) - 1, [None, pa.py_buffer(np.array(ends, cell)), pa.py_buffer(data)])


SOUND = [
    coded([0, 2, 1]), coded([]), coded([0, 9], valid=[True, False]), coded([1, 1], words=["é", "ü"]),
    coded([0, 2, 1, 0]).slice(1, 2), texts([0, 2, 2, 6]), texts([1, 2, 4]), texts([0, 3], large=True),
    texts([0, 2], "é".encode()), texts([0]), pa.array(["", ""]), pa.array(["x", None]), pa.array([[1.0], []]),
]  # fmt: skip
DAMAGED = [
    coded([0, 3, 1]), coded([0, -1]), coded([0, 3], valid=[True, True]), texts([0, 4, 2, 6]),
    texts([0, 1, 2], "é".encode()), texts([0, 1], b"\xff"), texts([0, 1], b"\xff", large=True),
    pa.DictionaryArray.from_arrays(pa.array([0, 0]), texts([0, 1], b"\xff"), safe=False),
]  # fmt: skip


@pytest.mark.parametrize("column", SOUND)
def test_a_sound_column_passes(column):
    column.validate(full=True)
    validate_in_full(column)


@pytest.mark.parametrize("column", DAMAGED)
def test_a_damaged_column_is_refused_as_by_arrow(column):
    with pytest.raises(pa.ArrowException) as theirs:
        column.validate(full=True)
    with pytest.raises(type(theirs.value)) as ours:
        validate_in_full(column)
    assert str(ours.value) == str(theirs.value)


def test_arrow_looks_at_each_cell_only_where_it_must(monkeypatch):
    from losscli.io.arrow import soundness

    seen = []
    sound = soundness._is_plainly_sound
    monkeypatch.setattr(soundness, "_is_plainly_sound", lambda column: seen.append(sound(column)) or seen[-1])
    for column in (coded([0, 2, 1]), texts([0, 2, 6]), texts([0, 3], large=True), coded([0, 1]).slice(1)):
        soundness.validate_in_full(column)
    assert all(seen)
