"""Boxes and intersection over union, against numbers worked by hand."""

from __future__ import annotations

import numpy as np
import pytest

from perception20k.dataset.boxes import box_area, crop, iou


def test_a_box_ends_before_its_bottom_right_corner() -> None:
    image = np.arange(5 * 6 * 3, dtype=np.uint8).reshape(5, 6, 3)
    part = crop(image, (1, 2, 4, 5))
    assert part.shape == (3, 3, 3) and np.shares_memory(part, image)
    assert np.array_equal(part, image[2:5, 1:4])
    assert box_area((1, 2, 4, 5)) == 9


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ((0, 0, 10, 10), (0, 0, 10, 10), 1.0),
        ((0, 0, 10, 10), (5, 5, 15, 15), 25 / 175),  # 5 x 5 shared, 100 + 100 - 25 in all
        ((0, 0, 10, 10), (0, 0, 5, 10), 0.5),
        ((0, 0, 10, 10), (10, 0, 20, 10), 0.0),  # touching
        ((0, 0, 10, 10), (20, 20, 30, 30), 0.0),
        ((10, 10, 0, 0), (0, 0, 10, 10), 0.0),  # swapped corners: two negative sides are no area
        ((5, 0, 5, 10), (0, 0, 10, 10), 0.0),  # no area
        ((0, 0, 10, 10), (-10, 0, 10, 10), 0.5),  # over the edge counts against it: 100 / 200
    ],
)
def test_iou(first: tuple[int, ...], second: tuple[int, ...], expected: float) -> None:
    assert iou(first, second) == pytest.approx(expected)
    assert iou(second, first) == pytest.approx(expected)


@pytest.mark.parametrize("side", [10**20, 10**400, 1e300, float("inf"), float("nan")])
def test_a_box_without_measure_shares_nothing(side: float) -> None:
    truth = (1.0, 2.0, 30.0, 40.0)
    assert iou((0, 0, side, side), truth) == pytest.approx(0)
    assert iou((-side, -side, side, side), truth) == pytest.approx(0)
