"""A few of the faults that `faults.py` injects, and the rules that it holds, which must be able to break."""

from __future__ import annotations

import errno
import sys

import pytest
from command_process import CommandProcess, Ended
from faults import EARLIER, RUNS, compiler, inject, killed, library, wrong

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="a library is preloaded, as on Linux")


@pytest.fixture(scope="module")
def process(tmp_path_factory):
    if compiler() is None:
        pytest.skip("no C compiler")
    place = tmp_path_factory.mktemp("faults")
    with CommandProcess(LD_PRELOAD=str(library(place)), TMPDIR=str(place)) as started:
        yield started


@pytest.mark.parametrize("run", RUNS)
def test_a_run_on_a_failing_disk_ends_whole_or_with_one_error(run, process, tmp_path):
    codes, broken = inject(run, process, tmp_path, step=3)
    assert [str(each) for each in broken] == []
    assert codes[4] > 0  # faults arrive
    assert codes[0] > 0


def test_a_killed_run_spoils_no_report(tmp_path):
    assert killed(tmp_path, 5, seed=1) == []


WHOLE = Ended(0, "0.5\n", "")


@pytest.mark.parametrize(
    ("ended", "kind", "report"),
    [
        (Ended(0, "0.25\n", ""), errno.EIO, "good"),
        (Ended(0, "0.5\n", ""), errno.EIO, EARLIER),
        (Ended(4, "", "error: no"), 0, EARLIER),
        (Ended(1, "", "error: no"), errno.EIO, EARLIER),
        (Ended(70, "", "error: no"), errno.EIO, EARLIER),
        (Ended(4, "0.5\n", "error: no"), errno.EIO, EARLIER),
        (Ended(4, "", ""), errno.EIO, EARLIER),
        (Ended(4, "", "error: no"), errno.EIO, "half"),
    ],
)
def test_a_broken_rule_is_seen(ended, kind, report):
    assert wrong(ended, WHOLE, kind, report, "good") is not None
    assert wrong(WHOLE, WHOLE, kind, "good", "good") is None
