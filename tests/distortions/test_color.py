import numpy as np
import pytest

from distortions import distort
from tests.distortions.entries import KADID
from tests.distortions.photos import natural_photos


def test_diffusing_one_colour_is_saturating_it() -> None:
    # a blur leaves a flat colour as it is, so only the factor is left
    flat = np.full((50, 60, 3), (150, 120, 100), np.uint8)
    diffused = distort(flat, "color_diffusion", 2, preset=KADID)
    assert np.array_equal(diffused, distort(flat, "color_saturation_2", 3, preset=KADID))
    assert not np.array_equal(diffused, flat)


def test_diffusion_spreads_colour_and_keeps_the_lightness_of_an_edge() -> None:
    # both halves have the lightness of grey 119, the left one is reddish: its colour reaches the grey one
    image = np.full((40, 80, 3), 119, np.uint8)
    image[:, :40] = (137, 112, 112)
    out = distort(image, "color_diffusion", 1, preset=KADID).astype(int)
    redness = out[20, :, 0] - out[20, :, 1]
    assert redness[10] == redness[0] > 20 > redness[43] > 0 == redness[79]
    assert np.all(np.diff(redness) <= 0)


@pytest.mark.parametrize("type_", ["color_diffusion", "color_saturation_2"])
def test_grey_has_no_colour_to_spread_or_strengthen(type_: str) -> None:
    grey = np.repeat(natural_photos()["city.jpg"][..., 1:2], 3, axis=2)
    # sRGB's white is not that of CIELAB to the last digit: one level at twelve times the colour
    assert np.abs(distort(grey, type_, 5, preset=KADID).astype(int) - grey).max() <= 1


def test_shift_moves_green_alone_and_only_at_edges() -> None:
    image = np.full((80, 120, 3), 40, np.uint8)
    image[:, 60:] = 200
    out = distort(image, "color_shift", 3, preset=KADID, right=1.0, down=0.0)
    assert np.array_equal(out[..., [0, 2]], image[..., [0, 2]])
    # the step of green stands 6 px further right, and weighs less the further from the edge
    green = out[40, :, 1].astype(int)
    assert green[60] == 40 and np.all(np.diff(green[60:67]) > 0) and np.all(green[66:] == 200)
    # the photo is even along the step, so a shift along it changes nothing
    assert np.array_equal(distort(image, "color_shift", 5, preset=KADID, right=0.0, down=1.0), image)


def test_a_direction_counts_not_its_length() -> None:
    photo = natural_photos()["tulips.png"]
    one, same, none = (
        distort(photo, "color_shift", 4, preset=KADID, right=x, down=y) for x, y in [(0.6, 0.3), (0.2, 0.1), (0, 0)]
    )
    assert np.array_equal(one, same) and not np.array_equal(one, photo)
    assert np.array_equal(none, photo)
