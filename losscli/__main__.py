"""The process: everything else is in losscli.cli."""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import sys
from typing import Any, NoReturn


def main() -> None:
    """Run the command line in this process, and leave with its exit code."""
    for number in (signal.SIGINT, getattr(signal, "SIGTERM", signal.SIGINT)):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as a shell does for what it starts in the background
            signal.signal(number, _end)
    # Looking for cycles among what is made once and kept takes a tenth of a short run; there is little to find.
    gc.set_threshold(100_000, 20, 100)
    try:
        from losscli.cli.entry import leave, run
        from losscli.parallel import BLAS_VARIABLES
    except (Exception, SystemExit):  # a broken installation; Python's own exit code for it is that of a failed gate
        _broken()
    for name in BLAS_VARIABLES:
        os.environ.setdefault(name, "1")
    leave(run(sys.argv[1:]))


def _broken() -> NoReturn:
    """Show why the program could not be loaded, and leave with the exit code of a fault inside."""
    import traceback  # here, as it is rarely needed

    with contextlib.suppress(OSError):  # standard error may be closed or full
        os.write(2, traceback.format_exc().encode(errors="replace"))
    os._exit(70)


def _end(number: int, _: Any) -> NoReturn:
    """While the program is loaded there is nothing to clean up, and an exception would be shown as a bug of ours."""
    if number == signal.SIGINT:
        with contextlib.suppress(OSError):  # standard error may be closed
            os.write(2, b"Interrupted.\n")
    os._exit(128 + number)


if __name__ == "__main__":
    main()
