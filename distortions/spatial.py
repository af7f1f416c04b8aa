"""Pixels out of place: KADID-10k's jitter, non-eccentricity patches and colour blocks."""

from __future__ import annotations

import functools
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

_PATCH = 16
_BLOCK = 32


@by_severity(
    sigma=levels(kadid_10k=(0.05, 0.1, 0.2, 0.5, 1.0), within=(0.0, 10.0)),
    reach=lambda sigma: math.ceil(2 * _PASSES * sigma),
)
def jitter(image: Image, rng: np.random.Generator, *, sigma: float) -> Image:
    """Five passes, each taking every pixel from N(0, ``sigma``) px away in x and in y, bilinear, edge replicated."""
    height, width = image.shape[:2]
    places = np.empty((height, width, 2), np.int32)
    places[..., 0] = np.arange(width, dtype=np.int32) * _STEPS
    places[..., 1] = np.arange(height, dtype=np.int32)[:, np.newaxis] * _STEPS
    for _ in range(_PASSES):
        sources = cv2.LUT(uniform16(rng, places.shape), _offsets(sigma)) + places
        whole = np.clip(sources >> 5, -1, 32766).astype(np.int16)
        fraction = ((sources[..., 1] & 31) << 5 | sources[..., 0] & 31).astype(np.uint16)
        image = np.asarray(cv2.remap(image, whole, fraction, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE))
    return image


@by_severity(patches=levels(kadid_10k=(20, 40, 60, 80, 100), within=(0, 10_000)))
def non_eccentricity_patch(image: Image, rng: np.random.Generator, *, patches: int) -> Image:
    """Squares of 16 px, ``patches`` of them in turn, each copied up to 8 px away on both axes."""
    out = image.copy()
    high, wide = (min(_PATCH, side) for side in image.shape[:2])
    room = np.array([image.shape[0] - high, image.shape[1] - wide])
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
    high, wide = (min(_BLOCK, side) for side in image.shape[:2])
    room = np.array([image.shape[0] - high, image.shape[1] - wide])
    corners = (rng.random((blocks, 2)) * (room + 1)).astype(int)
    colors = (rng.random((blocks, 3)) * 256).astype(np.uint8)
    for (y, x), color in zip(corners.tolist(), colors, strict=True):
        out[y : y + high, x : x + wide] = color
    return out


@functools.lru_cache(maxsize=8)
def _offsets(sigma: float) -> npt.NDArray[np.int32]:
    """Normal offsets of standard deviation ``sigma`` px at the 65,536 quantiles, in 32nds of a pixel."""
    return np.rint(normal_quantiles() * sigma * _STEPS).astype(np.int32)
