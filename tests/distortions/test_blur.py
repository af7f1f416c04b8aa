import math

import numpy as np
import pytest

from distortions import distort
from distortions.blur import _walk, _zoomed_axis
from tests.distortions.photos import natural_photos


def impulse(side: int = 65, value: int = 255) -> np.ndarray:
    image = np.zeros((side, side, 3), np.uint8)
    image[side // 2, side // 2] = value
    return image


@pytest.mark.parametrize("severity", range(1, 6))
def test_gaussian_blur_of_a_step_is_the_normal_distribution(severity: int) -> None:
    # an edge between columns 63 and 64 blurs to 255 times the normal distribution function; the sampled kernel and
    # the truncation are worth a few levels
    image = np.zeros((8, 128, 3), np.uint8)
    image[:, 64:] = 255
    blurred = distort(image, "blur_gaussian", severity, preset="depictqa-v2")[4, :, 0]
    for x in range(56, 72):
        expected = 127.5 * (1 + math.erf((x - 63.5) / severity / math.sqrt(2)))
        assert abs(blurred[x] - expected) < 4


@pytest.mark.parametrize("severity", range(1, 6))
def test_the_gaussian_kernel_has_the_paper_s_size_and_the_reference_code_s(severity: int) -> None:
    # the paper: floor(4 sigma) + 1 px with sigma = severity; the code it builds on: 4 sigma to each side
    line = np.zeros((9, 65, 3), np.uint8)
    line[:, 32] = 255
    paper, code = (distort(line, "blur_gaussian", severity, preset=p)[4, :, 0] for p in ("refine-iqa", "depictqa-v2"))
    assert np.flatnonzero(paper).tolist() == list(range(32 - 2 * severity, 33 + 2 * severity))
    assert np.count_nonzero(code) > np.count_nonzero(paper) and code[32] < paper[32]
    weights = np.exp(-(np.arange(-2 * severity, 2 * severity + 1) ** 2) / (2 * severity**2))
    expected = np.floor(255 * weights / weights.sum())
    assert np.array_equal(paper[32 - 2 * severity : 33 + 2 * severity], expected)


def test_motion_taps_lie_where_the_formula_puts_them() -> None:
    # radius 1 has taps i = 0, 1, 2; at 90 degrees dx = -ceil(-0.5) = 0, dy = -ceil(i - 0.5) = 0, -1, -2: the image
    # moves up. sigma 1: weights exp(0), exp(-1/2), exp(-2) = 1, 0.60653, 0.13534, sum 1.74187;
    # times 255: 146.39, 88.79, 19.81
    out = distort(impulse(), "blur_motion", 1, radius=1, sigma=1.0, angle=90.0)[..., 0]
    assert out[30:33, 32].tolist() == [19, 88, 146]
    assert np.count_nonzero(out) == 3
    # at 0 degrees it moves left
    out = distort(impulse(), "blur_motion", 1, radius=1, sigma=1.0, angle=0.0)[..., 0]
    assert out[32, 30:33].tolist() == [19, 88, 146]


@pytest.mark.parametrize("angle", [-90.0, -61.3, -45.0, 0.0, 17.7, 45.0, 90.0])
def test_motion_blur_is_the_plain_sum_of_shifted_images(angle: float) -> None:
    photo = natural_photos()["coffee"][:80, :90]
    radius, sigma, height, width = 20, 12.0, *photo.shape[:2]
    weights = np.exp(-(np.arange(41) ** 2) / (2 * sigma**2))
    padded = np.pad(photo, ((41, 41), (41, 41), (0, 0)), mode="edge").astype(np.float64)
    expected = np.zeros(photo.shape)
    for i, weight in enumerate(weights / weights.sum()):
        dx = -math.ceil(i * math.cos(math.radians(angle)) - 0.5)
        dy = -math.ceil(i * math.sin(math.radians(angle)) - 0.5)
        expected += weight * padded[41 - dy : 41 - dy + height, 41 - dx : 41 - dx + width]
    ours = distort(photo, "blur_motion", 5, radius=radius, sigma=sigma, angle=angle)
    assert np.abs(ours - np.floor(expected + 1e-6)).max() <= 1
    assert np.mean(ours != np.floor(expected + 1e-6)) < 3e-3


@pytest.mark.parametrize(("radius", "cells"), [(0, 1), (1, 5), (2, 13), (4, 49), (6, 113), (8, 197), (9, 253)])
def test_the_lens_is_a_disk_of_equal_weights(radius: int, cells: int) -> None:
    # the lattice points within the radius (Gauss circle problem): 1, 5, 13, 49, 113, 197, 253
    out = distort(impulse(), "blur_lens", 1, radius=radius)[..., 0]
    ys, xs = np.nonzero(out)
    assert len(ys) == cells and np.all((ys - 32) ** 2 + (xs - 32) ** 2 <= radius**2)
    assert set(out[ys, xs].tolist()) == {255 // cells}
    white = np.full((30, 30, 3), 255, np.uint8)
    assert np.array_equal(distort(white, "blur_lens", 1, radius=radius), white)


def test_zoom_samples_corner_to_corner() -> None:
    # 100 px by 1.25: the crop is ceil(80) = 80 px from pixel 10, drawn out to 100 samples: 10 + j 79/99
    step, start = _zoomed_axis(100, 1.25)
    assert (step, start) == (79 / 99, 10)
    # 101 px by 1.02: ceil(99.02) = 100 px from pixel 0, drawn out to 102 samples, the first dropped by (102-101)//2 = 0
    assert _zoomed_axis(101, 1.02) == (99 / 101, 0)
    assert _zoomed_axis(1, 1.2) == (0, 0)


def test_zoom_leaves_flat_colour_and_blurs_outwards() -> None:
    flat = np.full((40, 50, 3), (10, 130, 250), np.uint8)
    assert np.array_equal(distort(flat, "blur_zoom", 5), flat)
    photo = natural_photos()["city.jpg"]
    change = np.abs(distort(photo, "blur_zoom", 5).astype(int) - photo).mean(axis=2)
    assert change[110:130, 150:170].mean() < change[:40].mean()


def test_jitter_takes_pixels_from_within_the_shift_upper_end_excluded() -> None:
    # each pixel holds its own coordinates, so the offsets can be read off; y in red and green, x in blue
    ys, xs = np.mgrid[:200, :200]
    image = np.stack([ys, ys, xs], axis=2).astype(np.uint8)
    out = distort(image, "blur_jitter", 3, seed=5).astype(int)[10:-10, 10:-10]
    dy, dx = out[..., 0] - ys[10:-10, 10:-10], out[..., 2] - xs[10:-10, 10:-10]
    assert np.array_equal(out[..., 0], out[..., 1]), "the channels of a pixel move together"
    for offsets in (dy, dx):
        values, counts = np.unique(offsets, return_counts=True)
        assert values.tolist() == [-3, -2, -1, 0, 1, 2]
        # 32,400 draws over 6 values: 5,400 each, deviation 67
        assert np.all(np.abs(counts - 5400) < 5 * 67)
    assert abs(np.corrcoef(dy.ravel(), dx.ravel())[0, 1]) < 0.03


def test_the_walk_of_frosted_glass_is_the_chain_of_moves_worked_out() -> None:
    # shift 1: steps -1 and 0 in y and in x never lead to a later pixel, so the walk is one step of 1/4 each
    walk = _walk(1)
    assert walk.sum() == pytest.approx(1) and np.count_nonzero(walk) == 4
    assert np.all(walk[3:5, 3:5] == 0.25)
    # shift 2: 16 steps, of which 6 (dy = 1: 4; dy = 0, dx = 1: 1) -> 5 lead on; so 11/16 end at once
    centre = 8
    first = _walk(2)[centre - 2, centre - 2]
    assert _walk(2).sum() == pytest.approx(1)
    # (-2, -2) is reached in one step only (1/16), or by coming back from a later pixel; the latter adds little
    assert 1 / 16 < first < 1.1 / 16


def test_glass_keeps_the_mean_and_loses_detail() -> None:
    photo = natural_photos()["tulips.png"]
    out = distort(photo, "blur_glass", 5, seed=1)
    assert abs(out.mean() - photo.mean()) < 1
    assert np.abs(np.diff(out.astype(int), axis=1)).mean() < 0.6 * np.abs(np.diff(photo.astype(int), axis=1)).mean()


def test_glass_only_blurs_the_outermost_pixels() -> None:
    photo = natural_photos()["coffee"]
    one, two = (distort(photo, "blur_glass", 3, seed=seed, sigma=0.1) for seed in (1, 2))
    # sigma 0.1 blurs nothing; shift 2 leaves rows and columns 0 to 2 and the last one in place
    for out in (one, two):
        assert np.array_equal(out[:3], photo[:3]) and np.array_equal(out[:, -1], photo[:, -1])
    assert np.mean(one[3:-1, 3:-1] != two[3:-1, 3:-1]) > 0.3
