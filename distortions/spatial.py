"""Pixels out of place: KADID-10k's jitter, non-eccentricity patches and colour blocks."""

from __future__ import annotations

import functools
import itertools
import math

import cv2
import numpy as np
import numpy.typing as npt

from distortions.draws import normal_quantiles, uniform16
from distortions.parameters import by_severity, levels
from distortions.pixels import Image

_PASSES = 5
_STEPS = 32
"""OpenCV interpolates at 32nds of a pixel."""

_TILE = 16_384
"""Pixels a side that are sampled at once: OpenCV's places are 16-bit."""

_PATCH = 16
_BLOCK = 32


@by_severity(
    sigma=levels(kadid_10k=(0.05, 0.1, 0.2, 0.5, 1.0), within=(0.0, 10.0)),
    reach=lambda sigma: math.ceil(2 * _PASSES * sigma),
)
def jitter(image: Image, rng: np.random.Generator, *, sigma: float) -> Image:
    """Five passes, each taking every pixel from N(0, ``sigma``) px away in x and in y, bilinear, edge replicated."""
    height, width = image.shape[:2]
    margin = math.ceil(5 * sigma) + 1  # beyond the farthest of the 65,536 quantiles
    for _ in range(_PASSES):
        offsets = np.asarray(cv2.LUT(uniform16(rng, (height, width, 2)), _offsets(sigma)))
        moved = np.empty_like(image)
        for top, left in itertools.product(range(0, height, _TILE), range(0, width, _TILE)):
            y, x = max(top - margin, 0), max(left - margin, 0)
            part = np.s_[top : top + _TILE, left : left + _TILE]
            window = image[y : top + _TILE + margin, x : left + _TILE + margin]
            moved[part] = _taken(window, offsets[part], top - y, left - x)
        image = moved
    return image


@by_severity(patches=levels(kadid_10k=(20, 40, 60, 80, 100), within=(0, 10_000)))
def non_eccentricity_patch(image: Image, rng: np.random.Generator, *, patches: int) -> Image:
    """Squares of 16 px, ``patches`` of them in turn, each copied up to 8 px away on both axes."""
    out = image.copy()
    high, wide, room = _fitted(image, _PATCH)
    margin = np.minimum(_PATCH, room // 2)
    starts = margin + np.rint(rng.random((patches, 2)) * (room - 2 * margin)).astype(int)
    ends = np.clip(np.rint(starts + (rng.random((patches, 2)) - 0.5) * _PATCH).astype(int), 0, room)
    for (y, x), (to_y, to_x) in zip(starts.tolist(), ends.tolist(), strict=True):
        out[to_y : to_y + high, to_x : to_x + wide] = out[y : y + high, x : x + wide].copy()
    return out


@by_severity(blocks=levels(kadid_10k=(2, 4, 6, 8, 10), within=(0, 10_000)))
def color_block(image: Image, rng: np.random.Generator, *, blocks: int) -> Image:
    """Squares of 32 px, ``blocks`` of them, each of one random colour, anywhere inside the image."""
    out = image.copy()
    high, wide, room = _fitted(image, _BLOCK)
    corners = (rng.random((blocks, 2)) * (room + 1)).astype(int)
    colors = (rng.random((blocks, 3)) * 256).astype(np.uint8)
    for (y, x), color in zip(corners.tolist(), colors, strict=True):
        out[y : y + high, x : x + wide] = color
    return out


def _fitted(image: Image, side: int) -> tuple[int, int, npt.NDArray[np.intp]]:
    """Height and width of a square that is cut to fit the image, and how far its corner can move down and right."""
    high, wide = (min(side, length) for length in image.shape[:2])
    return high, wide, np.array([image.shape[0] - high, image.shape[1] - wide])


def _taken(window: Image, offsets: npt.NDArray[np.int32], top: int, left: int) -> Image:
    """The part of a window that begins at (top, left), each pixel taken from its offset (x, y) in 32nds of a pixel."""
    height, width = offsets.shape[:2]
    places = offsets.copy()
    places[..., 0] += (np.arange(width, dtype=np.int32) + left) * _STEPS
    places[..., 1] += (np.arange(height, dtype=np.int32)[:, np.newaxis] + top) * _STEPS
    fractions = ((places[..., 1] & 31) << 5 | places[..., 0] & 31).astype(np.uint16)
    places >>= 5
    taken = cv2.remap(window, places.astype(np.int16), fractions, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(taken)


@functools.lru_cache(maxsize=8)
def _offsets(sigma: float) -> npt.NDArray[np.int32]:
    """Normal offsets of standard deviation ``sigma`` px at the 65,536 quantiles, in 32nds of a pixel."""
    return np.rint(normal_quantiles() * sigma * _STEPS).astype(np.int32)
