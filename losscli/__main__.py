"""The process: everything else is in losscli.cli."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from typing import Any, NoReturn


def main() -> None:
    """Run the command line in this process, and leave with its exit code."""
    for number in (signal.SIGINT, getattr(signal, "SIGTERM", signal.SIGINT)):
        if signal.getsignal(number) is not signal.SIG_IGN:  # as a shell does for what it starts in the background
            signal.signal(number, _end)
    from losscli.cli.entry import leave, run

    leave(run(sys.argv[1:]))


def _end(number: int, _: Any) -> NoReturn:
    """While the program is loaded there is nothing to clean up, and an exception would be shown as a bug of ours."""
    if number == signal.SIGINT:
        with contextlib.suppress(OSError):  # standard error may be closed
            os.write(2, b"Interrupted.\n")
    os._exit(128 + number)


if __name__ == "__main__":
    main()
