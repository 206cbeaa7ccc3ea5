"""Numbers for mixtures of normal distributions."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_numpy, by_torch

WEIGHTS = [1.7, 0.35, 2.2, 0.8]
MIXED: Inputs = {
    "pred": [[0.31, 2.22, 1.74], [-2.2, 1.43, -0.21], [1.09, 3.66, -2.4], [-0.83, 0.97, 4.62]],
    "target": [1.62, -2.9, 2.51, 5.15],
    "scale": [[0.9, 1.4, 0.52], [1.9, 0.23, 1.06], [0.71, 1.32, 0.44], [2.1, 0.37, 0.85]],
    "mix": [[0.2, 0.5, 0.3], [0.7, 0.1, 0.2], [0.15, 0.25, 0.6], [0.4, 0.35, 0.25]],
}


def cases() -> list[Case]:
    normal = "torch.distributions.Normal(pred, scale)"
    mixture = f"torch.distributions.MixtureSameFamily(torch.distributions.Categorical(mix), {normal})"
    density = f"(mix * {normal}.log_prob(target[:, None]).exp()).sum(1).log()"
    far = ("[2 * s * torch.exp(-(m / s)**2 / 2) / math.sqrt(2 * math.pi) + m * torch.erf(m / s / math.sqrt(2)) "
           "for m, s in [({0}, {1})]][0]")  # fmt: skip
    near = far.format("target[:, None] - pred", "scale")
    apart = far.format("pred[:, :, None] - pred[:, None]", "(scale[:, :, None]**2 + scale[:, None]**2).sqrt()")
    crps = f"((mix * {near}).sum(1) - (mix[:, :, None] * mix[:, None] * {apart}).sum((1, 2)) / 2)"
    return [
        by_numpy("scoringrules", "mixture_gaussian_nll", "scoringrules.logs_mixnorm(target, pred, scale, mix).mean()",
                 MIXED),
        by_torch("torch", "mixture_gaussian_nll", f"-{mixture}.log_prob(target).mean()", MIXED, by="pred scale"),
        by_hand("mixture_gaussian_nll", f"-(w * {density}).sum() / w.sum()", MIXED, by="pred scale mix",
                weights=WEIGHTS),
        by_numpy("scoringrules", "crps_mixture_gaussian", "scoringrules.crps_mixnorm(target, pred, scale, mix).mean()",
                 MIXED),
        by_hand("crps_mixture_gaussian", f"{crps}.mean()", MIXED, by="pred scale"),
        by_hand("crps_mixture_gaussian", f"(w * {crps}).sum() / w.sum()", MIXED, by="pred scale", weights=WEIGHTS),
    ]  # fmt: skip
