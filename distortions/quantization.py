"""Quantization: fewer grey levels in each channel, chosen in six ways."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable

import cv2
import numpy as np
import numpy.typing as npt

from distortions.parameters import by_severity, levels
from distortions.pixels import Image, look_up, table

_LEVELS = np.arange(256)
_BINS = 30
_NO_GAIN = np.where(np.tri(_BINS, k=-1), -np.inf, 0.0)
"""What a class of bins i to j adds if they are empty: nothing; if j comes before i, it is no class."""

_Box = tuple[int, int, int]
"""A box of the median cut: pixels, first level, end; levels are numbered from the brightest that occurs."""

Counts = npt.NDArray[np.int64]
"""How often each of the 256 levels occurs."""


@by_severity(classes=levels(15, 11, 8, 5, 3, within=(2, _BINS)))
def quantization_otsu(image: Image, *, classes: int) -> Image:
    """Multi-Otsu on a 30-bin histogram of each channel: class k becomes k (max - min) / classes + min."""
    return _by_channel(image, lambda counts: _otsu_levels(counts, classes))


@by_severity(colors=levels(20, 15, 10, 6, 3, within=(1, 256)))
def quantization_median(image: Image, *, colors: int) -> Image:
    """Median cut of each channel to ``colors`` levels."""
    return _by_channel(image, lambda counts: _median_cut_levels(counts, colors))


@by_severity(bins=levels(24, 16, 8, 6, 4, within=(2, 256)))
def quantization_hist(image: Image, *, bins: int) -> Image:
    """Levels from the cumulative histogram of all values, as in histogram equalisation."""
    total = _up_to(_counts(image.reshape(len(image), -1)), np.linspace(0, 255, bins + 1))[1:]
    used = total > 0
    low, high = total[used][0], total[-1]
    if low == high:  # nothing to spread: all values share the last bin
        return image.copy()
    stretched = np.where(used, (total - low) * (255 / (high - low)), 0)
    return look_up(image, table(stretched)[np.rint(_LEVELS / 255 * (bins - 1)).astype(np.intp)])


@by_severity(step=levels(32, 64, 96, 128, 256, within=(1, 256)))
def quantization_uniform(image: Image, *, step: int) -> Image:
    """Uniform steps: floor(x / step) step. A step of 256 is black."""
    return look_up(image, (_LEVELS // step * step).astype(np.uint8))


@by_severity(steps=levels(kadid_10k=(20, 16, 13, 10, 7), within=(2, 255)))
def quantization_levels(image: Image, *, steps: int) -> Image:
    """Equal steps of 255 / ``steps``, 0 a step of its own; those that occur stretched to black and white."""
    edges = [0, *(255 * k // steps for k in range(1, steps))]
    step = np.searchsorted(edges, _LEVELS)
    low, high = step[image.min()], step[image.max()]
    if low == high:
        return image.copy()
    return look_up(image, table(255 * (step - low) / (high - low) + 0.5))


@by_severity(colors=levels(kadid_10k=(64, 48, 32, 16, 8), within=(1, 256)))
def color_quantization(image: Image, *, colors: int) -> Image:
    """A palette of ``colors`` of the least variance (median cut, then k-means), and error diffusion to it."""
    # 32 levels a channel are enough to find a palette, and as many as MATLAB looks at
    from PIL import Image as Pillow

    coarse = Pillow.fromarray(image & 0xF8 | 0x04)
    settled = image.shape[0] * image.shape[1] // 100  # pixels that may still move when k-means stops
    palette = coarse.quantize(colors, Pillow.Quantize.MEDIANCUT, max(1, settled), dither=Pillow.Dither.NONE)
    dithered = Pillow.fromarray(image).quantize(palette=palette, dither=Pillow.Dither.FLOYDSTEINBERG)
    return np.array(dithered.convert("RGB"))


def _counts(plane: npt.NDArray[np.uint8]) -> Counts:
    from PIL import Image as Pillow  # here, as most types need no Pillow

    return np.array(Pillow.fromarray(plane).histogram())


def _up_to(counts: Counts, edges: npt.NDArray[np.float64]) -> Counts:
    """How many values lie below each edge; at the last edge, below or on it."""
    below = np.concatenate([[0], np.cumsum(counts)])
    places = np.ceil(edges).astype(np.intp)
    places[-1] += 1
    return below[places]


def _by_channel(image: Image, levels_from: Callable[[Counts], npt.NDArray[np.float64]]) -> Image:
    """Each channel through the table that its own histogram gives."""
    planes = [np.asarray(plane) for plane in cv2.split(image)]
    quantized = [look_up(plane, table(levels_from(_counts(plane)))) for plane in planes]
    return np.asarray(cv2.merge(quantized)).reshape(image.shape)


def _otsu_levels(counts: Counts, classes: int) -> npt.NDArray[np.float64]:
    used = np.flatnonzero(counts)
    low, high = int(used[0]), int(used[-1])
    if low == high:
        return _LEVELS.astype(np.float64)
    edges = np.linspace(low, high, _BINS + 1)
    centres = (edges[1:] + edges[:-1]) / 2
    thresholds = _otsu_thresholds(np.diff(_up_to(counts, edges)), classes)
    index = np.searchsorted(centres[thresholds], _LEVELS, side="right")
    return low + index * np.float64((high - low) / classes)


def _otsu_thresholds(histogram: npt.NDArray[np.float64], classes: int) -> npt.NDArray[np.intp]:
    """The last bin of each class but the last, so that the variance between classes is greatest.

    Dynamic programming over (class, last bin) finds in classes x bins^2 steps what the brute force finds in
    binomial(bins - 1, classes - 1). Bin 0 has the moment of bin 1, as in the reference's library (scikit-image).
    """
    used = np.flatnonzero(histogram)
    if len(used) <= classes:
        return used[:-1]
    share = histogram / histogram.sum()
    weight = np.concatenate([[0.0], np.cumsum(share)])
    moment = np.concatenate([[0.0], np.cumsum(share * np.maximum(np.arange(_BINS), 1))])
    # gain[i, j]: what one class holding bins i to j adds to the variance between classes
    weights = weight[np.newaxis, 1:] - weight[:-1, np.newaxis]
    moments = moment[np.newaxis, 1:] - moment[:-1, np.newaxis]
    gain = np.divide(moments**2, weights, out=_NO_GAIN.copy(), where=weights > 1e-12)
    best = gain[0]
    choices = []
    for _ in range(classes - 1):
        totals = best[:-1, np.newaxis] + gain[1:]
        choices.append(totals.argmax(axis=0))
        best = totals.max(axis=0)
    last, thresholds = _BINS - 1, []
    for choice in reversed(choices):
        last = choice[last]
        thresholds.append(last)
    return np.array(thresholds[::-1], dtype=np.intp)


def _median_cut_levels(counts: Counts, colors: int) -> npt.NDArray[np.float64]:
    """Heckbert's median cut on one channel, in the variant of Pillow that the reference uses.

    The box with the most pixels is split at its median, from the brightest level down, until there are enough
    boxes; a level then goes to the nearest of the boxes' rounded means.
    """
    used = np.flatnonzero(counts)[::-1]
    pixels = [0, *np.cumsum(counts[used]).tolist()]
    sums = [0, *np.cumsum(counts[used] * used).tolist()]
    heap = [(pixels[-1], 0, len(used))]
    boxes: list[tuple[int, int]] = []
    while heap and len(heap) + len(boxes) < colors:
        _, start, end = _pop(heap)
        if end - start == 1:
            boxes.append((start, end))
            continue
        middle = min(bisect_right(pixels, (pixels[start] + pixels[end]) / 2), end - 1)
        for a, b in ((start, middle), (middle, end)):
            _push(heap, (pixels[b] - pixels[a], a, b))
    boxes += [(start, end) for _, start, end in heap]
    means = np.array([int((sums[b] - sums[a]) / (pixels[b] - pixels[a]) + 0.5) for a, b in boxes])
    distance = np.abs(used[:, np.newaxis] - means).astype(np.float64)
    for column, (start, end) in enumerate(boxes):
        distance[start:end, column] -= 0.5  # a level between two means stays with its own box
    out = _LEVELS.astype(np.float64)
    out[used] = means[distance.argmin(axis=1)]
    return out


# A binary heap, the box with the most pixels on top. Python's own would do but for ties, which must fall as they
# fall in Pillow: a new box rises past smaller ones only, and the box put in the top's place sinks past equal ones.


def _push(heap: list[_Box], box: _Box) -> None:
    heap.append(box)
    place = len(heap) - 1
    while place and box[0] > heap[(place - 1) // 2][0]:
        heap[place] = heap[(place - 1) // 2]
        place = (place - 1) // 2
    heap[place] = box


def _pop(heap: list[_Box]) -> _Box:
    top, last = heap[0], heap.pop()
    if not heap:
        return top
    place = 0
    while (child := 2 * place + 1) < len(heap):
        if child + 1 < len(heap) and heap[child + 1][0] > heap[child][0]:
            child += 1
        if last[0] > heap[child][0]:
            break
        heap[place] = heap[child]
        place = child
    heap[place] = last
    return top
