"""What the system refuses, to whom it refuses anything: to root it does not."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager

NOBODY = 65534


@contextmanager
def as_any_user() -> Iterator[None]:
    """Where the tests run as root, who may read and write everything, be somebody else meanwhile.

    Files must be named from the working directory, as those above it may be closed to others.
    """
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(0)
