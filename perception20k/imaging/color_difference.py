"""CIEDE2000, the CIE's colour difference of 2000, and the CIELAB values it is taken of.

G. Sharma, W. Wu and E. N. Dalal, "The CIEDE2000 Color-Difference Formula: Implementation Notes, Supplementary Test
Data, and Mathematical Observations", Color Research and Application 30 (2005); equation numbers are theirs. All in
double precision: an image's differences are the same on every machine to the digits that a recipe keeps.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from perception20k.imaging.images import Array

Floats = NDArray[np.float64]

_RGB_TO_XYZ = np.array([[0.412453, 0.357580, 0.180423], [0.212671, 0.715160, 0.072169], [0.019334, 0.119193, 0.950227]])
_WHITE = np.array([0.95047, 1.0, 1.08883])
"""D65, the observer of 2 degrees."""


def to_lab(image: Array) -> Floats:
    """CIELAB under D65 of sRGB pixels.

    Args:
        image: uint8, any shape that ends in 3.

    Returns:
        L in 0..100, a and b, float64 of the same shape.
    """
    level = np.arange(256) / 255
    light = np.where(level > 0.04045, ((level + 0.055) / 1.055) ** 2.4, level / 12.92)
    relative = light[image] @ _RGB_TO_XYZ.T / _WHITE
    x, y, z = np.moveaxis(np.where(relative > 0.008856, np.cbrt(relative), 7.787 * relative + 16 / 116), -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=-1)


def ciede2000(first: Floats, second: Floats) -> Floats:
    """CIEDE2000 of CIELAB colours, with k_L = k_C = k_H = 1.

    Args:
        first: float64, any shape that ends in 3.
        second: of the same shape.

    Returns:
        The differences, of that shape without its last axis; 0 for the same colour.
    """
    (l1, a1, b1), (l2, a2, b2) = (np.moveaxis(np.asarray(lab, np.float64), -1, 0) for lab in (first, second))
    mean_chroma = (np.hypot(a1, b1) + np.hypot(a2, b2)) / 2  # Eq. 2 and 3
    stretch = 1.5 - _saturation(mean_chroma) / 2  # 1 + G, Eq. 4
    a1, a2 = stretch * a1, stretch * a2
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)  # Eq. 6
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360  # Eq. 7

    coloured = c1 * c2 != 0
    turn = np.where(coloured, (h2 - h1 + 180) % 360 - 180, 0)
    turn = np.where(coloured & (h2 - h1 == 180), 180, turn)  # half a circle keeps its sign, Eq. 10
    hue_change = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn) / 2)  # Eq. 11
    total = h1 + h2
    hue = np.where(np.abs(h1 - h2) <= 180, total / 2, (total + np.where(total < 360, 360, -360)) / 2)
    hue = np.where(coloured, hue, total)  # Eq. 14

    lightness, chroma = (l1 + l2) / 2, (c1 + c2) / 2  # Eq. 12 and 13
    t = (  # Eq. 15
        1
        - 0.17 * np.cos(np.radians(hue - 30))
        + 0.24 * np.cos(np.radians(2 * hue))
        + 0.32 * np.cos(np.radians(3 * hue + 6))
        - 0.20 * np.cos(np.radians(4 * hue - 63))
    )
    away = (lightness - 50) ** 2
    light_part = (l2 - l1) / (1 + 0.015 * away / np.sqrt(20 + away))  # over S_L, Eq. 18
    chroma_part = (c2 - c1) / (1 + 0.045 * chroma)  # over S_C, Eq. 19
    hue_part = hue_change / (1 + 0.015 * chroma * t)  # over S_H, Eq. 20
    angle = 60 * np.exp(-(((hue - 275) / 25) ** 2))  # twice the angle of Eq. 16
    rotation = -2 * _saturation(chroma) * np.sin(np.radians(angle))  # Eq. 17 and 21
    square = light_part**2 + chroma_part**2 + hue_part**2 + rotation * chroma_part * hue_part
    return np.asarray(np.sqrt(np.maximum(square, 0)))  # Eq. 22


def _saturation(chroma: Floats) -> Floats:
    """The root of C^7 / (C^7 + 25^7), which stands in Eq. 4 and 17."""
    seventh = chroma**7
    return np.asarray(np.sqrt(seventh / (seventh + 25.0**7)))
