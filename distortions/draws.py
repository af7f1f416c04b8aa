"""Keyed randomness: every random number is a pure function of a key, never of order or global state.

A key is hashed to 128 bits, which seed a generator of its own (SFC64, twice as fast as the counter-based Philox), so
that any draw can be made again anywhere. Fields of noise are made from 16-bit uniforms through tables of quantiles:
65,536 equally likely values are far finer than the 256 grey levels they end in, and a table look-up is several times
faster than a normal generator.
"""

from __future__ import annotations

import functools
import math
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt


def generator(seed: int, *words: str | int) -> np.random.Generator:
    """A generator keyed by a seed and any number of words; equal keys give equal streams."""
    import hashlib  # here, as it loads OpenSSL, which only random types wait for

    text = "/".join(str(word) for word in (seed, *words))
    key = int.from_bytes(hashlib.blake2b(text.encode(), digest_size=16).digest(), "little")
    return np.random.Generator(np.random.SFC64(key))


def uniform16(rng: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[np.uint16]:
    """Independent uniform integers in 0..65535, four from each 64-bit word of the generator."""
    count = math.prod(shape)
    words = rng.bit_generator.random_raw((count + 3) // 4)  # the raw stream, the same in every version of NumPy
    return words.astype("<u8", copy=False).view("<u2")[:count].reshape(shape)


@functools.cache
def normal_quantiles() -> npt.NDArray[np.float64]:
    """The standard normal distribution as 65,536 equally likely values, mean 0 and variance 1, up to 4.3 sigma."""
    from statistics import NormalDist  # here, as only noise has to wait for it

    inverse = NormalDist().inv_cdf
    upper = np.array([inverse((32768.5 + i) / 65536) for i in range(32768)])
    upper /= math.sqrt(float(np.mean(upper**2)))  # the strata's midpoints alone fall short of 1 by 1e-4
    return np.concatenate([-upper[::-1], upper])


def normal_levels(draws: npt.NDArray[np.uint16], sigma: float, fraction: int = 1) -> npt.NDArray[np.int16]:
    """Normal noise of standard deviation ``sigma``, for an image in 0..1, rounded down to 1/fraction of a grey level.

    The unit of the result is that fraction. Truncating photo + noise is adding noise rounded down to whole levels.
    """
    return look_up_draws(draws, _level_table(sigma, fraction))


def look_up_draws(draws: npt.NDArray[np.uint16], table: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Every draw through a table of 65,536 values; as one row, which OpenCV looks up faster than a row of colours."""
    return np.asarray(cv2.LUT(draws.reshape(1, -1), table)).reshape(draws.shape)


@functools.lru_cache(maxsize=64)
def _level_table(sigma: float, fraction: int) -> npt.NDArray[np.int16]:
    return np.floor(normal_quantiles() * (sigma * 255 * fraction)).astype(np.int16)
