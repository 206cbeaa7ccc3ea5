"""Numbers for the losses of directions."""

from __future__ import annotations

from distance import POINTS
from peers import Case, Inputs, by_hand, by_numpy, by_torch
from regression import OUTPUT_WEIGHTS, PLAIN, WEIGHTS

DEGREES: Inputs = {
    "pred": [351.3, 12.7, 184.2, 730.5, -41.6, 267.9, 93.4],
    "target": [8.9, 340.2, 359.1, 77.3, 201.8, 266.4, 271.7],
}
RADIANS: Inputs = {"pred": [0.13, -2.9, 6.1, 4.4], "target": [6.02, 3.07, 0.4, 1.9]}
CHANGES: Inputs = PLAIN | {"baseline": [1.7, -1.5, 0.2, 4.1, -2.9, 0.9, 7.3]}


def cases() -> list[Case]:
    angle = "torch.arccos((pred * target).sum(1) / pred.norm(dim=1) / target.norm(dim=1))"
    apart = "torch.minimum(((pred - target).abs() % {0}), {0} - (pred - target).abs() % {0})"
    turned = "(torchmetrics.functional.spectral_angle_mapper(*(x.T[None, :, :, None] for x in (pred, target))))"
    angles: Inputs = RADIANS | {"concentration": [0.4, 2.7, 11.3, 63.0]}
    bessel = (
        "torch.log(2 * math.pi * torch.special.i0e(concentration)) + concentration * (1 - torch.cos(target - pred))"
    )
    return [
        by_numpy("scipy", "von_mises_nll", "-scipy.stats.vonmises.logpdf(target - pred, concentration).mean()", angles),
        by_hand("von_mises_nll", f"({bessel}).mean()", angles),
        by_hand("von_mises_nll", f"(w * ({bessel})).sum() / w.sum()", angles, weights=WEIGHTS[:4]),
        by_torch("torchmetrics", "angular_error", turned, POINTS),
        by_hand("angular_error", f"(w * {angle}).sum() / w.sum()", POINTS, weights=OUTPUT_WEIGHTS),
        by_hand("angular_error:degrees=true", f"torch.rad2deg({angle}).mean()", POINTS),
        by_hand("circular_error", f"{apart.format(360)}.mean()", DEGREES),
        by_hand("circular_error", f"(w * {apart.format(360)}).sum() / w.sum()", DEGREES, weights=WEIGHTS),
        by_hand("circular_error:period=6.283185307179586", f"{apart.format('(2 * math.pi)')}.mean()", RADIANS),
        by_hand("direction_error", "(w * ((pred > 0) != (target > 0))).sum() / w.sum()", PLAIN, by="", weights=WEIGHTS),
        by_hand("direction_error", "((pred > 0) != (target > 0)).double().mean()", PLAIN, by=""),
        by_hand(
            "direction_error",
            "((pred > baseline) != (target > baseline)).double().mean()",
            CHANGES,
            by="",
        ),
    ]
