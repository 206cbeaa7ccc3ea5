"""Adversarial networks on 8×8 digits: a GAN, and two mappings there and back (CycleGAN)."""

import numpy as np
import torch
from models import Images
from scipy.special import expit
from store import Table, rounded
from torch import nn
from torch.nn import functional

NOISE = 16
REAL, FAKE = 300, 200
GAN_STEPS, CYCLE_STEPS, BATCH = 600, 1500, 64
KEPT_X, KEPT_Y = 140, 110
CYCLE_WEIGHT = 10.0


def gan(images: Images) -> Table:
    """Two discriminators' scores of held-out and generated digits: one with a logistic loss, one with least squares."""
    generator, logistic, least_squares = _train_gan(images.train)
    with torch.no_grad():
        fake = generator(torch.randn(FAKE, NOISE, dtype=torch.float64))
        shown = torch.cat([torch.from_numpy(images.test[:REAL]), fake])
        logit = rounded(logistic(shown).numpy()[:, 0])
        squares = rounded(least_squares(shown).numpy()[:, 0])
    # Real and fake rows are mixed, as in a log of scores.
    order = np.random.default_rng(4).permutation(REAL + FAKE)
    target = (np.arange(REAL + FAKE) < REAL).astype(int)[order]
    return {
        "target": target,
        "kind": np.array(["fake", "real"])[target],
        "d_prob": expit(logit)[order],
        "d_logit": logit[order],
        "ls_score": squares[order],
    }


def cycle(images: Images) -> Table:
    """Held-out images of two domains, and their reconstructions after a trip to the other domain and back."""
    there, back = _train_cycle(*_unpaired(images.train))
    x, y = images.test[:KEPT_X], other_domain(images.test[KEPT_X : KEPT_X + KEPT_Y])
    with torch.no_grad():
        cycled_x = back(there(torch.from_numpy(x))).numpy()
        cycled_y = there(back(torch.from_numpy(y))).numpy()
    order = np.random.default_rng(5).permutation(KEPT_X + KEPT_Y)
    return {
        "domain": np.array(["x"] * KEPT_X + ["y"] * KEPT_Y)[order],
        "image": np.concatenate([x, y])[order],
        "cycled": rounded(np.concatenate([cycled_x, cycled_y]))[order],
    }


def other_domain(images: np.ndarray) -> np.ndarray:
    """The digits rotated by 90 degrees and inverted."""
    return 1.0 - np.rot90(images.reshape(-1, 8, 8), axes=(1, 2)).reshape(-1, 64)


def _unpaired(images: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
    """Half of the digits in one domain, half in the other; no image is in both."""
    half = len(images) // 2
    return torch.from_numpy(images[:half]), torch.from_numpy(other_domain(images[half:]))


def _train_gan(images: np.ndarray) -> tuple[nn.Module, nn.Module, nn.Module]:
    """Train one generator against two discriminators, so that both score the same images."""
    torch.manual_seed(1)
    generator, logistic, least_squares = _network(NOISE, 64, nn.Sigmoid()), _network(64, 1), _network(64, 1)
    judges = [*logistic.parameters(), *least_squares.parameters()]
    player, judge = _adam(generator.parameters()), _adam(judges)
    digits = torch.from_numpy(images)
    for _ in range(GAN_STEPS):
        real, fake = _drawn(digits), generator(torch.randn(BATCH, NOISE, dtype=torch.float64))
        _step(
            judge,
            functional.softplus(-logistic(real)).mean()
            + functional.softplus(logistic(fake.detach())).mean()
            + _off(least_squares(real), 1.0)
            + _off(least_squares(fake.detach()), 0.0),
        )
        _step(player, functional.softplus(-logistic(fake)).mean() + _off(least_squares(fake), 1.0))
    return generator, logistic, least_squares


def _train_cycle(x: torch.Tensor, y: torch.Tensor) -> tuple[nn.Module, nn.Module]:
    """Train two mappings between the domains that invert each other (Zhu et al. 2017)."""
    torch.manual_seed(2)
    there, back = _network(64, 64, nn.Sigmoid()), _network(64, 64, nn.Sigmoid())
    judge_x, judge_y = _network(64, 1), _network(64, 1)
    player = _adam([*there.parameters(), *back.parameters()])
    judge = _adam([*judge_x.parameters(), *judge_y.parameters()])
    for _ in range(CYCLE_STEPS):
        real_x, real_y = _drawn(x), _drawn(y)
        fake_x, fake_y = back(real_y), there(real_x)
        looks = _off(judge_x(fake_x), 1.0) + _off(judge_y(fake_y), 1.0)
        returns = functional.l1_loss(back(fake_y), real_x) + functional.l1_loss(there(fake_x), real_y)
        _step(player, looks + CYCLE_WEIGHT * returns)
        truth = _off(judge_x(real_x), 1.0) + _off(judge_y(real_y), 1.0)
        lies = _off(judge_x(fake_x.detach()), 0.0) + _off(judge_y(fake_y.detach()), 0.0)
        _step(judge, truth + lies)
    return there, back


def _network(inputs: int, outputs: int, *last: nn.Module) -> nn.Module:
    """A network with one hidden layer, in double precision for the reason given in `encoder.train`."""
    return nn.Sequential(nn.Linear(inputs, 128), nn.GELU(), nn.Linear(128, outputs), *last).double()


def _adam(parameters: object) -> torch.optim.Optimizer:
    return torch.optim.Adam(parameters, lr=2e-3, betas=(0.5, 0.999))


def _drawn(rows: torch.Tensor) -> torch.Tensor:
    return rows[torch.randint(len(rows), (BATCH,))]


def _off(score: torch.Tensor, wanted: float) -> torch.Tensor:
    return (score - wanted).square().mean()


def _step(optimizer: torch.optim.Optimizer, loss: torch.Tensor) -> None:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
