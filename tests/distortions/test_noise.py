import math

import numpy as np
import pytest

from distortions import distort
from tests.distortions.entries import KADID
from tests.distortions.photos import natural_photos, psnr

GREY = np.full((300, 300, 3), 128, np.uint8)


def test_gaussian_noise_has_its_deviation_and_independent_channels() -> None:
    noise = distort(GREY, "noise_gaussian_RGB", 1, seed=1).astype(np.float64) - 128
    # truncation lowers the mean by half a level and adds 1/12 to the variance: sqrt(12.75^2 + 1/12) = 12.753
    assert noise.mean() == pytest.approx(-0.5, abs=0.1)
    assert noise.std() == pytest.approx(12.753, abs=0.1)
    correlations = np.corrcoef(noise.reshape(-1, 3).T)
    assert np.abs(correlations - np.eye(3)).max() < 0.02


def test_ycrcb_noise_has_the_covariance_of_its_matrix() -> None:
    noise = (distort(GREY, "noise_gaussian_YCrCb", 1, seed=2).astype(np.float64) - 128).reshape(-1, 3)
    # R = Y + 1.403 Cr, G = Y - 0.714 Cr - 0.344 Cb, B = Y + 1.773 Cb, each of deviation 12.75:
    # variances 12.75^2 (1 + 1.968, 1 + 0.510 + 0.118, 1 + 3.144); cov(R, B) = 12.75^2
    unit = 12.75**2
    covariance = np.cov(noise.T)
    assert np.diag(covariance) == pytest.approx([2.968 * unit, 1.628 * unit, 4.144 * unit], rel=0.02)
    assert covariance[0, 2] == pytest.approx(unit, rel=0.05)


def test_speckle_grows_with_the_value() -> None:
    image = GREY.copy()
    image[:, :150] = 32
    noise = distort(image, "noise_speckle", 1, seed=3).astype(np.float64) - image
    assert noise[:, 150:].std() / noise[:, :150].std() == pytest.approx(4, rel=0.03)
    assert not np.any(distort(np.zeros_like(GREY), "noise_speckle", 5)), "black stays black"


def test_correlated_noise_is_a_3x3_mean() -> None:
    noise = distort(GREY, "noise_spatially_correlated", 1, seed=4)[..., 0].astype(np.float64)
    # nine values to a mean: 0.08 * 255 / 3 = 6.8; neighbours share 6 of 9, those two apart 3 of 9
    assert noise.std() == pytest.approx(6.8, rel=0.03)
    centred = noise - noise.mean()
    for lag, share in ((1, 6 / 9), (2, 3 / 9), (3, 0)):
        assert np.mean(centred[:, lag:] * centred[:, :-lag]) / noise.var() == pytest.approx(share, abs=0.04)


@pytest.mark.parametrize("level", [5, 51, 128, 204])
def test_photon_noise_has_the_poisson_s_probabilities(level: int) -> None:
    image = np.full((300, 300, 3), level, np.uint8)
    out = distort(image, "noise_poisson", 3, seed=5).astype(np.float64)
    counts = np.rint(out * (40 / 255) + 0.1).astype(int).ravel()  # truncation took up to 0.16 of a photon
    mean = level / 255 * 40
    for k in range(int(mean) + 3):
        expected = math.exp(-mean) * mean**k / math.factorial(k)
        error = math.sqrt(expected * (1 - expected) / counts.size)
        assert np.mean(counts == k) == pytest.approx(expected, abs=5 * error + 1 / 4096)


def test_impulses_are_half_salt_half_pepper_on_single_values() -> None:
    out = distort(GREY, "noise_impulse", 5, seed=6)
    assert set(np.unique(out)) == {0, 128, 255}
    # 270,000 values at 0.05: 13,500, deviation 113
    for value in (0, 255):
        assert abs(np.count_nonzero(out == value) - 13_500) < 5 * 113
    hits = (out != 128).reshape(-1, 3)
    assert abs(np.corrcoef(hits[:, 0], hits[:, 1])[0, 1]) < 0.02
    assert np.array_equal(distort(GREY, "noise_impulse", 1, density=0.0), GREY)
    assert set(np.unique(distort(GREY, "noise_impulse", 1, density=1.0))) == {0, 255}
    # hit by hit at half of the places: next to a hit is as often a hit as anywhere, 0.5 with deviation 0.001
    half = (distort(GREY, "noise_impulse", 1, density=0.5) != 128).ravel()
    assert half.mean() == pytest.approx(0.5, abs=0.005)
    assert half[1:][half[:-1]].mean() == pytest.approx(0.5, abs=0.007)


@pytest.mark.parametrize("severity", range(1, 6))
def test_denoising_takes_most_of_the_noise_away_and_detail_with_it(severity: int) -> None:
    photo = natural_photos()["tulips.png"][:120, :160]
    sigma = math.sqrt([0.01, 0.03, 0.05, 0.1, 0.15][severity - 1])
    noisy = distort(photo, "white_noise", 1, preset=KADID, sigma=sigma)
    cleaned = distort(photo, "denoise", severity, preset=KADID)
    assert psnr(photo, cleaned) > psnr(photo, noisy) + 7
    assert distort(GREY[:60, :60], "denoise", severity, preset=KADID).std() < 255 * sigma / 4
