"""Losses are found by name, and a run imports no family but its own."""

import subprocess
import sys

import pytest

from losscli import losses
from losscli.binding.spec import parse
from losscli.contract.kinds import Real
from losscli.contract.loss import WITH_LOGITS
from losscli.errors import LosscliError
from losscli.losses._tasks import TASKS, elsewhere, tasks

FAMILIES = """
import sys
from losscli.binding.spec import parse
assert parse({spec!r}).text
print(*sorted(name.rpartition(".")[2] for name in sys.modules if name.startswith("losscli.losses.")))
"""


def families(spec):
    """The modules of losses that a fresh process has after it has read a spec."""
    done = subprocess.run(
        [sys.executable, "-c", FAMILIES.format(spec=spec)], capture_output=True, text=True, check=True
    )
    return {name for name in done.stdout.split() if not name.startswith("_")}


@pytest.mark.parametrize(
    ("spec", "expected"),
    [("rmse", {"regression"}), ("own=0.5*mae+0.5*zero_one", {"regression", "decision"})],
)
def test_a_run_imports_the_families_of_its_losses_alone(spec, expected):
    assert families(spec) == expected


def test_each_name_stands_where_the_list_says():
    every = losses.every()
    listed = dict(line.split("\t")[:2] for line in losses.NAMES.read_text(encoding="utf-8").splitlines())
    aliases = {alias: loss for loss in every.values() for alias in loss.aliases}
    assert {name: loss.family for name, loss in {**every, **aliases}.items()} == listed


def test_a_loss_of_logits_stands_beside_that_of_probabilities():
    """`of_logits` and `of_probabilities` ask no other family."""
    every = losses.every()
    both = [(every[name.removesuffix(WITH_LOGITS)], loss) for name, loss in every.items()
            if name.endswith(WITH_LOGITS) and name.removesuffix(WITH_LOGITS) in every]  # fmt: skip
    assert both
    assert [second.name for first, second in both if first.family != second.family] == []


def test_a_loss_that_the_list_lacks_is_found(temporary):
    @temporary(formula="pred", cite="none")
    def lately_written(pred: Real):
        """Something new."""

    assert losses.find("lately_written") is lately_written
    assert "lately_written" in losses.names()
    assert losses.find("never_written") is None


def test_names_of_python():
    assert losses.l1 is losses.mae
    assert {"mae", "l1", "accuracy"} <= set(dir(losses))
    with pytest.raises(AttributeError, match="unknown loss 'no_such'"):
        losses.no_such  # noqa: B018
    with pytest.raises(LosscliError, match="cannot be named 'l1'"):
        parse("l1=0.5*mse+0.5*mae")


@pytest.mark.parametrize("family", sorted({loss.family for loss in losses.every().values()}))
def test_every_family_is_for_known_tasks(family):
    found = {tasks(loss) for loss in losses.every().values() if loss.family == family}
    assert len(found) == 1
    assert set(found.pop()) <= set(TASKS[:-1])


@pytest.mark.parametrize(
    ("words", "programs"),
    [(["bleu"], "sacrebleu, rouge-score"), (["word", "error"], "jiwer"), (["word error rate"], "jiwer"),
     (["accuracy"], None), (["word", "accuracy"], None), ([], None)],
)  # fmt: skip
def test_what_other_programs_are_for(words, programs):
    said = elsewhere(words)
    assert said is None if programs is None else said.endswith(f"see {programs}")
