"""Contrast: about the mean of what is distorted, and KADID-10k's curve about mid-grey."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt

from distortions.parameters import by_severity, levels
from distortions.pixels import Image, line, look_up, look_up_channels, table

_LEVELS = np.arange(256, dtype=np.float64)
_FACTOR = (0.0, 100.0)


@by_severity(factor=levels(1.4, 1.7, 2.1, 2.6, 4.0, within=_FACTOR))
def contrast_strengthen_scale(image: Image, *, factor: float) -> Image:
    """Move values away from the mean grey level: m + (x - m) factor."""
    return _scale(image, factor)


@by_severity(power=levels(2.0, 4.0, 6.0, 8.0, 10.0, within=_FACTOR))
def contrast_strengthen_stretch(image: Image, *, power: float) -> Image:
    """Bend values along a steep S curve about each channel's mean: 1 / (1 + (m / x)^power)."""
    return _stretch(image, power)


@by_severity(factor=levels(0.75, 0.6, 0.45, 0.3, 0.2, within=_FACTOR))
def contrast_weaken_scale(image: Image, *, factor: float) -> Image:
    """Move values towards the mean grey level: m + (x - m) factor."""
    return _scale(image, factor)


@by_severity(power=levels(1.0, 0.9, 0.8, 0.6, 0.4, within=_FACTOR))
def contrast_weaken_stretch(image: Image, *, power: float) -> Image:
    """Bend values along a flat S curve about each channel's mean: 1 / (1 + (m / x)^power)."""
    return _stretch(image, power)


@by_severity(amount=levels(kadid_10k=(0.3, 0.15, 0.0, -0.4, -0.6), within=(-1.0, 1.0)))
def contrast_change(image: Image, *, amount: float) -> Image:
    """Bend values along the cubic spline through (0, 0) (0.3, 0.25 - a / 4) (0.5, 0.5) (0.7, 0.75 + a / 4) (1, 1)."""
    knots = np.array([0.0, 0.3, 0.5, 0.7, 1.0])
    heights = np.array([0.0, 0.25 - amount / 4, 0.5, 0.75 + amount / 4, 1.0])
    # not-a-knot: the curve's third derivative jumps at the middle point alone
    coefficients = np.linalg.solve(_spline(knots), heights)
    return look_up(image, table(255 * (_spline(_LEVELS / 255) @ coefficients) + 0.5))


def _spline(x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """The powers 0 to 3 of x, and the cube of what lies above the middle; shape (len(x), 5)."""
    return np.stack([np.ones_like(x), x, x**2, x**3, np.maximum(x - 0.5, 0) ** 3], axis=1)


def _scale(image: Image, factor: float) -> Image:
    red, green, blue, _ = cv2.mean(image)
    mean = int(0.299 * red + 0.587 * green + 0.114 * blue + 0.5)
    return line(image, [factor] * 3, [mean * (1 - factor)] * 3)


def _stretch(image: Image, power: float) -> Image:
    tables = []
    for mean in cv2.mean(image)[:3]:
        curve = np.zeros(256)  # black stays black, whatever the mean and the power
        curve[1:] = 255 / (1 + (mean / _LEVELS[1:]) ** power)
        tables.append(table(curve))
    return look_up_channels(image, *tables)
