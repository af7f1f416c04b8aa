"""Blur: each pixel becomes a mean of its neighbourhood, or is taken from elsewhere in it."""

from __future__ import annotations

import functools
import math
from collections.abc import Mapping

import cv2
import numpy as np
import numpy.typing as npt

from distortions.draws import look_up_draws, uniform16
from distortions.parameters import by_severity, drawn, levels
from distortions.pixels import BAND, Image, in_bands, truncate

Floats = npt.NDArray[np.float32]

_WALK = 4
"""A walk of displacements (see :func:`_walk`) ends within this many times its longest step."""


def _gaussian_reach(sigma: float, cut: float = 4.0) -> int:
    """Half the width of a Gaussian kernel, which ends at ``cut`` times sigma."""
    return int(cut * sigma + 0.5)


@by_severity(
    sigma=levels(1.0, 2.0, 3.0, 4.0, 5.0, kadid_10k=(0.1, 0.5, 1.0, 2.0, 5.0), within=(0.1, 100.0)),
    cut=levels(*(2.0,) * 5, depictqa_v2=(4.0,) * 5, kadid_10k=(2.0,) * 5, within=(1.0, 6.0)),
    reach=_gaussian_reach,
)
def blur_gaussian(image: Image, *, sigma: float, cut: float) -> Image:
    """Gaussian blur of ``sigma`` px, the kernel ending at ``cut`` sigma, the edge replicated."""
    return truncate(_gaussian(image, sigma, cut))


@by_severity(
    radius=levels(5, 10, 15, 15, 20, within=(1, 200)),
    sigma=levels(3.0, 5.0, 7.0, 9.0, 12.0, within=(0.1, 400.0)),
    angle=drawn(-90.0, 90.0),
    reach=lambda radius, sigma, angle: 2 * radius,
)
def blur_motion(image: Image, *, radius: int, sigma: float, angle: float) -> Image:
    """Motion blur along a line: 2 radius + 1 taps weighted by half a Gaussian, at ``angle`` degrees.

    Tap i is the image shifted by dx = -ceil(i cos angle - 0.5), dy = -ceil(i sin angle - 0.5), edge replicated.
    """
    weights = np.exp(-(np.arange(2 * radius + 1) ** 2) / (2 * sigma**2))
    weights /= weights.sum()
    taps: dict[tuple[int, int], float] = {}
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    for i, weight in reversed([*enumerate(weights.tolist())]):  # the smallest first, for the sum in float32
        shift = (-math.ceil(i * sine - 0.5), -math.ceil(i * cosine - 0.5))
        taps[shift] = taps.get(shift, 0.0) + weight
    return truncate(_sum_of_shifts(image, taps))


@by_severity(
    sigma=levels(0.7, 0.9, 1.2, 1.4, 1.6, within=(0.1, 50.0)),
    shift=levels(1, 2, 2, 3, 4, within=(1, 16)),
    cycles=levels(1, 1, 2, 2, 2, within=(1, 10)),
    reach=lambda sigma, shift, cycles: 2 * _gaussian_reach(sigma) + cycles * _WALK * shift,
)
def blur_glass(image: Image, rng: np.random.Generator, *, sigma: float, shift: int, cycles: int) -> Image:
    """Frosted glass: Gaussian blur, ``cycles`` rounds of random displacement up to ``shift`` px, Gaussian blur.

    As in the reference, the outermost pixels of an image, where an offset could lead outside, are not displaced.
    """
    pixels = np.asarray(cv2.convertScaleAbs(_gaussian(image, sigma)))
    inside = (slice(shift + 1, 1 - shift or None),) * 2
    for _ in range(cycles):
        pixels[inside] = _displaced(pixels, rng, _walk(shift))[inside]
    return truncate(_gaussian(pixels, sigma))


@by_severity(
    radius=levels(1, 2, 4, 6, 8, depictqa_v2=(2, 3, 4, 6, 8), within=(0, 9)),
    reach=lambda radius: radius,
)
def blur_lens(image: Image, *, radius: int) -> Image:
    """Lens blur: the mean over a disk of ``radius`` px, the edge mirrored."""
    return in_bands(image, radius, lambda part: _disk_mean(part, radius))


@by_severity(zoom=levels(1.03, 1.06, 1.10, 1.15, 1.21, within=(1.001, 2.0)))
def blur_zoom(image: Image, *, zoom: float) -> Image:
    """Zoom blur: the mean of the image and its centred zooms by 1, 1.02, 1.04 ... below ``zoom``.

    Zooms are bilinear, sampled corner to corner, rounded to grey levels. They only look inwards, so a box is zoomed
    about its own centre and needs no context.
    """
    height, width = image.shape[:2]
    zooms = np.arange(1, zoom, 0.02).tolist()
    upright = np.asarray(cv2.transpose(image)).reshape(width, height, 3)
    total = np.multiply(upright, 2, dtype=np.uint16)  # the image itself, and the zoom by 1
    for factor in zooms[1:]:
        stretched = _stretched(image, *_zoomed_axis(height, factor))
        upright = np.asarray(cv2.transpose(stretched)).reshape(width, height, 3)
        total += _stretched(upright, *_zoomed_axis(width, factor))
    return np.asarray(cv2.transpose(_mean(total, len(zooms) + 1))).reshape(image.shape)


@by_severity(shift=levels(1, 2, 3, 4, 5, within=(1, 64)), reach=lambda shift: shift)
def blur_jitter(image: Image, rng: np.random.Generator, *, shift: int) -> Image:
    """Jitter: each pixel taken from an offset drawn uniformly from -shift .. shift - 1 in x and in y."""
    chances = np.zeros((2 * shift + 1, 2 * shift + 1))
    chances[:-1, :-1] = 1 / (2 * shift) ** 2
    return _displaced(image, rng, chances)


def _disk_mean(image: Image, radius: int) -> Image:
    height, width = image.shape[:2]
    half_widths = [math.isqrt(radius**2 - dy**2) for dy in range(radius + 1)]
    count = 2 * sum(2 * half + 1 for half in half_widths) - (2 * radius + 1)
    padded = cv2.copyMakeBorder(image, radius, radius, radius, radius, cv2.BORDER_REFLECT_101)
    rows = np.asarray(padded).astype(np.uint16).reshape(height + 2 * radius, -1)
    # A disk is a stack of horizontal runs. From its ends to its middle the run only grows, so each row of the
    # disk costs one or two additions; a disk of radius 9 holds 253 px, whose sum still fits 16 bits.
    length, reached = 3 * width, 0
    run = rows[:, 3 * radius : 3 * radius + length].copy()
    total = np.zeros((height, length), np.uint16)
    for dy in range(radius, -1, -1):
        while reached < half_widths[dy]:
            reached += 1
            for start in (3 * (radius - reached), 3 * (radius + reached)):
                cv2.add(run, rows[:, start : start + length], run)
        for top in {radius - dy, radius + dy}:
            cv2.add(total, run[top : top + height], total)
    return _mean(total, count).reshape(image.shape)


def _zoomed_axis(size: int, factor: float) -> tuple[float, float]:
    """Where a zoom samples one axis: the step between samples and the first of them, in source pixels.

    The centre crop of ceil(size / factor) is drawn out to round(crop factor) samples, first on first and last on
    last, of which the middle ``size`` are kept.
    """
    crop = math.ceil(size / factor)
    samples = round(crop * factor)
    step = (crop - 1) / max(samples - 1, 1)
    return step, (size - crop) // 2 + (samples - size) // 2 * step


def _stretched(image: Image, step: float, start: float) -> Image:
    """An image of the same size whose row j is sampled at ``start + j step``, linear between rows, in 8-bit weights."""
    rows = image.reshape(len(image), -1)
    places = start + step * np.arange(len(rows))
    above = places.astype(np.intp)
    below = np.minimum(above + 1, len(rows) - 1)
    weights = np.rint((places - above) * 256).astype(np.uint16)[:, np.newaxis]
    out = np.empty_like(rows)
    for top in range(0, len(rows), BAND):
        band = slice(top, top + BAND)
        mixed = np.multiply(rows[above[band]], 256 - weights[band], dtype=np.uint16)
        mixed += np.multiply(rows[below[band]], weights[band], dtype=np.uint16)
        mixed += 128
        mixed >>= 8
        out[band] = mixed
    return out.reshape(image.shape)


def _mean(total: npt.NDArray[np.uint16], count: int) -> Image:
    """Sums of ``count`` grey levels, shape (h, w) or (h, w, 3), to their means, truncated."""
    half = (count - 1) / (2 * count)  # OpenCV rounds; half a step less makes it truncate
    return np.asarray(cv2.convertScaleAbs(total, alpha=1 / count, beta=-half)).reshape(total.shape)


def _gaussian(image: Image, sigma: float, cut: float = 4.0) -> Floats:
    kernel = cv2.getGaussianKernel(2 * _gaussian_reach(sigma, cut) + 1, sigma, cv2.CV_32F)
    out = cv2.sepFilter2D(image, cv2.CV_32F, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(out).reshape(image.shape)


def _sum_of_shifts(image: Image, taps: Mapping[tuple[int, int], float]) -> Floats:
    """The sum of the image shifted by (dy, dx), edge replicated, with weights whose sum is 1."""
    height, width = image.shape[:2]
    reach = max(max(abs(dy), abs(dx)) for dy, dx in taps)
    padded = np.asarray(cv2.copyMakeBorder(image, reach, reach, reach, reach, cv2.BORDER_REPLICATE))
    padded = padded.reshape(height + 2 * reach, -1)
    total: Floats = np.zeros((height, 3 * width), np.float32)
    for top in range(0, height, BAND):
        band = total[top : top + BAND]
        seen = 0.0
        for (dy, dx), weight in taps.items():
            y, x = top + reach - dy, 3 * (reach - dx)
            seen += weight
            cv2.accumulateWeighted(padded[y : y + len(band), x : x + 3 * width], band, weight / seen)
    return total.reshape(image.shape)


def _displaced(image: Image, rng: np.random.Generator, chances: npt.NDArray[np.float64]) -> Image:
    """Each pixel taken from a random offset, edge replicated.

    ``chances`` is a square of odd side, the probabilities of the offsets around its centre. One 16-bit draw a pixel
    picks the offset, as a step in flat memory, and one gather moves whole pixels as 32-bit words.
    """
    height, width = image.shape[:2]
    reach = chances.shape[0] // 2
    padded = cv2.copyMakeBorder(image, reach, reach, reach, reach, cv2.BORDER_REPLICATE)
    words = np.asarray(cv2.cvtColor(padded, cv2.COLOR_RGB2RGBA)).view(np.uint32).ravel()
    stride = width + 2 * reach
    dy, dx = np.indices(chances.shape, dtype=np.int32)
    bounds = np.rint(np.cumsum(chances) * 65536).astype(np.int64)
    steps = np.repeat((dy * stride + dx).ravel(), np.diff(bounds, prepend=0))
    corners = np.arange(BAND, dtype=np.int32)[:, np.newaxis] * stride + np.arange(width, dtype=np.int32)
    out = np.empty_like(image)
    for top in range(0, height, BAND):  # a band's draws fill whole words of the generator
        rows = min(BAND, height - top)
        index = look_up_draws(uniform16(rng, (rows, width)), steps)
        index += corners[:rows]
        moved = np.take(words[top * stride :], index, mode="wrap")  # never out of range; wrapping is the quickest check
        cv2.cvtColor(moved.view(np.uint8).reshape(rows, width, 4), cv2.COLOR_RGBA2RGB, out[top : top + rows])
    return out


@functools.cache
def _walk(shift: int) -> npt.NDArray[np.float64]:
    """Probabilities of where a pixel of frosted glass comes from, as a square around it.

    The reference displaces in place, from the last pixel to the first: a pixel taken from a place that was already
    displaced has travelled before. So steps of -shift .. shift - 1 are added up for as long as they lead to a later
    pixel, and one gather with the sum's distribution matches the reference's statistics.
    """
    reach = _WALK * shift
    moving: npt.NDArray[np.float64] = np.zeros((2 * reach + 1, 2 * reach + 1))
    settled = np.zeros_like(moving)
    moving[reach, reach] = 1
    inside = np.zeros_like(moving)
    inside[shift:-shift, shift:-shift] = 1  # the few walks that come near the end of the square are left out
    for _ in range(2 * _WALK):
        onward = np.zeros_like(moving)
        for dy in range(-shift, shift):
            for dx in range(-shift, shift):
                target = onward if (dy, dx) > (0, 0) else settled
                target += np.roll(moving, (dy, dx), (0, 1)) / (2 * shift) ** 2
        moving = onward * inside
    settled /= settled.sum()
    return settled
