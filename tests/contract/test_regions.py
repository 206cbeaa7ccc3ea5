"""Boxes, masks and points: their widths, their order, and what is said where a row has others."""

from __future__ import annotations

import numpy as np
import pytest

import losscli
from losscli.errors import DataError, LosscliError
from losscli.losses import dice_loss, iou_loss, micro_dice_loss, mpjpe, oks_loss

BOXES = np.array([[0.0, 0.0, 2.0, 2.0], [1.0, 1.0, 3.0, 4.0]])


def test_a_box_has_four_numbers():
    with pytest.raises(DataError, match="4 numbers per row, got 3"):
        iou_loss(BOXES[:, :3], BOXES[:, :3])
    with pytest.raises(LosscliError, match="4 numbers per row, got 3"):
        losscli.evaluate({"p": BOXES[:, :3], "t": BOXES[:, :3]}, "iou_loss", pred="p", target="t")


def test_a_box_that_ends_before_it_begins_is_an_error_with_its_row():
    turned = BOXES[:, [2, 1, 0, 3]]
    with pytest.raises(DataError, match=r"row 1 is a row whose number 3 is below number 1, not a box x1, y1, x2, y2"):
        iou_loss(turned, BOXES)
    with pytest.raises(LosscliError, match="expected a box x1, y1, x2, y2") as found:
        losscli.evaluate({"p": turned, "t": BOXES}, "iou_loss", pred="p", target="t")
    assert found.value.hint == "boxes of other forms: format=xywh or format=cxcywh"


def test_sizes_below_0_are_an_error():
    with pytest.raises(DataError, match="number 4 is below 0"):
        iou_loss([[5.0, 5.0, 1.0, -1.0]], [[5.0, 5.0, 1.0, 1.0]], format="xywh")


def test_the_same_boxes_in_three_forms():
    corner, sizes = BOXES[:, :2], BOXES[:, 2:] - BOXES[:, :2]
    forms = {"xyxy": BOXES, "xywh": np.hstack([corner, sizes]), "cxcywh": np.hstack([corner + sizes / 2, sizes])}
    values = {form: iou_loss(boxes, boxes[::-1].copy(), format=form).tolist() for form, boxes in forms.items()}
    assert values["xyxy"] == values["xywh"] == values["cxcywh"] == [0.8888888888888888] * 2


def test_boxes_without_an_area_have_no_overlap():
    assert iou_loss([[1.0, 1.0, 1.0, 2.0]], [[1.0, 1.0, 1.0, 2.0]]).tolist() == [1.0]


def test_points_have_two_or_three_numbers():
    with pytest.raises(DataError, match="a multiple of 3 numbers per row, got 4"):
        mpjpe(np.ones((1, 4)), np.zeros((1, 4)))
    assert mpjpe(np.ones((1, 4)), np.zeros((1, 4)), dimensions=2) == pytest.approx(2**0.5)


def test_there_is_a_flag_a_point():
    data = {"p": np.ones((2, 4)), "t": np.zeros((2, 4)), "v": np.ones((2, 3)), "a": [4.0, 9.0]}
    with pytest.raises(LosscliError, match="'visible' has 3 numbers per row, and 'pred' has 2 points"):
        losscli.evaluate(
            data, "oks_loss:sigmas=0.1|0.1|0.2", pred="p", target="t", columns={"visible": "v", "area": "a"}
        )
    with pytest.raises(DataError, match="'visible' has 2 numbers per row, and 'pred' has 3 points"):
        oks_loss(np.ones((1, 6)), np.ones((1, 6)), np.ones((1, 2)), [1.0], sigmas=[0.1, 0.1])


def test_two_empty_masks_are_skipped_and_counted():
    data = {"p": [[0.0, 0.0], [0.5, 0.0]], "t": [[0.0, 0.0], [1.0, 0.0]]}
    result = losscli.evaluate({name: np.array(rows) for name, rows in data.items()}, "dice_loss", pred="p", target="t")[
        0
    ]
    assert (result.value, result.count, result.excluded_count) == (pytest.approx(1 / 3), 1, 1)
    assert dice_loss(data["p"], data["t"], smooth=1.0).where.all()


def test_pixels_a_row_and_masks_a_row_give_one_number():
    rng = np.random.default_rng(3)
    pred, target = rng.random((7, 5)), (rng.random((7, 5)) > 0.5).astype(float)
    masks = losscli.evaluate({"p": pred, "t": target}, "micro_dice_loss", pred="p", target="t")[0].value
    pixels = losscli.evaluate({"p": pred.ravel(), "t": target.ravel()}, "micro_dice_loss", pred="p", target="t")[
        0
    ].value
    assert masks == pytest.approx(pixels, rel=1e-15)
    with pytest.raises(DataError):
        micro_dice_loss(pred, target.ravel())


def test_long_masks_are_added_up_as_short_ones():
    """More pixels than are added up together, and masks that nearly agree."""
    rng = np.random.default_rng(5)
    target = (rng.random((3, 9001)) > 0.4).astype(float)
    pred = np.where(rng.random(target.shape) < 1e-3, 1 - target, target) * (1 - 1e-9)
    lost = (pred * (1 - target) + (1 - pred) * target).sum(axis=1)
    both = (pred * target).sum(axis=1)
    np.testing.assert_allclose(dice_loss(pred, target).values, lost / (2 * both + lost), rtol=1e-13)
