"""A few inputs of each target of the fuzzer, the same ones each time in CI, and all that ever broke a rule."""

from __future__ import annotations

import sys

import pytest
from command_process import CommandProcess, Ended
from fuzzing import FOUND, attempt, fuzz, wrong
from hypothesis import HealthCheck, Phase, given, settings
from targets import TARGETS

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a process with limits of its own, as on POSIX")
KEPT = sorted(path for path in FOUND.glob("*/*") if path.is_file())


@pytest.fixture(scope="module")
def process():
    with CommandProcess() as started:
        yield started


@pytest.mark.parametrize("target", TARGETS.values(), ids=lambda target: target.name)
def test_what_is_made_at_random_is_scored_or_refused(target, process, tmp_path):
    fuzz(target, 60, process, tmp_path)


@pytest.mark.parametrize("path", KEPT, ids=lambda path: f"{path.parent.name}-{path.name}")
def test_what_was_found(path, process, tmp_path):
    target = TARGETS[path.parent.name]
    ended = attempt(target, path.read_bytes(), process, tmp_path)
    assert wrong(ended, target.most_errors) is None


@pytest.mark.parametrize(
    "ended",
    [
        Ended(None, "", "the process ended with -11"),
        Ended(70, "", "error: this is a bug"),
        Ended(3, "1.5", "error: no"),
        Ended(3, "", ""),
        Ended(3, "", "error: no\nerror: no"),
        Ended(0, "1.5", "error: no"),
        Ended(0, "1.5", "note: \x1b[2J"),
        Ended(1, "1.5", "Traceback (most recent call last):"),
        Ended(0, "1.5", "note: a\n" * 1000),
    ],
)
def test_a_broken_rule_is_seen(ended):
    assert wrong(ended) is not None


@pytest.mark.parametrize("name", ["spec", "where", "config", "s-csv", "s-jsonl", "s-parquet", "s-arrow"])
def test_inputs_get_past_the_first_check(name, process, tmp_path):
    """Of the inputs of a target some are scored: what is refused at once tries little."""
    codes = set()

    @settings(max_examples=60, deadline=None, database=None, derandomize=True, phases=[Phase.generate],
              suppress_health_check=list(HealthCheck))  # fmt: skip
    @given(TARGETS[name].inputs)
    def seen(data):
        codes.add(attempt(TARGETS[name], data, process, tmp_path).code)

    seen()
    assert 0 in codes
    assert len(codes) > 1
