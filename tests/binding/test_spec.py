"""Specs: text -> losses -> the same text, and clear errors for the rest."""

from __future__ import annotations

import pytest
from conftest import LOSSES, spec_of, variations
from hypothesis import given
from hypothesis import strategies as st

from losscli.binding.spec import LossSpec, parse
from losscli.errors import UsageError


@pytest.mark.parametrize("loss", LOSSES, ids=lambda loss: loss.name)
def test_text_round_trip(loss):
    for params in variations(loss):
        spec = LossSpec(loss, loss.settle(params))
        for text in (spec.text, spec.full):
            assert parse(text).parts[0][1] == spec
        assert parse(spec.text).text == spec.text
    for alias in loss.aliases:
        assert parse(f"{alias}{spec_of(loss).removeprefix(loss.name)}").text == spec_of(loss)
    for peer in loss.same_as:
        assert parse(spec_of(loss).replace(loss.name, f"{loss.name}@{peer}", 1)).parts[0][1].loss is loss


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("huber", "huber"),
        (" huber : delta = 2 ", "huber:delta=2"),
        ("huber:delta=1.0", "huber"),
        ("huber@lightgbm", "huber:delta=0.9"),
        ("huber@lightgbm:delta=3", "huber:delta=3"),
        ("l2", "mse"),
        ("0.7*mse+0.3*mae", "0.7*mse+0.3*mae"),
        ("total=0.7*mse+0.3*huber:delta=1e+2+mae", "total=0.7*mse+0.3*huber:delta=100+mae"),
        ("mse+mae", "mse+mae"),
        ("2*mse", "2*mse"),
        ("a=mse", "a=mse"),
        ("-1e-3*mse", "-0.001*mse"),
    ],
)
def test_canonical(text, canonical):
    assert parse(text).text == canonical
    assert parse(canonical) == parse(text)


def test_full_carries_every_parameter():
    assert parse("huber").full == "huber:delta=1"
    assert parse("t=2*pinball+mse").full == "t=2*pinball:q=0.5+mse"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("hubber", "unknown loss 'hubber'"),
        ("", "a component is empty"),
        ("mse+", "a component is empty"),
        ("huber:", "ends in a colon"),
        ("huber:dleta=2", "no parameter 'dleta'"),
        ("huber:delta", "does not set a parameter"),
        ("huber:delta=0", "must be > 0; got 0"),
        ("huber:delta=x", "must be a number; got 'x'"),
        ("huber:delta=nan", "must be a number"),
        ("huber:delta=1,delta=2", "is set twice"),
        ("pinball:q=1.01", ">= 0 and <= 1"),
        ("expectile:q=1", "> 0 and < 1"),
        ("huber@tensorflo", "no library preset"),
        ("mse=mae", "cannot be named"),
        ("x*mse", "is not a number"),
        ("inf*mse+mae", "is not a number"),
    ],
)
def test_errors(text, says):
    with pytest.raises(UsageError, match=None) as caught:
        parse(text)
    assert says in caught.value.message


def test_hints():
    with pytest.raises(UsageError) as caught:
        parse("hubber")
    assert "'huber'" in caught.value.hint and "losscli list" in caught.value.hint
    with pytest.raises(UsageError) as caught:
        parse("huber:delat=2")
    assert "'delta'" in caught.value.hint


@given(st.text(max_size=40))
def test_any_text_is_a_spec_or_a_usage_error(text):
    try:
        spec = parse(text)
    except UsageError:
        return
    assert parse(spec.text) == spec
