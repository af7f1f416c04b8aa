import numpy as np
import pytest
from scipy.interpolate import CubicSpline

from distortions import distort
from tests.distortions.entries import KADID

# luma 100, 100 and 160: the mean is 120
GREYS = np.repeat(np.array([[[100], [100], [160]]], np.uint8), 3, axis=2)


@pytest.mark.parametrize(
    ("type_", "severity", "expected"),
    [
        ("contrast_strengthen_scale", 1, [92, 92, 176]),  # 120 - 20 * 1.4, 120 + 40 * 1.4
        ("contrast_strengthen_scale", 5, [40, 40, 255]),  # 120 - 20 * 4; 120 + 40 * 4 = 280
        ("contrast_weaken_scale", 1, [105, 105, 150]),  # 120 - 20 * 0.75, 120 + 40 * 0.75
        ("contrast_weaken_scale", 5, [116, 116, 128]),
        # m = 120: 255 / (1 + 1.2^2) = 104.5; 255 / (1 + 0.75^2) = 163.2
        ("contrast_strengthen_stretch", 1, [104, 104, 163]),
        # 255 / (1 + 1.2) = 115.9; 255 / (1 + 0.75) = 145.7
        ("contrast_weaken_stretch", 1, [115, 115, 145]),
    ],
)
def test_values_worked_out_by_hand(type_: str, severity: int, expected: list[int]) -> None:
    assert distort(GREYS, type_, severity)[0].tolist() == [[value] * 3 for value in expected]


def test_the_mean_of_colour_is_its_luma() -> None:
    # luma 0.299 * 255 = 76.2 and 0.587 * 255 = 149.7, mean 112.96 -> 113:
    # 113 + (255 - 113) 0.2 = 141.4 and 113 * 0.8 = 90.4
    image = np.array([[[255, 0, 0], [0, 255, 0]]], np.uint8)
    assert distort(image, "contrast_weaken_scale", 5)[0].tolist() == [[141, 90, 90], [90, 141, 90]]


def test_scaling_truncates_every_level_as_exact_arithmetic_does() -> None:
    levels = np.repeat(np.arange(256, dtype=np.uint8)[np.newaxis, :, np.newaxis], 3, axis=2)
    for type_, factors in (
        ("contrast_strengthen_scale", (14, 17, 21, 26, 40)),
        ("contrast_weaken_scale", (7.5, 6, 4.5, 3, 2)),
    ):
        for severity, tenths in enumerate(factors, 1):
            # the mean of 0..255 is 127.5, which rounds to 128; in twentieths all is whole
            exact = [(20 * 128 + (x - 128) * int(2 * tenths)) // 20 for x in range(256)]
            assert distort(levels, type_, severity)[0, :, 0].tolist() == np.clip(exact, 0, 255).tolist()


@pytest.mark.parametrize(("severity", "amount"), [(1, 0.3), (2, 0.15), (3, 0.0), (4, -0.4), (5, -0.6)])
def test_the_curve_is_the_cubic_spline_through_its_points(severity: int, amount: float) -> None:
    levels = np.arange(256, dtype=np.uint8)[np.newaxis, :, np.newaxis].repeat(3, axis=2)
    heights = [0, 0.25 - amount / 4, 0.5, 0.75 + amount / 4, 1]
    spline = CubicSpline([0, 0.3, 0.5, 0.7, 1], heights, bc_type="not-a-knot")
    expected = np.clip(np.floor(255 * spline(np.arange(256) / 255) + 0.5), 0, 255)
    assert np.array_equal(distort(levels, "contrast_change", severity, preset=KADID)[0, :, 1], expected)
