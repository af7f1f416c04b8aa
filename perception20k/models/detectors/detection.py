"""What every detector gives: a box in whole pixels and a confidence; of several the best."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from perception20k.dataset.boxes import Box, box_area


@dataclass(frozen=True)
class Detection:
    """A box and the detector's confidence in it, in 0..1, to four decimals."""

    box: Box
    score: float


def best(found: Iterable[Detection]) -> Detection:
    """The most confident; of equals the larger one, then the one nearer to the top, then to the left."""
    return min(found, key=lambda f: (-f.score, -box_area(f.box), f.box[1], f.box[0], f.box))


def outward(corners: Sequence[float], width: int, height: int) -> Box:
    """A box given by its corners in pixels, rounded outwards and clipped to the image.

    >>> outward((-3.5, 0.9, 20.1, 30.0), 100, 20)
    (0, 0, 21, 20)
    """
    x1, y1, x2, y2 = corners
    return max(0, math.floor(x1)), max(0, math.floor(y1)), min(width, math.ceil(x2)), min(height, math.ceil(y2))
