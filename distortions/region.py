"""Distort one box of an image and leave every other byte as it is.

Neighbourhood types are run on the box with the context their kernel reaches, taken from the image, and cropped
back, so that the box's edge blurs with what really lies beyond it. Types that measure (contrast, quantization) or
rescale (zoom, pixelate, JPEG 2000) see the box alone. The cost is that of the box and its context, not of the image.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from distortions.apply import check_image, resolve, run
from distortions.catalog import find
from distortions.errors import DistortionError
from distortions.parameters import DEFAULT_PRESET, Number
from distortions.pixels import Image

Box = tuple[int, int, int, int]
"""``(x1, y1, x2, y2)`` in pixels, top left inclusive, bottom right exclusive."""


def distort_region(
    image: Image,
    box: Sequence[int],
    type: str,
    severity: int,
    *,
    seed: int = 0,
    preset: str = DEFAULT_PRESET,
    **fixed: Number,
) -> Image:
    """Distort one box of an image.

    Args:
        image: uint8 RGB, shape (height, width, 3); never written to.
        box: ``(x1, y1, x2, y2)``, whole pixels inside the image, bottom right exclusive.
        type: a distortion type of the preset, see :func:`distortions.catalog`.
        severity: 1 to 5.
        seed: the key of all randomness, 0 <= seed < 2**128.
        preset: ``refine-iqa`` (the paper's values), ``depictqa-v2`` (the reference code's) or ``kadid-10k``, which has
            types of its own.
        fixed: parameters to set by name.

    Returns:
        A new array, equal to ``image`` outside the box.

    Raises:
        DistortionError: as :func:`distortions.distort`, or a box that is empty or not inside the image.
    """
    patch = distort_patch(image, box, type, severity, seed=seed, preset=preset, **fixed)
    x1, y1, x2, y2 = box
    out = image.copy()
    out[y1:y2, x1:x2] = patch
    return out


def distort_patch(
    image: Image,
    box: Sequence[int],
    type: str,
    severity: int,
    *,
    seed: int = 0,
    preset: str = DEFAULT_PRESET,
    **fixed: Number,
) -> Image:
    """The pixels that :func:`distort_region` puts into the box, without a copy of the image."""
    check_image(image)
    height, width = image.shape[:2]
    x1, y1, x2, y2 = _checked(box, width, height)
    entry = find(type, preset)
    parameters = resolve(type, severity, seed=seed, preset=preset, **fixed)
    reach = entry.operation.reach(**parameters) if entry.operation.reach else 0
    left, right = _widened(x1, x2, width, reach, entry.operation.grid)
    top, bottom = _widened(y1, y2, height, reach, entry.operation.grid)
    window = run(entry, image[top:bottom, left:right], severity, seed, parameters)
    return window[y1 - top : y2 - top, x1 - left : x2 - left]


def _widened(start: int, stop: int, size: int, reach: int, grid: int) -> tuple[int, int]:
    """A range with ``reach`` pixels on both sides, rounded outwards to the grid, within the image."""
    first = max(start - reach, 0) // grid * grid
    last = -(-(stop + reach) // grid) * grid
    return first, min(last, size)


def _checked(box: Sequence[int], width: int, height: int) -> Box:
    try:
        numbers = tuple(box)
    except TypeError:
        numbers = ()
    if len(numbers) != 4 or not all(isinstance(n, (int, np.integer)) for n in numbers):
        raise DistortionError(f"box must be four whole numbers (x1, y1, x2, y2), not {box!r}")
    x1, y1, x2, y2 = (int(n) for n in numbers)
    if x1 >= x2 or y1 >= y2:
        raise DistortionError(f"box {(x1, y1, x2, y2)} is empty: x1 < x2 and y1 < y2 must hold")
    if x1 < 0 or y1 < 0 or x2 > width or y2 > height:
        raise DistortionError(f"box {(x1, y1, x2, y2)} is not inside the image of {width}x{height} px")
    return x1, y1, x2, y2
