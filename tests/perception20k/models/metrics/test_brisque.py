"""BRISQUE: lower is better, from about 0 to 100."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from perception20k.imaging import images
from perception20k.models.metrics import brisque


@pytest.mark.slow
def test_a_blurred_photo_scores_worse_and_images_keep_their_order(photos: Path) -> None:
    sharp = images.decode((photos / "salon.png").read_bytes())
    blurred = cv2.GaussianBlur(sharp, (0, 0), 4)
    score = brisque.load("brisque")
    first, second = score([sharp, blurred])
    assert second > first + 20
    assert score([blurred, sharp]) == [second, first]


def test_a_flat_image_is_scored_without_a_crash() -> None:
    with np.errstate(all="ignore"):
        [value] = brisque.load("brisque")([np.full((64, 64, 3), 9, np.uint8)])
    assert isinstance(value, float)
