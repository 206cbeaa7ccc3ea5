"""losscli beside other programs: whole processes in turn, values compared, ratios judged by goals. Run by hand.

    python tests/benchmarks/run.py [--folder F] [--runs N] [--only WORDS] [--peers PYTHON] [--long] [--write]

losscli runs as `python -m losscli` of this checkout, under the interpreter that runs this file. Its peers (`pip install
'losscli[benchmark]'`) may live in another one: --peers. The data (4 GB) is made once in the folder. What is measured,
against whom and with which goals is declared in rows.py.
"""

from __future__ import annotations

import sys
from pathlib import Path

if __name__ == "__main__":
    # Not the folder of this file, so that its modules are called the same here and in the tests.
    sys.path[0] = str(Path(__file__).resolve().parent.parent)
    from benchmarks.command import main

    sys.exit(main(sys.argv[1:]))
