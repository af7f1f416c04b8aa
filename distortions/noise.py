"""Noise: independent draws for every pixel and channel, from the generator given.

Each value takes 16 random bits (each hit, of impulses); see :mod:`distortions.draws`. Sums are integers throughout, so
they are the same in every version of OpenCV and on every machine.
"""

from __future__ import annotations

import functools
import math

import cv2
import numpy as np
import numpy.typing as npt

from distortions.draws import look_up_draws, normal_levels, normal_quantiles, uniform16
from distortions.parameters import by_severity, levels
from distortions.pixels import Image, in_chunks, table

_SIGMA = (0.0, 0.5)
_TEMPLATE, _SEARCH = 5, 7
"""Non-local means compares patches of 5x5 px; all that it reads lies within 7 px."""

_FRACTION_BITS = 5
_FRACTION = 1 << _FRACTION_BITS
"""Noise that is mixed or averaged is fixed-point: 1 grey level is 32 steps of an int16."""

_SALT_AND_PEPPER = np.array([0, 255], np.uint8)

_YCRCB_TO_RGB = np.array([[1, 1.403, 0], [1, -0.714, -0.344], [1, 0, 1.773]])
"""BT.601: a step in Y, Cr or Cb (columns) as steps in R, G and B (rows)."""


def _deviations(*variances: float) -> tuple[float, ...]:
    """KADID-10k gives the variances of its noise."""
    return tuple(math.sqrt(variance) for variance in variances)


@by_severity(
    sigma=levels(
        *(0.05, 0.1, 0.15, 0.2, 0.25),
        kadid_10k=_deviations(0.001, 0.002, 0.003, 0.005, 0.01),
        within=_SIGMA,
    )
)
def noise_gaussian_RGB(image: Image, rng: np.random.Generator, *, sigma: float) -> Image:
    """Additive normal noise on each channel: x + N(0, sigma)."""
    return in_chunks(image, lambda part: _add(part, normal_levels(uniform16(rng, part.shape), sigma)))


@by_severity(
    sigma=levels(
        *(0.05, 0.06, 0.07, 0.08, 0.09),
        kadid_10k=_deviations(0.0001, 0.0005, 0.001, 0.002, 0.003),
        within=(0.0, 0.2),
    ),
    chroma=levels(1.0, 1.45, 1.9, 2.35, 2.8, kadid_10k=(1.0,) * 5, within=(0.0, 4.0)),
)
def noise_gaussian_YCrCb(image: Image, rng: np.random.Generator, *, sigma: float, chroma: float) -> Image:
    """Additive normal noise in YCrCb: N(0, sigma) on Y, N(0, sigma chroma) on Cr and Cb."""
    # The way back to RGB is linear, so the noise takes it alone and the photo never leaves RGB. In 256ths, no product
    # or sum needs more than the 24 bits that a float32 holds exactly.
    to_rgb = (np.rint(_YCRCB_TO_RGB * (1, chroma, chroma) * 256) / 256).astype(np.float32)

    def noisy(part: Image) -> Image:
        noise = cv2.transform(normal_levels(uniform16(rng, part.shape), sigma, _FRACTION), to_rgb)
        return _add(part, np.asarray(noise) >> _FRACTION_BITS)

    return in_chunks(image, noisy)


@by_severity(
    sigma=levels(
        *(0.14, 0.21, 0.28, 0.35, 0.42),
        kadid_10k=_deviations(0.001, 0.005, 0.01, 0.02, 0.05),
        within=(0.0, 5.0),
    )
)
def noise_speckle(image: Image, rng: np.random.Generator, *, sigma: float) -> Image:
    """Multiplicative normal noise: x + x N(0, sigma)."""
    table_of_factors = _speckle_factors(sigma)

    def noisy(part: Image) -> Image:
        factors = look_up_draws(uniform16(rng, part.shape), table_of_factors)
        product = cv2.multiply(part.astype(np.uint16), factors)  # saturates at 65,535, which is white
        return np.asarray(np.asarray(product) >> 8, np.uint8)

    return in_chunks(image, noisy)


@by_severity(sigma=levels(0.08, 0.11, 0.14, 0.18, 0.22, within=_SIGMA), reach=lambda sigma: 1)
def noise_spatially_correlated(image: Image, rng: np.random.Generator, *, sigma: float) -> Image:
    """Additive normal noise, then a 3x3 mean of photo and noise: mean(x + N(0, sigma))."""
    noise = normal_levels(uniform16(rng, image.shape), sigma, _FRACTION)
    noise += np.left_shift(image, _FRACTION_BITS, dtype=np.int16)
    mean = np.asarray(cv2.blur(noise, (3, 3))).reshape(image.shape)
    mean >>= _FRACTION_BITS
    return _clipped(mean)


@by_severity(photons=levels(80, 60, 40, 25, 15, within=(1, 200)))
def noise_poisson(image: Image, rng: np.random.Generator, *, photons: int) -> Image:
    """Photon noise, ``photons`` at white: Poisson(x photons) / photons."""
    # The level picks a row of the table, 12 random bits one of its 4,096 equally likely outcomes.
    outcomes = _poisson_outcomes(photons)

    def noisy(part: Image) -> Image:
        index = part.astype(np.int32)
        index <<= 16
        index |= uniform16(rng, part.shape)
        index >>= 4
        return np.take(outcomes, index, mode="wrap")  # never out of range; wrapping is the quickest check

    return in_chunks(image, noisy, bulky=True)


@by_severity(
    density=levels(0.01, 0.03, 0.05, 0.07, 0.1, kadid_10k=(0.001, 0.005, 0.01, 0.02, 0.03), within=(0.0, 1.0)),
)
def noise_impulse(image: Image, rng: np.random.Generator, *, density: float) -> Image:
    """Salt and pepper on single channel values: 0 or 255, each with probability density / 2."""
    out = image.copy()
    # From one hit to the next is a geometric distance, so only the hits cost a draw. They are hardly ever more than
    # 8 deviations above their mean number.
    mean = image.size * density
    enough = int(mean + 8 * math.sqrt(mean)) + 16
    hits = np.cumsum(np.take(_geometric_quantiles(density), uniform16(rng, (enough,)))) - 1
    hits = hits[: np.searchsorted(hits, image.size)]
    out.reshape(-1)[hits] = _SALT_AND_PEPPER[uniform16(rng, hits.shape) & 1]
    return out


@by_severity(
    sigma=levels(kadid_10k=_deviations(0.01, 0.03, 0.05, 0.1, 0.15), within=_SIGMA), reach=lambda sigma: _SEARCH
)
def denoise(image: Image, rng: np.random.Generator, *, sigma: float) -> Image:
    """Additive normal noise N(0, sigma) on each channel, then removed by non-local means (Buades et al., 2005)."""
    noisy = _add(image, normal_levels(uniform16(rng, image.shape), sigma))
    # 0.9 is what brings natural photos nearest to themselves again
    cleaned = cv2.fastNlMeansDenoising(noisy, None, 0.9 * 255 * sigma, _TEMPLATE, 2 * (_SEARCH - _TEMPLATE // 2) + 1)
    return np.asarray(cleaned).reshape(image.shape)


def _add(image: Image, noise: npt.NDArray[np.int16]) -> Image:
    """The photo plus noise in whole levels; the noise is overwritten."""
    return _clipped(np.add(noise, image, out=noise))


def _clipped(values: npt.NDArray[np.int16]) -> Image:
    """Whole levels to uint8."""
    return np.clip(values, 0, 255, out=np.empty(values.shape, np.uint8), casting="unsafe")


@functools.lru_cache(maxsize=8)
def _geometric_quantiles(chance: float) -> npt.NDArray[np.int64]:
    """The number of the first hit in a row of trials, as 65,536 equally likely values."""
    chance = min(max(chance, 1e-15), 1 - 1e-15)  # never in any image, and always
    misses = np.log((np.arange(65536) + 0.5) / 65536) / math.log1p(-chance)
    return 1 + misses.astype(np.int64)


@functools.lru_cache(maxsize=8)
def _speckle_factors(sigma: float) -> npt.NDArray[np.uint16]:
    """1 + N(0, sigma) in 256ths at the 65,536 quantiles; below 0 the pixel is black."""
    return np.clip(np.rint(256 * (1 + sigma * normal_quantiles())), 0, 65535).astype(np.uint16)


@functools.lru_cache(maxsize=8)
def _poisson_outcomes(photons: int) -> npt.NDArray[np.uint8]:
    """Grey levels at 4,096 quantiles of Poisson(x photons) / photons, for each of the 256 levels of x; flat."""
    means = np.arange(256)[:, np.newaxis] / 255 * photons
    counts = np.arange(photons + 10 * math.isqrt(photons) + 20)
    factorials = np.array([math.lgamma(count + 1) for count in counts])
    density = np.exp(counts * np.log(np.maximum(means, 1e-300)) - means - factorials)
    quantiles = (np.arange(4096) + 0.5) / 4096
    rows = [np.searchsorted(row, quantiles) for row in np.cumsum(density, axis=1)]
    outcomes = np.multiply(np.concatenate(rows), 255 / photons, dtype=np.float64)
    return table(outcomes)
