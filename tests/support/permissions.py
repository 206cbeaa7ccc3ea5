"""What the system refuses, to whom it refuses anything: to root it does not."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

NOBODY = 65534
_VERSION = 0x20080522  # of capabilities, in linux/capability.h
_OVERRIDE = 1 << 1 | 1 << 2  # CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH


@contextmanager
def as_any_user() -> Iterator[None]:
    """Where the tests run as root, who may read and write everything, do without that right meanwhile.

    On Linux the user stays who it is: somebody else could not import modules out of a folder that is closed to others,
    and so a test would depend on what others have imported before.
    """
    if os.geteuid() != 0:
        yield
    elif sys.platform == "linux":
        with _without_override():
            yield
    else:
        os.seteuid(NOBODY)
        try:
            yield
        finally:
            os.seteuid(0)


@contextmanager
def _without_override() -> Iterator[None]:
    """The capabilities of this thread, and of those that it starts meanwhile, without those that overrule modes."""
    system = ctypes.CDLL(None, use_errno=True)
    head = (ctypes.c_uint32 * 2)(_VERSION, 0)
    own = (ctypes.c_uint32 * 6)()  # effective, permitted and inheritable ones: the lower 32, then the upper 32

    def call(function: str, data: ctypes.Array[ctypes.c_uint32]) -> None:
        if getattr(system, function)(head, data):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()), function)

    call("capget", own)
    less = (ctypes.c_uint32 * 6)(*own)
    less[0] &= ~_OVERRIDE
    call("capset", less)
    try:
        yield
    finally:
        call("capset", own)
