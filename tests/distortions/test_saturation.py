import numpy as np
import pytest
import skimage.color

from distortions import distort
from tests.distortions.entries import KADID

PIXEL = np.array([[[200, 100, 50]]], np.uint8)


@pytest.mark.parametrize("model", ["HSV", "YCrCb"])
def test_the_weakest_saturation_is_grey(model: str) -> None:
    red, green, blue = distort(PIXEL, f"saturate_weaken_{model}", 5)[0, 0].astype(int)
    assert max(red, green, blue) - min(red, green, blue) <= 1
    # HSV keeps the largest channel, YCrCb the luma 0.299 * 200 + 0.587 * 100 + 0.114 * 50 = 124.2
    assert abs(red - {"HSV": 200, "YCrCb": 124}[model]) <= 1


def test_saturation_in_hsv_scales_the_distance_to_the_largest_channel() -> None:
    # S = 150 / 200 = 0.75; times 0.4: 0.3, so the smallest channel is 200 (1 - 0.3) = 140; three times is more than 1
    assert distort(PIXEL, "saturate_weaken_HSV", 3)[0, 0] == pytest.approx([200, 160, 140], abs=2)
    assert distort(PIXEL, "saturate_strengthen_HSV", 1)[0, 0] == pytest.approx([200, 67, 0], abs=2)


def test_chroma_is_scaled_about_128() -> None:
    # Y 124.2, Cr = 128 + 0.713 (200 - 124.2) = 182, Cb = 128 + 0.564 (50 - 124.2) = 86.2; halved-ish by 0.4:
    # Cr 149.6, Cb 111.2: R = 124.2 + 1.403 * 21.6 = 154.5, B = 124.2 - 1.773 * 16.8 = 94.4
    red, _, blue = distort(PIXEL, "saturate_weaken_YCrCb", 2)[0, 0]
    assert (red, blue) == pytest.approx((154.5, 94.4), abs=2.5)


@pytest.mark.parametrize("type_", ["saturate_strengthen_HSV", "saturate_strengthen_YCrCb"])
def test_grey_has_no_saturation_to_strengthen(type_: str) -> None:
    grey = np.repeat(np.arange(256, dtype=np.uint8)[np.newaxis, :, np.newaxis], 3, axis=2)
    assert np.array_equal(distort(grey, type_, 5), grey)


@pytest.mark.parametrize(
    ("severity", "expected"),
    [
        # V = 200: 200 - 0.4 x 100 = 160, 200 - 0.4 x 150 = 140
        (1, [200, 160, 140]),
        (4, [200, 200, 200]),
        # the complement: 200 + 0.4 x 100 = 240, 200 + 0.4 x 150 = 260
        (5, [200, 240, 255]),
    ],
)
def test_hsv_saturation_without_limits_worked_out_by_hand(severity: int, expected: list[int]) -> None:
    assert distort(PIXEL, "color_saturation_1", severity, preset=KADID)[0, 0].tolist() == expected


def test_cielab_saturation_is_twice_a_and_b() -> None:
    image = np.array([[[150, 120, 100], [90, 110, 130], [120, 120, 120]]], np.uint8)
    expected = skimage.color.lab2rgb(skimage.color.rgb2lab(image) * (1, 2, 2)) * 255
    assert np.abs(distort(image, "color_saturation_2", 2, preset=KADID) - expected).max() <= 0.6
