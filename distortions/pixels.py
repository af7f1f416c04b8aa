"""How every distortion ends: values back to 8 bits, clipped to 0..255 and truncated, not rounded.

Truncation is what the reference code does (float image times 255, cast to uint8). A little slack keeps a value that
is whole in exact arithmetic from falling a level in float arithmetic: 1e-3 grey levels in float32, 1e-6 in float64.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import cv2
import numpy as np
import numpy.typing as npt

Image = npt.NDArray[np.uint8]
"""A uint8 RGB array of shape (height, width, 3)."""

_SLACK = 1e-3

_CHUNK = 1 << 16
"""Pixels of a large image that are worked on at a time, so that what is made on the way stays in the cache. Four values
of a field of noise come from one word of the generator, and a piece takes whole words."""

BAND = 64
"""Rows that are worked on at a time, for the same reason."""

_LARGE = 1 << 19
"""Pixels from which on an image is large: below, the calls would cost more than the cache gains."""

_VECTORS = 64
"""Pixels that fill a whole number of any machine's vectors."""

_WORTH_PAIRING = 1 << 16
"""From so many pairs of values on, a table of all 65,536 pairs is worth making."""


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


def look_up(values: npt.NDArray[np.uint8], levels: Image) -> Image:
    """Every value of a contiguous array through a table of shape (256,)."""
    pairs = values.size // 2
    if pairs < _WORTH_PAIRING:
        return np.asarray(cv2.LUT(values, levels)).reshape(values.shape)
    # Two neighbouring values at a time, as one 16-bit index into a table of all their pairs.
    table_of_pairs = (levels[:, np.newaxis].astype(np.uint16) << 8) | levels
    flat = values.reshape(1, -1)
    out = np.empty_like(flat)
    paired = slice(0, 2 * pairs)
    cv2.LUT(flat[:, paired].view(np.uint16), table_of_pairs.ravel(), out[:, paired].view(np.uint16))
    out[:, 2 * pairs :] = levels[flat[:, 2 * pairs :]]  # the last of an odd number
    return out.reshape(values.shape)


def look_up_channels(image: Image, *tables: Image | None) -> Image:
    """Each channel through its own table of shape (256,); None leaves a channel as it is."""
    planes = [np.asarray(plane) for plane in cv2.split(image)]
    looked = [plane if t is None else look_up(plane, t) for plane, t in zip(planes, tables, strict=True)]
    return np.asarray(cv2.merge(looked)).reshape(image.shape)


def in_hsv(image: Image, change: Callable[[Image], Image]) -> Image:
    """Change an image in OpenCV's 8-bit HSV, the same for a pixel wherever it lies and whatever the machine.

    On the way back OpenCV truncates where its vectors reach and rounds the rest of a row, so each row is filled up to
    a length that any machine's vectors reach to its end.
    """

    def changed(part: Image) -> Image:
        count = part.shape[1]
        if rest := -count % _VECTORS:
            part = np.concatenate([part, np.zeros((1, rest, 3), np.uint8)], axis=1)
        hsv = change(np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2HSV)))
        return np.asarray(cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB))[:, :count]

    return in_chunks(image, changed)


def in_chunks(image: Image, work: Callable[[Image], Image], *, bulky: bool = False) -> Image:
    """Work that treats each pixel by itself, done on a large image piece by piece; pieces have the shape (1, n, 3).

    For ``bulky`` work, which makes many times the image's size on the way, whatever is more than a piece is large.
    """
    flat = image.reshape(1, -1, 3)
    if flat.shape[1] < (_CHUNK if bulky else _LARGE):
        return work(flat).reshape(image.shape)
    out = np.empty_like(flat)
    for start in range(0, flat.shape[1], _CHUNK):
        part = slice(start, start + _CHUNK)
        out[:, part] = work(flat[:, part])
    return out.reshape(image.shape)


def in_bands(image: Image, reach: int, work: Callable[[Image], Image]) -> Image:
    """Work that reads ``reach`` pixels around each pixel, done on a large image band by band."""
    if image.shape[0] * image.shape[1] < _LARGE:
        return work(image)
    out = np.empty_like(image)
    for top in range(0, len(image), BAND):
        first = max(top - reach, 0)
        out[top : top + BAND] = work(image[first : top + BAND + reach])[top - first :][:BAND]
    return out
