"""Numbers for the two sides of a GAN and for cycle consistency, put together as the CycleGAN repository does.

There, `GANLoss` is `BCEWithLogitsLoss` or `MSELoss` against ones or zeros, the discriminator's loss is the mean of its
real and its fake half, and the generator's has no factor.
"""

from __future__ import annotations

from peers import Case, Inputs, by_torch

PROBS: Inputs = {
    "pred": [0.913, 0.137, 0.642, 0.258, 0.771, 0.329, 0.486],
    "target": [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0],
}
LOGITS: Inputs = {
    "pred": [2.31, -1.74, 0.58, -2.92, 1.13, -0.66, 0.09],
    "target": [1.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0],
}
LARGE: Inputs = {
    "pred": [40.3, -39.6, 41.2, -40.7, 751.0, -748.0, 3e-8],
    "target": [0.0, 1.0, 1.0, 0.0, 0.0, 1.0, 1.0],
}
WEIGHTS = [0.7, 2.3, 1.1, 0.4, 3.6, 1.9, 0.25]
FAKE_PROBS: Inputs = {"pred": [0.137, 0.642, 0.058, 0.329, 0.881]}
FAKE_LOGITS: Inputs = {"pred": [-1.74, 0.58, -2.92, 1.13, -0.66]}
FAKE_LARGE: Inputs = {"pred": [40.3, -39.6, 1.2, 751.0, -748.0]}
FAKE_WEIGHTS = [1.4, 0.35, 2.6, 0.8, 1.9]
REAL, FAKE = "pred[target == 1]", "pred[target == 0]"
CYCLE: Inputs = {
    "pred": [[0.31, 2.2, -1.14], [1.74, -0.83, 0.26], [-2.61, 4.09, 0.57], [3.38, 1.27, -0.92], [0.92, -5.13, 2.48]],
    "target": [[0.57, 1.43, -0.98], [-1.21, -0.38, 0.71], [-2.14, 7.66, 1.35], [3.05, 0.71, -2.2], [2.86, -4.49, 1.67]],
    "domain": ["x", "y", "x", "x", "y"],
}
CYCLE_WEIGHTS = [1.3, 0.6, 2.75, 0.9, 1.85]


def cases() -> list[Case]:
    return [*_discriminators(), *_generators(), *_squares(), *_cycles()]


def _both(part: str) -> str:
    """The sum of what `part` says of the real and of the fake rows."""
    return f"({part.format(REAL, f'torch.ones_like({REAL})')} + {part.format(FAKE, f'torch.zeros_like({FAKE})')})"


def _both_weighted(function: str) -> str:
    halves = [
        f"(w[target == {side}] * F.{function}({rows}, torch.{kind}_like({rows}), reduction='none')).sum()"
        f" / w[target == {side}].sum()"
        for side, rows, kind in ((1, REAL, "ones"), (0, FAKE, "zeros"))
    ]
    return f"({halves[0]} + {halves[1]})"


def _discriminators() -> list[Case]:
    cases = []
    for name, module, function, inputs in (
        ("gan_discriminator", "BCELoss", "binary_cross_entropy", PROBS),
        ("gan_discriminator_with_logits", "BCEWithLogitsLoss", "binary_cross_entropy_with_logits", LOGITS),
    ):
        both = _both(f"torch.nn.{module}()({{}}, {{}})")
        weighted = _both_weighted(function)
        keras = "keras.losses.BinaryCrossentropy({})(".format("from_logits=True" if "logits" in name else "")
        cases += [
            by_torch("torch", name, f"{both} * 0.5", inputs),
            by_torch("torch", f"{name}:factor=1", both, inputs),
            by_torch("torch", name, f"{weighted} * 0.5", inputs, weights=WEIGHTS),
            by_torch(
                "keras",
                name,
                f"({keras}torch.ones_like({REAL}), {REAL}) + {keras}torch.zeros_like({FAKE}), {FAKE})) / 2",
                inputs,
            ),
        ]
    large = _both("torch.nn.BCEWithLogitsLoss()({}, {})")
    return [*cases, by_torch("torch", "gan_discriminator_with_logits", f"{large} * 0.5", LARGE)]


def _generators() -> list[Case]:
    cases = []
    for suffix, module, function, inputs, fakes in (
        ("", "BCELoss", "binary_cross_entropy", PROBS, FAKE_PROBS),
        ("_with_logits", "BCEWithLogitsLoss", "binary_cross_entropy_with_logits", LOGITS, FAKE_LOGITS),
    ):
        for name, kind, sign in (("gan_generator", "ones", ""), ("gan_generator_minimax", "zeros", "-")):
            call = f"{sign}torch.nn.{module}()({{0}}, torch.{kind}_like({{0}}))"
            cases += [
                by_torch("torch", f"{name}{suffix}", f"0.5 * {call.format('pred')}", fakes),
                by_torch("torch", f"{name}{suffix}:factor=1", call.format("pred"), fakes),
                by_torch("torch", f"{name}{suffix}", f"0.5 * {call.format(FAKE)}", inputs),
                by_torch(
                    "torch",
                    f"{name}{suffix}:factor=1",
                    f"{sign}(w * F.{function}(pred, torch.{kind}_like(pred), reduction='none')).sum() / w.sum()",
                    fakes,
                    weights=FAKE_WEIGHTS,
                ),
            ]
    for name, kind, sign in (("gan_generator", "ones", ""), ("gan_generator_minimax", "zeros", "-")):
        call = f"{sign}torch.nn.BCEWithLogitsLoss()(pred, torch.{kind}_like(pred))"
        cases.append(by_torch("torch", f"{name}_with_logits:factor=1", call, FAKE_LARGE))
    return cases


def _squares() -> list[Case]:
    both = _both("torch.nn.MSELoss()({}, {})")
    name, generator = "lsgan_discriminator", "torch.nn.MSELoss()({0}, torch.full_like({0}, {1}))"
    labels = f"({generator.format(REAL, 0.9)} + {generator.format(FAKE, -1.2)})"
    return [
        by_torch("torch", name, f"{both} * 0.5", LOGITS),
        by_torch("torch", f"{name}:factor=1", both, LOGITS),
        by_torch("torch", f"{name}:a=-1.2,b=0.9", f"{labels} * 0.5", LOGITS),
        by_torch("torch", name, f"{_both_weighted('mse_loss')} * 0.5", LOGITS, weights=WEIGHTS),
        by_torch("torch", name, f"{both} * 0.5", LARGE),
        by_torch("torch", "lsgan_generator", f"0.5 * {generator.format('pred', 1.0)}", FAKE_LOGITS),
        by_torch("torch", "lsgan_generator:factor=1", generator.format("pred", 1.0), FAKE_LOGITS),
        by_torch("torch", "lsgan_generator", f"0.5 * {generator.format(FAKE, 1.0)}", LOGITS),
        by_torch("torch", "lsgan_generator:c=0.4,factor=1", generator.format("pred", 0.4), FAKE_LOGITS),
        by_torch(
            "torch",
            "lsgan_generator:factor=1",
            "F.mse_loss(pred, torch.ones_like(pred), weight=w)",
            FAKE_LOGITS,
            weights=FAKE_WEIGHTS,
        ),
    ]


def _cycles() -> list[Case]:
    # A domain is a list of text, so the rows of one are taken by a comparison in plain Python.
    rows = "[[d == '{}' for d in domain]]"
    x, y = (f"pred{rows.format(d)}, target{rows.format(d)}" for d in "xy")
    total = "torch.nn.L1Loss(reduction='sum')({}) / domain.count('{}')"
    weighted = "(w{0} * F.l1_loss({1}, reduction='none').sum(1)).sum() / w{0}.sum()"
    name = "cycle_consistency"
    return [
        by_torch("torch", name, f"{total.format(x, 'x')} + {total.format(y, 'y')}", CYCLE),
        by_torch(
            "torch",
            f"{name}:weight_x=10,weight_y=2.5",
            f"10 * {total.format(x, 'x')} + 2.5 * {total.format(y, 'y')}",
            CYCLE,
        ),
        by_torch("torch", f"{name}:norm=mean", f"torch.nn.L1Loss()({x}) + torch.nn.L1Loss()({y})", CYCLE),
        by_torch(
            "torch",
            f"{name}:norm=mean,weight_x=10,weight_y=10",
            f"10.0 * torch.nn.L1Loss()({x}) + 10.0 * torch.nn.L1Loss()({y})",
            CYCLE,
            notes=" (the factors of the CycleGAN repository)",
        ),
        by_torch(
            "torch",
            name,
            f"{weighted.format(rows.format('x'), x)} + {weighted.format(rows.format('y'), y)}",
            CYCLE,
            weights=CYCLE_WEIGHTS,
        ),
    ]
