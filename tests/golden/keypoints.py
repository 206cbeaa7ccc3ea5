"""Numbers for the losses of keypoints."""

from __future__ import annotations

import numpy as np
from peers import NAMES, Case, Inputs, by_hand, by_numpy, library

POINTS: Inputs = {
    "pred": [[3.1, 4.2, 7.7, 1.9, 0.4, 2.8], [1.2, 5.5, 6.1, 3.3, 2.9, 8.4]],
    "target": [[2.6, 4.9, 7.1, 2.2, 0.9, 2.1], [1.9, 5.1, 5.2, 3.8, 2.2, 9.6]],
}
SIZED: Inputs = {**POINTS, "scale": [2.5, 4.3]}
FLAGGED: Inputs = {**POINTS, "visible": [[2.0, 0.0, 1.0], [2.0, 2.0, 0.0]], "area": [31.5, 64.2]}
_RNG = np.random.default_rng(17)
PEOPLE: Inputs = {
    "target": _RNG.uniform(0, 90, (3, 34)).round(1).tolist(),
    "visible": [[2.0] * 17, [2.0, 1.0, 0.0] * 5 + [1.0, 2.0], [0.0, 2.0, 2.0] * 5 + [0.0, 1.0]],
    "area": [3120.5, 1790.25, 5012.0],
}
PEOPLE["pred"] = (np.array(PEOPLE["target"]) + _RNG.normal(0, 4, (3, 34)).round(1)).tolist()
WEIGHTS = [1.3, 0.6]


def oks(pred: np.ndarray, target: np.ndarray, visible: np.ndarray, area: np.ndarray) -> list[float]:
    """COCOeval's similarity of each pair, which it computes an image at a time."""
    cocoeval = library("pycocotools").cocoeval
    asked = cocoeval.COCOeval(iouType="keypoints")
    asked.params.maxDets = [20]
    found = []
    for row in range(len(pred)):
        points = [np.column_stack([side[row].reshape(-1, 2), visible[row]]).ravel().tolist() for side in (pred, target)]
        asked._dts[0, 0] = [{"keypoints": points[0], "score": 1.0}]
        asked._gts[0, 0] = [{"keypoints": points[1], "area": area[row], "bbox": [0.0, 0.0, 1.0, 1.0]}]
        found.append(asked.computeOks(0, 0)[0, 0])
    return found


NAMES["oks"] = oks


def cases() -> list[Case]:
    ways = "(pred - target).reshape(n, -1, 2).norm(dim=2)"
    space = "(pred - target).reshape(n, -1, 3).norm(dim=2)"
    known = "(visible > 0).double()"
    lost = f"((1 - torch.exp(-{ways}**2 / (2 * area[:, None] * (2 * torch.tensor([0.1, 0.05, 0.2]))**2))) * {known})"
    by_object = f"{lost}.sum(1) / {known}.sum(1)"
    return [
        by_hand("oks_loss:sigmas=0.1|0.05|0.2", f"({by_object}).mean()", FLAGGED),
        by_hand("oks_loss:sigmas=0.1|0.05|0.2", f"(w * {by_object}).sum() / w.sum()", FLAGGED, weights=WEIGHTS),
        by_numpy("pycocotools", "oks_loss", "1 - np.mean(oks(pred, target, visible, area))", PEOPLE),
        by_hand("mpjpe", f"{space}.mean()", POINTS),
        by_hand("mpjpe:dimensions=2", f"(w * {ways}.mean(1)).sum() / w.sum()", POINTS, weights=WEIGHTS),
        by_hand("nme", f"({ways}.mean(1) / scale).mean()", SIZED),
        by_hand("nme", f"(w * {ways}.mean(1) / scale).sum() / w.sum()", SIZED, weights=WEIGHTS),
        by_numpy("scipy", "pck_error", "np.mean([scipy.spatial.distance.cdist(p.reshape(-1, 2), t.reshape(-1, 2))"
                 ".diagonal() > 0.2 * s for p, t, s in zip(pred, target, scale)])", SIZED),
        by_numpy("scipy", "pck:threshold=0.25", "np.mean([scipy.spatial.distance.cdist(p.reshape(-1, 2), "
                 "t.reshape(-1, 2)).diagonal() <= 0.25 * s for p, t, s in zip(pred, target, scale)])", SIZED),
    ]  # fmt: skip
