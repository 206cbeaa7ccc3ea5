"""Numbers for the penalties on a model's parameters."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_torch

PARAMS: Inputs = {
    "params": [[0.41, -1.37, 2.05, -0.083], [-0.66, 0.192, -3.14, 1.58], [0.0071, -0.24, 0.95, -1.81]],
}
SPREAD: Inputs = {"params": [[1.3e-8, -7.4e5], [2.6e3, -4.9e-4], [-0.17, 31.8]]}


def cases() -> list[Case]:
    cases = []
    for name, keras, torch in (
        ("l1_penalty", "L1", "torch.nn.L1Loss(reduction='sum')(params, torch.zeros_like(params))"),
        ("l2_penalty", "L2", "torch.nn.MSELoss(reduction='sum')(params, torch.zeros_like(params))"),
    ):
        cases += [
            by_torch(
                "keras",
                f"{name}@keras {name}:strength=0.01",
                f"keras.regularizers.{keras}()(params)",
                PARAMS,
                by="params",
            ),
            by_torch(
                "keras",
                f"{name}:strength=0.37",
                f"keras.regularizers.{keras}({keras.lower()}=0.37)(params)",
                PARAMS,
                by="params",
            ),
            by_torch("keras", name, f"keras.regularizers.{keras}({keras.lower()}=1.0)(params)", PARAMS, by="params"),
            by_torch("torch", name, torch, PARAMS, by="params"),
            by_torch("torch", name, torch, SPREAD, by="params"),
            by_torch("torch", f"{name}:strength=0.5", f"0.5 * {torch}", PARAMS, by="params"),
        ]
    size = "params.norm(dim=1).sum()"
    gram = "((params.T @ params - torch.eye(params.shape[1]))**2).sum()"
    for name, plain, settings, changed in (
        ("elastic_net", "0.5 * params.abs().sum() + 0.25 * (params**2).sum()", "strength=0.3,l1_ratio=0.2",
         "0.3 * (0.2 * params.abs().sum() + 0.4 * (params**2).sum())"),
        ("group_lasso", f"{size} * math.sqrt(params.shape[1])", "strength=0.3,by_size=false", f"0.3 * {size}"),
        ("orthogonality", gram, "strength=0.3", f"0.3 * {gram}"),
    ):  # fmt: skip
        cases += [
            by_hand(name, plain, PARAMS, by="params"),
            by_hand(f"{name}:{settings}", changed, PARAMS, by="params"),
        ]
    return cases
