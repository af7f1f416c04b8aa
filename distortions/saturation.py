"""Saturation, in OpenCV's 8-bit HSV and YCrCb; KADID-10k's in HSV and CIELAB without limits."""

from __future__ import annotations

import cv2
import numpy as np

from distortions.lab import from_lab, to_lab
from distortions.parameters import by_severity, levels
from distortions.pixels import Image, in_chunks, in_hsv, line

_FACTOR = (0.0, 1000.0)


@by_severity(factor=levels(3.0, 6.0, 12.0, 20.0, 64.0, within=_FACTOR))
def saturate_strengthen_HSV(image: Image, *, factor: float) -> Image:
    """Multiply the HSV saturation: S factor."""
    return _scale_saturation(image, factor)


@by_severity(factor=levels(2.0, 3.0, 5.0, 8.0, 16.0, within=_FACTOR))
def saturate_strengthen_YCrCb(image: Image, *, factor: float) -> Image:
    """Stretch the chroma: 128 + (C - 128) factor for Cr and Cb."""
    return _scale_chroma(image, factor)


@by_severity(factor=levels(0.7, 0.55, 0.4, 0.2, 0.0, within=_FACTOR))
def saturate_weaken_HSV(image: Image, *, factor: float) -> Image:
    """Multiply the HSV saturation: S factor."""
    return _scale_saturation(image, factor)


@by_severity(factor=levels(0.6, 0.4, 0.2, 0.1, 0.0, within=_FACTOR))
def saturate_weaken_YCrCb(image: Image, *, factor: float) -> Image:
    """Shrink the chroma: 128 + (C - 128) factor for Cr and Cb."""
    return _scale_chroma(image, factor)


@by_severity(factor=levels(kadid_10k=(0.4, 0.2, 0.1, 0.0, -0.4), within=(-10.0, _FACTOR[1])))
def color_saturation_1(image: Image, *, factor: float) -> Image:
    """Multiply the HSV saturation without limit: V + (x - V) factor; below 0 a colour becomes its complement."""
    red, green, blue = cv2.split(image)
    value = cv2.max(cv2.max(red, green), blue)
    planes = [cv2.addWeighted(plane, factor, value, 1 - factor, 0) for plane in (red, green, blue)]
    return np.asarray(cv2.merge(planes)).reshape(image.shape)


@by_severity(factor=levels(kadid_10k=(1.0, 2.0, 3.0, 6.0, 9.0), within=_FACTOR))
def color_saturation_2(image: Image, *, factor: float) -> Image:
    """Multiply a and b in CIELAB."""
    lab = to_lab(image)
    lab[..., 1:] *= factor
    return from_lab(lab)


def _scale_saturation(image: Image, factor: float) -> Image:
    return in_hsv(image, lambda hsv: line(hsv, (1, factor, 1), (0, 0, 0)))


def _scale_chroma(image: Image, factor: float) -> Image:
    offset = 128 * (1 - factor)

    def scaled(part: Image) -> Image:
        ycrcb = np.asarray(cv2.cvtColor(part, cv2.COLOR_RGB2YCrCb))
        return np.asarray(cv2.cvtColor(line(ycrcb, (1, factor, factor), (0, offset, offset)), cv2.COLOR_YCrCb2RGB))

    return in_chunks(image, scaled)
