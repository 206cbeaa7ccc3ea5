"""The limits of the C library's allocator while a worker of a cluster works, and what they are afterwards."""

from __future__ import annotations

import contextlib
import os
import pickle
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from losscli.execution import freed_memory
from losscli.execution.cpu_fingerprint import fingerprint

TRIM, MMAP = -1, -3  # of mallopt
KEPT = [(MMAP, 16 << 20), (TRIM, 32 << 20)]
RESTORED = [(MMAP, 128 << 10), (TRIM, 65536)]
IS_GLIBC = freed_memory._is_glibc
DASK = b"MALLOC_TRIM_THRESHOLD_=65536"


@pytest.fixture
def process(tmp_path, monkeypatch):
    """A process of the GNU C library that began with the variables of `began`; what it was told is in `told`."""
    told = []
    began = tmp_path / "environ"
    began.write_bytes(b"HOME=/\0" + DASK + b"\0LANG=C\0")
    library = SimpleNamespace(mallopt=lambda *given: told.append(given))
    monkeypatch.setattr(freed_memory, "_START", began)
    monkeypatch.setattr(freed_memory, "_limits", freed_memory._limits.__wrapped__)  # not what another test found
    monkeypatch.setattr(freed_memory, "_is_glibc", lambda: True)
    monkeypatch.setattr(freed_memory, "_free_an_array", lambda: told.append("freed"))
    monkeypatch.setattr(freed_memory, "ctypes", SimpleNamespace(CDLL=lambda name: library))
    return SimpleNamespace(began=began, told=told)


def test_the_last_task_restores_the_limits(process):
    first, second = contextlib.ExitStack(), contextlib.ExitStack()
    first.enter_context(freed_memory.keeping_freed_memory())
    second.enter_context(freed_memory.keeping_freed_memory())
    first.close()
    assert process.told == KEPT
    second.close()
    assert process.told == [*KEPT, *RESTORED, "freed"]
    with freed_memory.keeping_freed_memory():
        pass
    assert process.told == 2 * [*KEPT, *RESTORED, "freed"]


def test_a_task_that_fails_restores_the_limits(process):
    with pytest.raises(KeyboardInterrupt), freed_memory.keeping_freed_memory():
        raise KeyboardInterrupt
    assert process.told == [*KEPT, *RESTORED, "freed"]


@pytest.mark.parametrize(("value", "kept"), [(0, 32 << 20), (1 << 30, 1 << 30)])
def test_a_limit_is_raised_and_not_lowered(value, kept, process):
    process.began.write_bytes(f"MALLOC_TRIM_THRESHOLD_={value}\0".encode())
    with freed_memory.keeping_freed_memory():
        assert process.told[-1] == (TRIM, kept)
    assert process.told[-2] == (TRIM, value)


@pytest.mark.parametrize(
    "variables",
    [
        b"",
        b"HOME=/\0LANG=C\0",
        b"MALLOC_TRIM_THRESHOLD_=\0",
        b"MALLOC_TRIM_THRESHOLD_=-1\0",
        b"MALLOC_TRIM_THRESHOLD_=0x10000\0",
        b"MALLOC_TRIM_THRESHOLD_=0200000\0",
        b"MALLOC_TRIM_THRESHOLD_=4294967296\0",
        DASK + b"\0MALLOC_MMAP_THRESHOLD_=65536\0",
        DASK + b"\0MALLOC_MMAP_MAX_=0\0",
        DASK + b"\0MALLOC_TOP_PAD_=0\0",
        DASK + b"\0GLIBC_TUNABLES=glibc.malloc.trim_threshold=128\0",
    ],
)
def test_other_limits_stay(variables, process):
    """Without the variable there is nothing to change, and what other variables say could not be restored."""
    process.began.write_bytes(variables)
    with freed_memory.keeping_freed_memory():
        pass
    assert not process.told


def test_no_limits_are_set_where_the_variables_of_the_process_are_unknown(process):
    process.began.unlink()
    with freed_memory.keeping_freed_memory():
        pass
    assert not process.told


@pytest.mark.parametrize("answer", ["", "musl 1.2.5", None, AttributeError, ValueError, OSError])
def test_no_limits_are_set_in_another_c_library(answer, process, monkeypatch):
    def confstr(name):
        if isinstance(answer, type):
            raise answer
        return answer

    monkeypatch.setattr(freed_memory, "_is_glibc", IS_GLIBC.__wrapped__)
    monkeypatch.setattr(freed_memory.os, "confstr", confstr, raising=False)
    with freed_memory.keeping_freed_memory():
        pass
    assert not process.told


@pytest.mark.parametrize("error", [AttributeError, OSError, TypeError])
def test_no_limits_are_set_by_a_library_without_the_function(error, process, monkeypatch):
    def refused(name):
        raise error("no such function")

    monkeypatch.setattr(freed_memory.ctypes, "CDLL", refused)
    with freed_memory.keeping_freed_memory():
        pass
    assert not process.told


SEEN = """
import ctypes, sys
import numpy as np
from losscli.execution.freed_memory import keeping_freed_memory

class Info(ctypes.Structure):
    _fields_ = [(f"field{number}", ctypes.c_int) for number in range(10)]

mallinfo = ctypes.CDLL(None).mallinfo
mallinfo.restype = Info

def own_mapping(size):
    before = mallinfo().field3  # hblks
    made = np.empty(size, np.uint8)
    return mallinfo().field3 - before

found = [own_mapping(8 << 20)]
with keeping_freed_memory():
    found.append(own_mapping(8 << 20))
found.append(own_mapping(14 << 20))  # larger than all that may be kept
print(found)
"""


@pytest.mark.skipif(not IS_GLIBC(), reason="the allocator of the GNU C library")
def test_arrays_of_a_task_have_no_mapping_of_their_own():
    """What is mapped for an array alone is unmapped as the array is freed, and the next one costs page faults."""
    plain = {
        name: value for name, value in os.environ.items() if not name.startswith(("MALLOC_", "GLIBC_", "LD_PRELOAD"))
    }
    variables = {**plain, "MALLOC_TRIM_THRESHOLD_": "65536", "PYTHONPATH": str(Path(__file__).parents[2])}
    done = subprocess.run([sys.executable, "-c", SEEN], env=variables, capture_output=True, text=True, check=True)
    assert done.stdout == "[1, 0, 1]\n"


def test_a_task_on_a_worker_keeps_freed_memory(process, monkeypatch):
    distributed = pytest.importorskip("distributed", reason="an extra: losscli[dask]")
    from losscli.execution.engines import worker

    here = SimpleNamespace(
        log_event=lambda topic, number: None, get_current_task=lambda: "key", state=SimpleNamespace(tasks={})
    )
    monkeypatch.setattr(distributed, "get_worker", lambda: here)
    expected = "this version", fingerprint()
    monkeypatch.setattr(worker, "settled", lambda: expected)
    monkeypatch.setattr(worker, "answers", lambda *given: iter([list(process.told)]))
    outcome = worker.do(worker.Job(None, "topic", expected), 0, pickle.dumps([]))
    assert pickle.loads(outcome.answers) == [KEPT]
    assert process.told == [*KEPT, *RESTORED, "freed"]
