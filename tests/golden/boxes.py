"""Numbers for the losses of boxes."""

from __future__ import annotations

from peers import Case, Inputs, by_hand, by_numpy

CORNERS: Inputs = {
    "pred": [[0.4, 1.1, 3.7, 2.9], [2.2, 0.3, 4.6, 1.8], [5.1, 4.2, 6.4, 7.7], [0.9, 0.2, 2.1, 3.3],
             [1.0, 2.0, 1.9, 2.7]],
    "target": [[0.7, 0.8, 3.1, 3.4], [2.5, 1.1, 5.3, 2.6], [1.3, 0.4, 2.8, 1.7], [1.1, 0.7, 1.8, 2.4],
               [0.3, 3.1, 2.8, 4.9]],
}  # fmt: skip
SIZES: Inputs = {
    "pred": [[0.4, 1.1, 3.3, 1.8], [2.2, 0.3, 2.4, 1.5], [5.1, 4.2, 1.3, 3.5]],
    "target": [[0.7, 0.8, 2.4, 2.6], [2.5, 1.1, 2.8, 1.5], [1.3, 0.4, 1.5, 1.3]],
}
WEIGHTS = [1.3, 0.6, 2.75, 0.9, 1.85]


def cases() -> list[Case]:
    wide = "(torch.maximum(pred[:, 2:], target[:, 2:]) - torch.minimum(pred[:, :2], target[:, :2]))"
    sizes = "(pred[:, 2:] - pred[:, :2])", "(target[:, 2:] - target[:, :2])"
    # COCO's boxes have a corner and sizes.
    coco = "np.diag(pycocotools.mask.iou({0}, {1}, [0] * len(pred))).mean()"
    corners = [f"np.hstack([{side}[:, :2], {side}[:, 2:] - {side}[:, :2]])" for side in ("pred", "target")]
    centres = [f"np.hstack([{side}[:, :2] - {side}[:, 2:] / 2, {side}[:, 2:]])" for side in ("pred", "target")]
    shared = "(torch.minimum(pred[:, 2:], target[:, 2:]) - torch.maximum(pred[:, :2], target[:, :2])).clamp(0).prod(1)"
    typed = f"({shared} / ({sizes[0]}.prod(1) + {sizes[1]}.prod(1) - {shared}))"
    far = f"(((pred[:, :2] + pred[:, 2:] - target[:, :2] - target[:, 2:]) / 2)**2).sum(1) / ({wide}**2).sum(1)"
    angle = "torch.atan({0}[:, 0] / {0}[:, 1])"
    v = f"(4 / math.pi**2 * ({angle.format(sizes[1])} - {angle.format(sizes[0])})**2)"
    return [
        by_hand("iou_loss", f"(1 - {typed}).mean()", CORNERS),
        by_hand("iou_loss", f"(w * (1 - {typed})).sum() / w.sum()", CORNERS, weights=WEIGHTS),
        by_numpy("pycocotools", "iou_loss", f"1 - {coco.format(*corners)}", CORNERS),
        by_numpy("pycocotools", "iou_loss:format=xywh", f"1 - {coco.format('pred', 'target')}", SIZES),
        by_numpy("pycocotools", "iou_loss:format=cxcywh", f"1 - {coco.format(*centres)}", SIZES),
        by_hand("iou", f"{typed}.mean()", CORNERS),
        by_numpy("pycocotools", "iou:format=xywh", coco.format("pred", "target"), SIZES),
        by_hand("giou_loss",
                f"(1 - {typed} + 1 - ({sizes[0]}.prod(1) + {sizes[1]}.prod(1) - {shared}) / {wide}.prod(1)).mean()",
                CORNERS),
        by_hand("diou_loss", f"(1 - {typed} + {far}).mean()", CORNERS),
        by_hand("diou_loss", f"(w * (1 - {typed} + {far})).sum() / w.sum()", CORNERS, weights=WEIGHTS),
        by_hand("ciou_loss", f"(1 - {typed} + {far} + {v}**2 / (1 - {typed} + {v})).mean()", CORNERS),
        by_hand("ciou_loss", f"(w * (1 - {typed} + {far} + {v}**2 / (1 - {typed} + {v}))).sum() / w.sum()", CORNERS,
                weights=WEIGHTS),
    ]  # fmt: skip
