"""BRISQUE: lower is better, from about 0 to 100."""

import math
from pathlib import Path

import cv2
import numpy as np
import pytest

from perception20k.core.errors import ItemError
from perception20k.imaging import images
from perception20k.models.metrics import brisque

PUBLISHED = {"salon.png": 11.8288, "tulips.png": 54.3465, "city.jpg": 15.2181, "dinner_table.jpg": -7.8975}
"""What the package ``brisque`` 0.2.0 gives these photos."""


@pytest.mark.parametrize("name", PUBLISHED)
def test_photos_score_as_by_the_package_whose_regression_this_is(photos: Path, name: str) -> None:
    [value] = brisque.load("brisque")([images.decode((photos / name).read_bytes())])
    assert value == pytest.approx(PUBLISHED[name], abs=1e-3)


def test_a_photo_with_a_flat_area_scores_nearly_as_by_the_package(photos: Path) -> None:
    [value] = brisque.load("brisque")([images.decode((photos / "dog_on_floor.jpg").read_bytes())])
    assert value == pytest.approx(39.4929, abs=0.2)  # rounding decides there on which side of 0 a pixel lies


@pytest.mark.slow
def test_a_blurred_photo_scores_worse_and_images_keep_their_order(photos: Path) -> None:
    sharp = images.decode((photos / "salon.png").read_bytes())
    blurred = cv2.GaussianBlur(sharp, (0, 0), 4)
    score = brisque.load("brisque")
    first, second = score([sharp, blurred])
    assert second > first + 20
    assert score([blurred, sharp]) == [second, first]


def test_a_transposed_image_swaps_the_features_across_and_down(photos: Path) -> None:
    image = images.decode((photos / "tulips.png").read_bytes())
    features, transposed = (brisque.features(np.ascontiguousarray(i)) for i in (image, image.transpose(1, 0, 2)))
    swapped = [0, 1, *range(6, 10), *range(2, 6), *range(10, 18)]  # shape and variance; across; down; two diagonals
    assert features.shape == (36,)
    assert transposed == pytest.approx(features[[*swapped, *(18 + place for place in swapped)]], rel=1e-5)


def test_a_flat_image_has_no_score() -> None:
    assert all(map(math.isnan, brisque.load("brisque")([np.full((64, 64, 3), level, np.uint8) for level in (0, 9)])))


def test_an_image_one_pixel_wide_is_refused() -> None:
    with pytest.raises(ItemError, match="at least 2x2"):
        brisque.load("brisque")([np.zeros((1, 50, 3), np.uint8)])
