"""Numbers for the scores of ensembles."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_numpy

WEIGHTS = [1.7, 0.35, 2.2, 0.8]
TARGET = [1.62, -2.9, 2.51, 5.15]
MEMBERS: Inputs = {
    "pred": [
        [0.31, 2.22, 1.74, 0.83, 3.61], [-2.2, 1.43, -0.21, -3.38, 0.57], [1.09, 3.66, 2.4, 2.2, -5.14],
        [-0.83, 0.97, 1.62, 3.05, 4.44],
    ],
    "target": TARGET,
}  # fmt: skip
VECTORS: Inputs = {
    "pred": [
        [[0.31, 2.22, 1.74], [0.83, 3.61, 0.52], [1.27, 1.93, 2.85], [0.64, -0.38, 1.41]],
        [[-2.2, 1.43, -0.21], [-3.38, 0.57, 0.94], [-1.16, 2.04, 1.33], [0.47, -1.82, 0.18]],
        [[1.09, 3.66, 2.4], [2.2, -5.14, 1.71], [0.36, 1.55, 3.12], [2.67, 0.23, -0.78]],
        [[-0.83, 0.97, 1.62], [3.05, 4.44, 2.1], [1.88, 2.31, -0.4], [0.59, 3.27, 0.66]],
    ],
    "target": [[1.62, 0.87, 2.03], [-2.9, 1.14, 0.35], [2.51, -0.62, 1.26], [5.15, 2.71, 0.13]],
}  # fmt: skip


def cases() -> list[Case]:
    far = "(pred - target[:, None]).abs().mean(1)"
    pairs = "(pred[:, :, None] - pred[:, None, :]).abs().sum((1, 2))"
    energy = f"{far} - {pairs} / 50"
    clipped = energy.replace("pred", "pred.clamp(-0.5, 2.3)").replace("target", "target.clamp(-0.5, 2.3)")
    vectors = ("(pred - target[:, None]).norm(dim=2).mean(1) - (torch.cdist(pred, pred, "
               "compute_mode='donot_use_mm_for_euclid_dist').sum((1, 2)) / 32)")  # fmt: skip
    variogram = ("(((target[:, :, None] - target[:, None]).abs()**{0} - (pred[:, :, :, None] - pred[:, :, None])"
                 ".abs().clamp(min=1e-300)**{0}.mean(1))**2).sum((1, 2))")  # fmt: skip
    variogram = variogram.replace("**{0}.mean(1)", ".pow({0}).mean(1)").replace("**{0}", ".pow({0})")
    return [
        by_numpy("scoringrules", "crps_ensemble", "scoringrules.crps_ensemble(target, pred, estimator='nrg').mean()",
                 MEMBERS),
        by_numpy("properscoring", "crps_ensemble", "np.average(properscoring.crps_ensemble(target, pred), weights=w)",
                 MEMBERS, weights=WEIGHTS),
        by_numpy("scoringrules", "crps_ensemble:estimator=fair",
                 "scoringrules.crps_ensemble(target, pred, estimator='fair').mean()", MEMBERS),
        by_hand("crps_ensemble", f"({energy}).mean()", MEMBERS),
        by_hand("crps_ensemble:estimator=fair", f"(w * ({energy.replace('50', '40')})).sum() / w.sum()", MEMBERS,
                weights=WEIGHTS),
        by_numpy("scoringrules", "twcrps_ensemble:floor=-0.5,cap=2.3",
                 "scoringrules.twcrps_ensemble(target, pred, -0.5, 2.3, estimator='nrg').mean()", MEMBERS),
        by_numpy("scoringrules", "twcrps_ensemble twcrps_ensemble@scoringrules",
                 "scoringrules.twcrps_ensemble(target, pred, -np.inf, np.inf, estimator='nrg').mean()", MEMBERS),
        by_hand("twcrps_ensemble:floor=-0.5,cap=2.3", f"({clipped}).mean()", MEMBERS),
        by_numpy("scoringrules", "energy_score", "scoringrules.es_ensemble(target, pred, estimator='nrg').mean()",
                 VECTORS),
        by_hand("energy_score", f"({vectors}).mean()", VECTORS),
        by_numpy("scoringrules", "variogram_score", "scoringrules.vs_ensemble(target, pred, p=0.5).mean()", VECTORS),
        by_numpy("scoringrules", "variogram_score:p=1.5", "scoringrules.vs_ensemble(target, pred, p=1.5).mean()",
                 VECTORS),
        by_hand("variogram_score:p=1.5", f"({variogram.format(1.5)}).mean()", VECTORS),
    ]  # fmt: skip
