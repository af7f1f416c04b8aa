"""Boxes: ``(x1, y1, x2, y2)`` in pixels, top left inclusive, bottom right exclusive."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from distortions.region import Box as Box


def box_area(box: Box) -> int:
    """Area in pixels."""
    x1, y1, x2, y2 = box
    return (x2 - x1) * (y2 - y1)


def iou(first: Sequence[float], second: Sequence[float]) -> float:
    """Intersection over union, 0..1, also of boxes that a model made up.

    A box without area, with swapped corners or with infinite sides has 0 with everything.

    >>> iou((0, 0, 2, 2), (1, 0, 3, 2))
    0.3333333333333333
    """
    try:
        first, second = ([float(side) for side in box] for box in (first, second))
    except OverflowError:  # an integer beyond all floats
        return 0.0
    areas = [max(b[2] - b[0], 0) * max(b[3] - b[1], 0) for b in (first, second)]
    if not math.isfinite(sum(areas)) or min(areas) <= 0:
        return 0.0
    width = min(first[2], second[2]) - max(first[0], second[0])
    height = min(first[3], second[3]) - max(first[1], second[1])
    shared = max(width, 0) * max(height, 0)
    return shared / (sum(areas) - shared)


def crop(image: NDArray[np.uint8], box: Box) -> NDArray[np.uint8]:
    """The part of an image inside a box, as a view."""
    x1, y1, x2, y2 = box
    return image[y1:y2, x1:x2]
