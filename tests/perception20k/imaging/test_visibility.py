from pathlib import Path

import numpy as np
import pytest
from skimage.color import deltaE_ciede2000, rgb2lab
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from perception20k.imaging import images
from perception20k.imaging.visibility import PSNR_LIMIT, delta_e, measure, psnr, ssim


@pytest.fixture(scope="module")
def pair(photos: Path) -> tuple[images.Array, images.Array]:
    source = images.decode((photos / "salon.png").read_bytes())[100:300, 200:460]
    return source, np.ascontiguousarray(np.roll(source, 3, axis=1) // 2 + 40)


def test_psnr_and_ssim_are_scikit_images(pair: tuple[images.Array, images.Array]) -> None:
    import cv2

    a, b = pair
    assert psnr(a, b) == pytest.approx(peak_signal_noise_ratio(a, b), abs=1e-6)
    grey = [cv2.cvtColor(p, cv2.COLOR_RGB2GRAY) for p in pair]
    assert ssim(a, b) == pytest.approx(structural_similarity(*grey), abs=1e-5)


def test_delta_e_on_the_grid_is_near_the_mean_of_every_pixel(pair: tuple[images.Array, images.Array]) -> None:
    every = deltaE_ciede2000(*(rgb2lab(p) for p in pair)).mean()
    assert delta_e(*pair) == pytest.approx(every, rel=0.03)


def test_delta_e_of_a_small_patch_is_exact() -> None:
    a, b = np.full((5, 4, 3), 100, np.uint8), np.full((5, 4, 3), 110, np.uint8)
    assert delta_e(a, b) == pytest.approx(float(deltaE_ciede2000(rgb2lab(a), rgb2lab(b)).mean()))


def test_identical_patches_are_invisible() -> None:
    flat = np.full((40, 40, 3), 7, np.uint8)
    seen = measure(flat, flat)
    assert (seen.psnr, seen.ssim, seen.delta_e) == (PSNR_LIMIT, 1.0, 0.0)


@pytest.mark.parametrize("shape", [(1, 1, 3), (1, 50, 3), (6, 5, 3), (7, 7, 3)])
def test_patches_down_to_one_pixel_are_measured(shape: tuple[int, int, int]) -> None:
    seen = measure(np.zeros(shape, np.uint8), np.full(shape, 255, np.uint8))
    assert seen.psnr == 0.0
    assert np.isfinite([seen.ssim, seen.delta_e]).all()
