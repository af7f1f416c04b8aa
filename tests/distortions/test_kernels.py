import math

import numpy as np
import pytest

from distortions import distort
from tests.distortions.entries import KADID
from tests.distortions.photos import natural_photos


def impulse(side: int = 33, value: int = 255) -> np.ndarray:
    image = np.zeros((side, side, 3), np.uint8)
    image[side // 2, side // 2] = value
    return image


def test_a_disk_of_radius_1_weighs_what_it_covers_of_each_pixel() -> None:
    # the unit disk's area is pi. It covers the middle pixel whole: 1 / pi = 0.3183. Of the pixel beside it, x from 0.5
    # to 1 and |y| < 0.5: up to x = sqrt(3)/2 the height is 1, so 0.36603; beyond, 2 sqrt(1 - x^2) integrates to
    # pi/6 - sqrt(3)/4 = 0.09059; 0.45661 / pi = 0.1453. A corner holds a quarter of what is left:
    # (pi - 1 - 4 x 0.45661) / 4 = 0.07879, / pi = 0.0251
    out = distort(impulse(), "lens_blur", 1, preset=KADID)[..., 0]
    weights = np.array([[0.0251, 0.1453, 0.0251], [0.1453, 0.3183, 0.1453], [0.0251, 0.1453, 0.0251]])
    assert np.array_equal(out[15:18, 15:18], np.rint(255 * weights))
    assert np.count_nonzero(out) == 9


@pytest.mark.parametrize(("severity", "radius"), [(2, 2), (3, 4), (4, 6), (5, 8)])
def test_the_lens_is_a_disk_with_soft_edges(severity: int, radius: int) -> None:
    out = distort(impulse(), "lens_blur", severity, preset=KADID)[..., 0].astype(int)
    ys, xs = np.mgrid[-16:17, -16:17]
    nearest, farthest = (np.hypot(abs(ys) + side, abs(xs) + side) for side in (-0.5, 0.5))
    full = round(255 / (math.pi * radius**2))
    assert np.all(np.abs(out[farthest < radius] - full) <= 1)
    assert np.all(out[(np.hypot(ys, xs) > radius + 1) & (nearest > radius)] == 0)


def test_motion_weights_worked_out_by_hand() -> None:
    # length 4: half a length of 1.5. Pixels 0 and 1 off lie on the line; 2 off is half a pixel from its end, so weight
    # 0.5: 0.5 1 1 1 0.5 of sum 4
    out = distort(impulse(), "motion_blur", 3, preset=KADID, angle=0.0)[..., 0]
    assert out[16, 14:19].tolist() == [32, 64, 64, 64, 32] and np.count_nonzero(out) == 5
    # at 90 degrees it stands upright
    out = distort(impulse(), "motion_blur", 3, preset=KADID, angle=90.0)[..., 0]
    assert out[14:19, 16].tolist() == [32, 64, 64, 64, 32] and np.count_nonzero(out) == 5


def test_a_positive_angle_turns_counter_clockwise() -> None:
    out = distort(impulse(), "motion_blur", 5, preset=KADID, angle=30.0)[..., 0]
    ys, xs = np.nonzero(out)
    right, left = ys[xs > 18], ys[xs < 14]
    assert right.size and right.max() < 16 < left.min()


@pytest.mark.parametrize("type_", ["lens_blur", "motion_blur"])
def test_white_stays_white_up_to_the_edge(type_: str) -> None:
    white = np.full((12, 9, 3), 255, np.uint8)
    assert np.array_equal(distort(white, type_, 5, preset=KADID, seed=4), white)


def test_half_a_turn_is_no_turn() -> None:
    photo = natural_photos()["coffee"][:60, :60]
    one, other = (distort(photo, "motion_blur", 4, preset=KADID, angle=angle) for angle in (0.0, 180.0))
    assert np.array_equal(one, other)
