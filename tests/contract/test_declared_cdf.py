"""What a declared cumulative distribution function may take."""

from __future__ import annotations

import pytest

from losscli.cli import show
from losscli.contract.distributions import cdf_arguments, checked_cdf
from losscli.contract.kinds import Real
from losscli.losses import REGISTRY
from losscli.losses._catalogue import entry


def scaled(pred, target, scale, *, df, floor=0.0):
    return pred


def test_roles_are_positional_and_parameters_keyword_only():
    roles, params = cdf_arguments(scaled)
    assert roles == ["pred", "target", "scale"]
    assert params["floor"] == 0.0
    assert list(params) == ["df", "floor"]


def test_it_takes_roles_and_parameters_of_its_loss():
    assert checked_cdf(None, [], []) is None
    assert checked_cdf(scaled, ["pred", "target", "scale"], ["df"]) is scaled
    with pytest.raises(ValueError, match="takes 'scale', which is no role"):
        checked_cdf(scaled, ["pred", "target"], ["df"])
    with pytest.raises(ValueError, match="takes 'df', which is no role"):
        checked_cdf(scaled, ["pred", "target", "scale"], ["floor"])
    with pytest.raises(ValueError, match="takes no 'target'"):
        checked_cdf(lambda pred: pred, ["pred", "target"], [])


def test_a_declaration_with_another_function_is_refused(temporary):
    with pytest.raises(ValueError, match="takes 'scale'"):

        @temporary(formula="abs(pred - target)", cite="none", cdf=lambda target, scale: target)
        def unscaled(pred: Real, target: Real):
            """A loss."""


def test_show_says_of_which_losses_it_is_known():
    said = {name for name, loss in REGISTRY.items() if "\nDistribution\n" in show.text(loss, 100)}
    assert "gaussian_nll" in said and "mse" not in said
    assert said == {name for name, loss in REGISTRY.items() if loss.cdf is not None}
    assert said == {name for name, loss in REGISTRY.items() if entry(loss)["cdf"]}
