"""The process: everything else is in losscli.cli."""

from __future__ import annotations

import sys

from losscli.cli.entry import leave, run


def main() -> None:
    leave(run(sys.argv[1:]))


if __name__ == "__main__":
    main()
