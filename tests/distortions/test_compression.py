import io

import numpy as np
import pytest
from PIL import Image

from distortions import distort
from tests.distortions.entries import KADID
from tests.distortions.photos import natural_photos, psnr


@pytest.mark.parametrize("severity", [1, 5])
def test_jpeg_is_what_pillow_makes_at_that_quality(severity: int) -> None:
    photo = natural_photos()["drum_room.jpg"]
    file = io.BytesIO()
    Image.fromarray(photo).save(file, "JPEG", quality=[25, 18, 12, 8, 5][severity - 1], subsampling="4:2:0")
    difference = np.abs(np.array(Image.open(file)).astype(int) - distort(photo, "compression_jpeg", severity))
    assert np.mean(difference <= 1) >= 0.99


@pytest.mark.parametrize("severity", range(1, 6))
def test_jpeg_2000_reaches_its_psnr(severity: int) -> None:
    # the layer's target is a lower bound that the codec's last pass oversteps
    target = [29, 27.5, 26, 24.5, 23][severity - 1]
    assert (
        abs(
            psnr(natural_photos()["city.jpg"], distort(natural_photos()["city.jpg"], "compression_jpeg_2000", severity))
            - target
        )
        < 3
    )


def test_a_jpeg_2000_ratio_of_one_is_lossless_and_ratios_bound_the_code() -> None:
    photo = natural_photos()["chelsea"]
    assert np.array_equal(distort(photo, "jpeg2000", 1, preset=KADID, ratio=1), photo)
    for ratio in (16, 32, 45, 120, 400):
        code = io.BytesIO()
        Image.fromarray(photo).save(
            code, "JPEG2000", quality_mode="rates", quality_layers=[ratio], num_resolutions=8, irreversible=False
        )
        assert abs(photo.size / len(code.getvalue()) / ratio - 1) < 0.15
        expected = np.array(Image.open(code))
        severity = (16, 32, 45, 120, 400).index(ratio) + 1
        assert np.array_equal(distort(photo, "jpeg2000", severity, preset=KADID), expected)
