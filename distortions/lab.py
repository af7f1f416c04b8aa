"""CIE L*a*b* of sRGB under D65: L 0..100, a and b as they come.

The way there is through 16-bit tables. OpenCV's own interpolates in a coarse grid and is off by up to 0.4 in a and b,
which ninefold saturation makes visible; its way back is exact to 0.1 grey levels.
"""

from __future__ import annotations

import functools

import cv2
import numpy as np
import numpy.typing as npt

from distortions.pixels import Image, rounded

Floats = npt.NDArray[np.float32]

_RGB_TO_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
_WHITE = np.array([0.950456, 1.0, 1.088754])
_TO_RELATIVE = _RGB_TO_XYZ / _WHITE[:, np.newaxis]

_TO_LAB = np.array([[0, 116, 0, -16], [500, -500, 0, 0], [0, 200, -200, 0]], np.float32)
"""L, a, b from the cube roots of X, Y and Z, each relative to white."""


def to_lab(image: Image) -> Floats:
    """L, a and b of an image, float32 of its shape."""
    linear = np.asarray(cv2.LUT(image, _linear()))
    roots = cv2.LUT(cv2.transform(linear, _TO_RELATIVE), _roots())
    return np.asarray(cv2.transform(roots, _TO_LAB)).reshape(image.shape)


def from_lab(lab: Floats) -> Image:
    """The image with these L, a and b, what lies outside sRGB clipped channel by channel."""
    rgb = np.asarray(cv2.cvtColor(lab, cv2.COLOR_LAB2RGB))
    rgb *= 255
    return rounded(rgb)


@functools.cache
def _linear() -> npt.NDArray[np.uint16]:
    """sRGB's 256 levels as linear light in 0..65535 (IEC 61966-2-1)."""
    x = np.arange(256) / 255
    light = np.where(x <= 0.04045, x / 12.92, ((x + 0.055) / 1.055) ** 2.4)
    return np.asarray(np.rint(65535 * light), np.uint16)


@functools.cache
def _roots() -> Floats:
    """The cube root, straight near black, of 0..65535 as 0..1 (CIE 15)."""
    x = np.arange(65536) / 65535
    bend = 6 / 29
    return np.where(x > bend**3, np.cbrt(x), x / (3 * bend**2) + 4 / 29).astype(np.float32)
