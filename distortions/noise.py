"""Noise: independent draws for every pixel and channel, from the generator given.

Each value takes 16 random bits; see :mod:`distortions.draws`. Sums are int16 fixed point, 1/32 of a grey level.
"""

from __future__ import annotations

import functools
import math

import cv2
import numpy as np
import numpy.typing as npt

from distortions.draws import FRACTION, normal_levels, normal_quantiles, uniform16
from distortions.parameters import by_severity, levels
from distortions.pixels import Image, table, truncate

_SIGMA = (0.0, 0.5)
_FRACTION_BITS = FRACTION.bit_length() - 1


@by_severity(sigma=levels(0.05, 0.1, 0.15, 0.2, 0.25, within=_SIGMA))
def noise_gaussian_RGB(image: Image, rng: np.random.Generator, *, sigma: float) -> Image:
    """Additive normal noise on each channel: x + N(0, sigma)."""
    return _add(image, normal_levels(uniform16(rng, image.shape), sigma))


@by_severity(
    sigma=levels(0.05, 0.06, 0.07, 0.08, 0.09, within=(0.0, 0.2)),
    chroma=levels(1.0, 1.45, 1.9, 2.35, 2.8, within=(0.0, 4.0)),
)
def noise_gaussian_YCrCb(image: Image, rng: np.random.Generator, *, sigma: float, chroma: float) -> Image:
    """Additive normal noise in YCrCb: N(0, sigma) on Y, N(0, sigma chroma) on Cr and Cb."""
    height, width = image.shape[:2]
    luma, red, blue = uniform16(rng, (3, height, width))
    # The way back to RGB is linear, so the noise takes it alone and the photo never leaves RGB (BT.601).
    noise = normal_levels(luma, sigma)
    sigma *= chroma
    on_red = normal_levels(red, 1.403 * sigma)
    on_green = normal_levels(red, -0.714 * sigma) + normal_levels(blue, -0.344 * sigma)
    on_blue = normal_levels(blue, 1.773 * sigma)
    planes = [noise + on_red, noise + on_green, noise + on_blue]
    return _add(image, np.asarray(cv2.merge(planes)).reshape(image.shape))


@by_severity(sigma=levels(0.14, 0.21, 0.28, 0.35, 0.42, within=(0.0, 5.0)))
def noise_speckle(image: Image, rng: np.random.Generator, *, sigma: float) -> Image:
    """Multiplicative normal noise: x + x N(0, sigma)."""
    out = np.asarray(cv2.LUT(uniform16(rng, image.shape), _speckle_factors(sigma))).reshape(image.shape)
    out *= image
    return truncate(out)


@by_severity(sigma=levels(0.08, 0.11, 0.14, 0.18, 0.22, within=_SIGMA), reach=lambda sigma: 1)
def noise_spatially_correlated(image: Image, rng: np.random.Generator, *, sigma: float) -> Image:
    """Additive normal noise, then a 3x3 mean of photo and noise: mean(x + N(0, sigma))."""
    noise = normal_levels(uniform16(rng, image.shape), sigma)
    noise += np.multiply(image, FRACTION, dtype=np.int16)
    return _whole(np.asarray(cv2.blur(noise, (3, 3))).reshape(image.shape))


@by_severity(photons=levels(80, 60, 40, 25, 15, within=(1, 200)))
def noise_poisson(image: Image, rng: np.random.Generator, *, photons: int) -> Image:
    """Photon noise, ``photons`` at white: Poisson(x photons) / photons."""
    # The level picks a row of the table, 12 random bits one of its 4,096 equally likely outcomes.
    index = np.multiply(image, 4096, dtype=np.int32)
    index += uniform16(rng, image.shape) >> 4
    return np.take(_poisson_outcomes(photons), index, mode="clip")


@by_severity(density=levels(0.01, 0.03, 0.05, 0.07, 0.1, within=(0.0, 1.0)))
def noise_impulse(image: Image, rng: np.random.Generator, *, density: float) -> Image:
    """Salt and pepper on single channel values: 0 or 255, each with probability density / 2."""
    uniform = uniform16(rng, image.shape)
    each = round(density / 2 * 65536)
    kept, salt = uniform >= each, uniform >= 65536 - each
    # as bytes of all ones or zeros: pepper by "and", salt by "or"
    return image & -kept.view(np.uint8) | -salt.view(np.uint8)


def _add(image: Image, noise: npt.NDArray[np.int16]) -> Image:
    """The photo plus fixed-point noise, which is overwritten."""
    noise += np.multiply(image, FRACTION, dtype=np.int16)
    return _whole(noise)


def _whole(values: npt.NDArray[np.int16]) -> Image:
    """Fixed point to uint8, truncated and clipped; the values are overwritten."""
    values >>= _FRACTION_BITS
    return np.clip(values, 0, 255, out=values).astype(np.uint8)


@functools.lru_cache(maxsize=8)
def _speckle_factors(sigma: float) -> npt.NDArray[np.float32]:
    """1 + N(0, sigma) at the 65,536 quantiles; below 0 the pixel is black."""
    return np.maximum(1 + sigma * normal_quantiles(), 0).astype(np.float32)


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
