"""Brightness: by a shift or a power in RGB or in HSV value; KADID-10k's by a parabola in RGB and CIELAB."""

from __future__ import annotations

import math

import cv2
import numpy as np

from distortions.lab import from_lab, to_lab
from distortions.parameters import by_severity, levels
from distortions.pixels import Image, in_chunks, in_hsv, look_up, look_up_channels, table, truncate

_LEVELS = np.arange(256, dtype=np.float64)
_SHIFT = (-1.0, 1.0)
_GAMMA = (0.05, 20.0)


@by_severity(shift=levels(0.1, 0.2, 0.3, 0.4, 0.5, within=_SHIFT))
def brightness_brighten_shift_HSV(image: Image, *, shift: float) -> Image:
    """Add ``shift`` to the HSV value, hue and saturation kept: RGB (V + shift) / V."""
    return _shift_value(image, shift)


@by_severity(
    shift=levels(0.1, 0.15, 0.2, 0.27, 0.35, kadid_10k=(0.15, 0.08, 0.0, -0.08, -0.15), within=_SHIFT),
)
def brightness_brighten_shift_RGB(image: Image, *, shift: float) -> Image:
    """Add ``shift`` to every channel: x + shift."""
    return _shift_channels(image, shift)


@by_severity(gamma=levels(0.7, 0.58, 0.47, 0.36, 0.25, within=_GAMMA))
def brightness_brighten_gamma_HSV(image: Image, *, gamma: float) -> Image:
    """Raise the HSV value to a power below 1: V^gamma, in 8-bit HSV."""
    return _power_value(image, gamma)


@by_severity(gamma=levels(0.8, 0.7, 0.6, 0.45, 0.3, within=_GAMMA))
def brightness_brighten_gamma_RGB(image: Image, *, gamma: float) -> Image:
    """Raise every channel to a power below 1: x^gamma."""
    return look_up(image, _power(gamma))


@by_severity(shift=levels(-0.1, -0.2, -0.3, -0.4, -0.5, within=_SHIFT))
def brightness_darken_shift_HSV(image: Image, *, shift: float) -> Image:
    """Take ``shift`` from the HSV value, hue and saturation kept: RGB (V + shift) / V."""
    return _shift_value(image, shift)


@by_severity(shift=levels(-0.1, -0.15, -0.2, -0.27, -0.35, within=_SHIFT))
def brightness_darken_shift_RGB(image: Image, *, shift: float) -> Image:
    """Take ``shift`` from every channel: x + shift."""
    return _shift_channels(image, shift)


@by_severity(gamma=levels(1.5, 1.8, 2.2, 2.7, 3.5, within=_GAMMA))
def brightness_darken_gamma_HSV(image: Image, *, gamma: float) -> Image:
    """Raise the HSV value to a power above 1: V^gamma, in 8-bit HSV."""
    return _power_value(image, gamma)


@by_severity(gamma=levels(1.4, 1.7, 2.1, 2.6, 3.2, within=_GAMMA))
def brightness_darken_gamma_RGB(image: Image, *, gamma: float) -> Image:
    """Raise every channel to a power above 1: x^gamma."""
    return look_up(image, _power(gamma))


@by_severity(amount=levels(kadid_10k=(0.1, 0.2, 0.4, 0.7, 1.1), within=(0.0, 2.0)))
def brighten(image: Image, *, amount: float) -> Image:
    """Two parts of the curve x + 2 amount x (1 - x) on every channel, one part of it on the lightness in CIELAB."""
    lab = to_lab(image)
    light = lab[..., 0] / 100
    lab[..., 0] = 100 * np.clip(light + 2 * amount * light * (1 - light), 0, 1)
    rows = (image.shape[0], -1)
    channels, lightness = look_up(image, _parabola(amount)), from_lab(lab)
    mixed = cv2.addWeighted(channels.reshape(rows), 2 / 3, lightness.reshape(rows), 1 / 3, 0)
    return np.asarray(mixed).reshape(image.shape)


@by_severity(amount=levels(kadid_10k=(0.05, 0.1, 0.2, 0.4, 0.8), within=(0.0, 2.0)))
def darken(image: Image, *, amount: float) -> Image:
    """The curve x - 2 amount x (1 - x) on every channel."""
    return look_up(image, _parabola(-amount))


def _parabola(amount: float) -> Image:
    """The curve through (0, 0), (0.5, 0.5 + amount / 2) and (1, 1), rounded."""
    x = _LEVELS / 255
    return table(255 * (x + 2 * amount * x * (1 - x)) + 0.5)


def _shift_channels(image: Image, shift: float) -> Image:
    # truncating x + 255 shift is adding a whole number of levels, which OpenCV does with saturation
    whole = math.floor(255 * shift + 1e-6)
    flat = image.reshape(image.shape[0], -1)
    shifted = cv2.add(flat, whole) if whole >= 0 else cv2.subtract(flat, -whole)
    return np.asarray(shifted).reshape(image.shape)


def _shift_value(image: Image, shift: float) -> Image:
    """Float HSV without leaving RGB: with hue and saturation kept, the channels scale with V = max(R, G, B)."""
    # V + shift is clipped at 0 but not at 1: what rises above 1 is clipped after the way back to RGB, as in the
    # reference. Black has no hue to keep and becomes grey.
    shifted = np.maximum(_LEVELS + 255 * shift, 0)
    factors = (shifted / np.maximum(_LEVELS, 1)).astype(np.float32)

    def scaled(part: Image) -> Image:
        planes = [np.asarray(plane) for plane in cv2.split(part)]
        value = np.maximum(np.maximum(planes[0], planes[1]), planes[2])
        factor = np.asarray(cv2.LUT(value, factors)).reshape(value.shape)
        out = np.asarray(cv2.merge([truncate(plane * factor) for plane in planes])).reshape(part.shape)
        if shift > 0 and value.min() == 0:
            out[value == 0] = int(shifted[0])
        return out

    return in_chunks(image, scaled)


def _power(gamma: float) -> Image:
    return table((_LEVELS / 255) ** gamma * 255)


def _power_value(image: Image, gamma: float) -> Image:
    return in_hsv(image, lambda hsv: look_up_channels(hsv, None, None, _power(gamma)))
