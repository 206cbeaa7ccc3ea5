"""The best constant prediction is the functional that a loss declares: swapped arguments would show here."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest
from conftest import CLASSES, LOSSES, choices, draw, required, variations
from formula_checks import term_means

from losscli.contract.kinds import Positive
from losscli.contract.loss import as_terms

ROWS = 37  # a prime: no quantile lies between two values
STEPS = (1e-5, 1e-3, 0.03, 0.3, 1.0, 10.0)


def quantile(values, q):
    """The smallest value that so large a share of the values does not exceed."""
    return np.quantile(values, q, method="inverted_cdf")


def expectile(values, q):
    """Where the mean excess on both sides has the ratio of the expectile."""
    low, high = values.min(), values.max()
    for _ in range(200):
        middle = (low + high) / 2
        up = q * np.maximum(values - middle, 0).sum() - (1 - q) * np.maximum(middle - values, 0).sum()
        low, high = (middle, high) if up > 0 else (low, middle)
    return low


def weighted_median(values, weights):
    order = np.argsort(values)
    return values[order][np.searchsorted(np.cumsum(weights[order]), weights.sum() / 2)]


def shares(classes):
    """Of classes, how often each occurs; of distributions, their mean."""
    if classes.dtype.kind == "i":
        return np.bincount(classes, minlength=CLASSES) / len(classes)
    return classes.mean(axis=0)


def mode(labels):
    """The label that most targets have: of classes, all of the probability on it."""
    found, counts = np.unique(labels, return_counts=True)
    most = found[np.argmax(counts)]
    return np.eye(CLASSES)[most] if labels.dtype.kind == "i" else most


def mean(values):
    return values.mean(axis=0)


WORDS = {
    "mean": mean, "median": np.median, "mode": mode, "quantile": quantile, "expectile": expectile, "shares": shares,
    "weighted_median": weighted_median, "exp": np.exp, "log": np.log, "log1p": np.log1p, "expm1": np.expm1,
    "tan": np.tan, "sqrt": np.sqrt, "sum": np.sum, "abs": np.abs, "max": max, "maximum": np.maximum, "len": len,
    "logit": lambda p: np.log(p / (1 - p)),
}  # fmt: skip


def best(functionals, columns, params):
    """Role -> the constant that the loss declares, for these targets."""
    words = {**WORDS, **params, **columns}
    with np.errstate(all="ignore"):
        found = {role: eval(text, words) for role, text in functionals.items()}
    return None if any(c is None for c in found.values()) else {role: np.asarray(c, float) for role, c in found.items()}


def value(loss, columns, constants, params):
    """The loss of the same prediction in all rows."""
    given = {**columns, **{role: np.broadcast_to(c, (ROWS, *c.shape)).copy() for role, c in constants.items()}}
    with np.errstate(all="ignore"):
        terms = as_terms(loss.kernel(*given.values(), **params))
        found = loss.combine(term_means(terms), params)
    return float(found) if loss.direction == "lower" else -float(found)


def others(kind, constant, rng):
    """Constants near and far, within the domain of the role."""
    for step in STEPS:
        for _ in range(4):
            moved = constant + step * rng.normal(size=constant.shape)
            if kind.total is not None:
                moved = (constant + step * rng.dirichlet(np.ones(len(constant)))) / (1 + step)
            low = kind.low + 1e-9 if kind.open_low else kind.low
            yield step, np.clip(moved, low, kind.high - 1e-9 if kind.high == 1 and kind.total is None else kind.high)


CASES = [
    pytest.param(loss, choice, id=f"{loss.name}-{''.join(map(str, choice))}")
    for loss in LOSSES if loss.consistent_for for choice in choices(loss)
]  # fmt: skip


@pytest.mark.parametrize(("loss", "choice"), CASES)
def test_no_other_constant_is_better(loss, choice):
    for given in variations(loss):
        assert better(loss, loss.consistent_for, choice, given) is None


def better(loss, functionals, choice, given, seed=5, near=STEPS[-1]):
    """What is wrong with these functionals: a constant is better, or none that is near is worse; else None."""
    rng, params = np.random.default_rng(seed), loss.settle(given)
    roles = loss.roles_with(given)
    kinds = {name: role.kinds[which] for (name, role), which in zip(roles.items(), choice, strict=True)}
    columns = draw(loss, ROWS, rng, choice=choice, params=params)
    columns = {name: values if name == "target" else values[:1].repeat(ROWS, 0) for name, values in columns.items()}
    constants = best(functionals, columns, params)
    if constants is None:  # with these parameters it is no functional that has a name
        return None
    if any(constants[role].shape != columns[role].shape[1:] for role in constants):
        return "it has another shape"
    if any(
        kinds[role].total is not None and not np.isclose(c.sum(), kinds[role].total) for role, c in constants.items()
    ):
        return "it is no distribution"
    least = value(loss, columns, constants, params)
    if not np.isfinite(least):
        return f"its value is {least}"
    slack = 1e-12 * max(1, abs(least))
    worse = False
    for role, constant in constants.items():
        for step, other in others(kinds[role], constant, rng):
            found = value(loss, columns, {**constants, role: other}, params)
            if found < least - slack:
                return f"{role} = {other} is better than {constant}: {found} < {least} with {given}"
            worse |= step <= near and found > least + slack
    return None if worse else "all constants are as good"


USUAL = ("mean(target)", "median(target)", "logit(mean(target))", "log(mean(target))", "shares(target)",
         "log(shares(target))")  # fmt: skip
# Of these the best constant is a usual one for some targets alone, or one among many.
SOMETIMES = (
    "circular_error", "gan_hinge_discriminator", "zero_inflated_poisson_nll", "zero_inflated_negative_binomial_nll",
    "ece", "mce", "classwise_ece", "macro_mae",
)  # fmt: skip
UNSAID = [
    loss for loss in LOSSES
    if loss.scope == "row" and "pred" in loss.gradients and not loss.consistent_for and "target" in loss.roles
    and loss.name not in SOMETIMES
    and all(loss.roles[role].kinds[0].shape in ("number", "class") or loss.roles[role].kinds[0].classes
            for role in ("pred", "target"))
]  # fmt: skip


@pytest.mark.parametrize("loss", UNSAID, ids=lambda loss: loss.name)
def test_a_usual_functional_is_declared(loss):
    """What says nothing of its best constant has none of the usual ones."""
    for text in USUAL:
        with suppress(TypeError, ValueError, IndexError):  # targets that have no such functional
            cases = [(choice, seed) for choice in choices(loss) for seed in range(6)]
            found = (better(loss, {"pred": text}, choice, required(loss), seed, near=1.0) for choice, seed in cases)
            assert any(found), f"the best constant is {text}"


# What has no target predicts none, and beside prototypes one embedding is nearer to one class than to another.
COMPARING = [
    loss for loss in LOSSES
    if loss.scope == "group" and not loss.consistent_for and "target" in loss.roles and "prototypes" not in loss.roles
]  # fmt: skip


@pytest.mark.parametrize("loss", COMPARING, ids=lambda loss: loss.name)
def test_of_a_loss_that_compares_rows_all_constants_are_as_good(loss):
    """So none is the best, and the loss declares none."""
    for choice in choices(loss):
        for given in variations(loss):
            params = loss.settle(given)
            columns = draw(loss, ROWS, np.random.default_rng(5), choice=choice, params=params)
            predicted = [role for role in columns if role != "target"]
            found = [value(loss, columns, {role: columns[role][row] for role in predicted}, params) for row in range(4)]
            assert np.allclose(found, found[0], rtol=1e-9, atol=1e-9), given


def test_swapped_arguments_are_noticed(temporary):
    @temporary(formula="target / pred + log(pred / target) - 1", cite="upside down", consistent_for="mean(target)")
    def upside_down(pred: Positive, target: Positive):
        """Pred and target in the wrong places."""
        return pred / target - np.log(pred / target) - 1

    assert "is better" in better(upside_down, upside_down.consistent_for, (0, 0), {})
