import numpy as np
import skimage.color

from distortions.lab import from_lab, to_lab
from tests.distortions.photos import natural_photos


def test_lab_is_scikit_image_s() -> None:
    rng = np.random.default_rng(1)
    colors = rng.integers(0, 256, (64, 64, 3)).astype(np.uint8)
    colors[0, :8] = [[0, 0, 0], [255, 255, 255], [255, 0, 0], [0, 255, 0], [0, 0, 255], [1, 1, 1], [9, 3, 0], [12] * 3]
    for image in (colors, natural_photos()["tulips.png"]):
        assert np.abs(to_lab(image) - skimage.color.rgb2lab(image)).max() < 0.1


def test_there_and_back_is_the_same_image() -> None:
    for photo in natural_photos().values():
        assert np.array_equal(from_lab(to_lab(photo)), photo)


def test_a_colour_outside_srgb_is_clipped_channel_by_channel() -> None:
    # L 50, a 0, b 120: fy = 66/116 = 0.56897, fz = fy - 0.6 = -0.03103. X = 0.950456 fy^3 = 0.17506,
    # Y = fy^3 = 0.18419, Z = 1.088754 x 3 (6/29)^2 (fz - 4/29) = -0.02363. Linear light:
    # R = 3.24048 X - 1.53715 Y - 0.49854 Z = 0.29594, G = -0.96926 X + 1.87599 Y + 0.04156 Z = 0.17488, B < 0.
    # sRGB: 0.58116, 0.45563, 0 -> 148.2, 116.2, 0
    assert from_lab(np.array([[[50, 0, 120]]], np.float32))[0, 0].tolist() == [148, 116, 0]
