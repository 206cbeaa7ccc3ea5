"""Numbers for the adversarial losses of a critic."""

from __future__ import annotations

from margin import WEIGHTS
from peers import Case, Inputs, by_hand

SCORES: Inputs = {"pred": [0.31, -2.2, 1.74, -0.083, 0.61, -1.4], "target": [1.0, 1.0, 0.0, 0.0, 1.0, 0.0]}
NORMS: Inputs = {"grad_norm": [0.31, 2.2, 1.74, 0.083, 0.61, 1.4]}
MADE: Inputs = {"pred": SCORES["pred"]}


def cases() -> list[Case]:
    mean = "({1} * {0}).sum() / {1}.sum()"
    fakes, reals = mean.format("pred", "(w * (1 - target))"), mean.format("pred", "(w * target)")
    hinge = "F.relu(1 - pred)", "F.relu(1 + pred)"
    return [
        by_hand("wgan_discriminator", "pred[target == 0].mean() - pred[target == 1].mean()", SCORES),
        by_hand("wgan_discriminator", f"{fakes} - {reals}", SCORES, weights=WEIGHTS),
        by_hand("wgan_generator gan_hinge_generator", "-pred[target == 0].mean()", SCORES),
        by_hand("wgan_generator", "-pred.mean()", MADE),
        by_hand("gan_hinge_discriminator",
                "F.relu(1 - pred[target == 1]).mean() + F.relu(1 + pred[target == 0]).mean()", SCORES),
        by_hand("gan_hinge_discriminator",
                f"{mean.format(hinge[0], '(w * target)')} + {mean.format(hinge[1], '(w * (1 - target))')}", SCORES,
                weights=WEIGHTS),
        by_hand("gradient_penalty", "(10 * (grad_norm - 1)**2).mean()", NORMS, by="grad_norm"),
        by_hand("gradient_penalty:strength=3,goal=0.5,one_sided=true",
                "(w * 3 * F.relu(grad_norm - 0.5)**2).sum() / w.sum()", NORMS, by="grad_norm", weights=WEIGHTS),
        by_hand("r1_penalty", "(5 * grad_norm**2).mean()", NORMS, by="grad_norm"),
        by_hand("r1_penalty:strength=3", "(w * 1.5 * grad_norm**2).sum() / w.sum()", NORMS, by="grad_norm",
                weights=WEIGHTS),
        by_hand("relativistic_discriminator",
                "F.softplus(pred[target == 0].mean() - pred[target == 1]).mean() "
                "+ F.softplus(pred[target == 0] - pred[target == 1].mean()).mean()", SCORES),
        by_hand("relativistic_generator",
                "F.softplus(pred[target == 1] - pred[target == 0].mean()).mean() "
                "+ F.softplus(pred[target == 1].mean() - pred[target == 0]).mean()", SCORES),
    ]  # fmt: skip
