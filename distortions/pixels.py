"""How every distortion ends: values back to 8 bits, clipped to 0..255 and truncated, not rounded.

Truncation is what the reference code does (float image times 255, cast to uint8). A little slack keeps a value that
is whole in exact arithmetic from falling a level in float arithmetic: 1e-3 grey levels in float32, 1e-6 in float64.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
"""A uint8 RGB array of shape (height, width, 3)."""

_SLACK = 1e-3


def truncate(values: npt.NDArray[np.float32]) -> Image:
    """Float32 values of at least 0, shape (h, w, 3), to uint8: truncated, and 255 from 255 on."""
    flat = values.reshape(values.shape[0], -1)
    # One pass: OpenCV rounds and saturates, so half a level off makes it truncate. It takes the magnitude, which
    # is why the values may not be negative; -0.499 itself becomes 0.
    return np.asarray(cv2.convertScaleAbs(flat, alpha=1.0, beta=_SLACK - 0.5)).reshape(values.shape)


def table(values: npt.NDArray[np.float64]) -> Image:
    """Float levels, such as one for each of 0..255 along the first axis, to uint8: clipped and truncated."""
    return np.clip(values + _SLACK / 1000, 0, 255).astype(np.uint8)


def rounded(values: npt.NDArray[np.float32]) -> Image:
    """Float32 values of shape (h, w, 3) to uint8: rounded and clipped; the values are overwritten."""
    flat = values.reshape(values.shape[0], -1)
    return np.asarray(cv2.convertScaleAbs(np.maximum(flat, 0, out=flat))).reshape(values.shape)


def line(image: Image, factors: Sequence[float], offsets: Sequence[float]) -> Image:
    """Each of the three channels times its factor plus its offset, clipped and truncated."""
    half_down = np.asarray(offsets) + (_SLACK - 0.5)  # OpenCV rounds and saturates
    matrix = np.column_stack([np.diag(factors), half_down]).astype(np.float32)
    return np.asarray(cv2.transform(image, matrix)).reshape(image.shape)


def look_up(image: Image, levels: Image) -> Image:
    """Every value through a table of shape (256,)."""
    return np.asarray(cv2.LUT(image, levels))


def look_up_channels(image: Image, *tables: Image | None) -> Image:
    """Each channel through its own table of shape (256,); None leaves a channel as it is."""
    planes = cv2.split(image)
    looked = [p if t is None else cv2.LUT(p, t) for p, t in zip(planes, tables, strict=True)]
    return np.asarray(cv2.merge(looked)).reshape(image.shape)
