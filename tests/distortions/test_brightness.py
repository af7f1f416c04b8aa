import colorsys

import numpy as np
import pytest

from distortions import distort
from tests.distortions.entries import KADID

PIXEL = np.array([[[200, 100, 50]]], np.uint8)


@pytest.mark.parametrize(
    ("type_", "severity", "expected"),
    [
        # 255 * 0.1 = 25.5: 225.5, 125.5, 75.5 truncated
        ("brightness_brighten_shift_RGB", 1, [225, 125, 75]),
        ("brightness_darken_shift_RGB", 1, [174, 74, 24]),
        # (200 + 127.5) / 200 = 1.6375: 327.5 -> 255, 163.75, 81.875
        ("brightness_brighten_shift_HSV", 5, [255, 163, 81]),
        # (200 - 51) / 200 = 0.745: 149, 74.5, 37.25
        ("brightness_darken_shift_HSV", 2, [149, 74, 37]),
        # (200/255)^0.3 = 0.92972: 237.07; (100/255)^0.3 = 0.75516: 192.56; (50/255)^0.3 = 0.61338: 156.41
        ("brightness_brighten_gamma_RGB", 5, [237, 192, 156]),
        # 255 (200/255)^3.2 = 117.25; (100/255)^3.2 -> 12.76; (50/255)^3.2 -> 1.38
        ("brightness_darken_gamma_RGB", 5, [117, 12, 1]),
    ],
)
def test_values_worked_out_by_hand(type_: str, severity: int, expected: list[int]) -> None:
    assert distort(PIXEL, type_, severity)[0, 0].tolist() == expected


@pytest.mark.parametrize("direction", ["brighten", "darken"])
@pytest.mark.parametrize("severity", range(1, 6))
def test_shifted_value_agrees_with_float_hsv(direction: str, severity: int) -> None:
    rng = np.random.default_rng(severity)
    image = rng.integers(0, 256, (1, 300, 3)).astype(np.uint8)
    image[0, :3] = [[0, 0, 0], [255, 255, 255], [7, 7, 7]]
    shift = severity / 10 if direction == "brighten" else -severity / 10
    out = distort(image, f"brightness_{direction}_shift_HSV", severity)
    for pixel, ours in zip(image[0] / 255, out[0].tolist(), strict=True):
        hue, saturation, value = colorsys.rgb_to_hsv(*pixel)
        rgb = np.array(colorsys.hsv_to_rgb(hue, saturation, max(value + shift, 0)))
        assert np.abs(np.floor(np.clip(rgb * 255, 0, 255) + 1e-6) - ours).max() <= 1


def test_gamma_in_hsv_keeps_hue_and_saturation() -> None:
    before = colorsys.rgb_to_hsv(*(PIXEL[0, 0] / 255))
    after = colorsys.rgb_to_hsv(*(distort(PIXEL, "brightness_brighten_gamma_HSV", 3)[0, 0] / 255))
    assert after[:2] == pytest.approx(before[:2], abs=0.02)
    assert after[2] == pytest.approx(before[2] ** 0.47, abs=0.01)


def test_black_becomes_grey_when_its_value_is_raised() -> None:
    black = np.zeros((2, 2, 3), np.uint8)
    assert np.all(distort(black, "brightness_brighten_shift_HSV", 2) == 51)
    assert np.all(distort(black, "brightness_darken_shift_HSV", 2) == 0)


def test_the_parabola_worked_out_by_hand() -> None:
    # x - 0.8 x (1 - x): 200/255 = 0.78431 -> 0.64898 = 165.49; 100/255 = 0.39216 -> 0.20146 = 51.37;
    # 50/255 = 0.19608 -> 0.06997 = 17.84; rounded
    assert distort(PIXEL, "darken", 4, preset=KADID)[0, 0].tolist() == [165, 51, 18]
    # grey 100 at 0.4: x + 0.8 x (1 - x) = 0.58285 = 148.6. Its L is 42.37: 0.4237 -> 0.6191, L 61.91, which is grey
    # 149.5. Two parts and one: 149
    grey = np.full((1, 1, 3), 100, np.uint8)
    assert distort(grey, "brighten", 3, preset=KADID)[0, 0].tolist() == [149, 149, 149]


@pytest.mark.parametrize("type_", ["brighten", "darken"])
def test_a_parabola_holds_black_and_white(type_: str) -> None:
    image = np.array([[[0, 0, 0], [255, 255, 255]]], np.uint8)
    for severity in range(1, 6):
        assert np.array_equal(distort(image, type_, severity, preset=KADID), image)
