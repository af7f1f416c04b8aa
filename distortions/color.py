"""Colour that spreads or slips: KADID-10k's colour diffusion and colour shift."""

from __future__ import annotations

import math

import cv2
import numpy as np
import numpy.typing as npt

from distortions.lab import from_lab, to_lab
from distortions.parameters import by_severity, drawn, levels
from distortions.pixels import Image

Floats = npt.NDArray[np.float32]

_MASK_SIGMA = 4.0
_MASK_REACH = 2 * int(_MASK_SIGMA) + 1
"""Pixels around a pixel that its weight in the mask of :func:`color_shift` depends on."""


def _diffusion_sigma(amount: float) -> float:
    return 1.5 * amount + 2


@by_severity(
    amount=levels(kadid_10k=(1.0, 3.0, 6.0, 8.0, 12.0), within=(0.0, 50.0)),
    reach=lambda amount: math.ceil(2 * _diffusion_sigma(amount)),
)
def color_diffusion(image: Image, *, amount: float) -> Image:
    """Gaussian blur of a and b in CIELAB, sigma 1.5 ``amount`` + 2 px ending at 2 sigma, times ``amount``."""
    lab = to_lab(image)
    lab[..., 1:] = _gaussian(lab[..., 1:], _diffusion_sigma(amount)) * amount
    return from_lab(lab)


@by_severity(
    distance=levels(kadid_10k=(1, 3, 6, 8, 12), within=(0, 100)),
    right=drawn(0.0, 1.0),
    down=drawn(0.0, 1.0),
    reach=lambda distance, right, down: distance + _MASK_REACH,
)
def color_shift(image: Image, *, distance: int, right: float, down: float) -> Image:
    """Green moved by ``distance`` px along (``right``, ``down``), to whole pixels, and blended in where edges are.

    Its weight is the gradient's magnitude of the grey image, blurred with sigma 4 and stretched from the least to the
    greatest; then 0.1 to 1 of that, without the lowest and the highest hundredth, stretched to 0..1.
    """
    length = math.hypot(right, down) or 1.0
    dx, dy = round(distance * right / length), round(distance * down / length)
    height, width = image.shape[:2]
    green = np.ascontiguousarray(image[..., 1])
    padded = np.asarray(cv2.copyMakeBorder(green, dy, 0, dx, 0, cv2.BORDER_REPLICATE))
    moved = padded[:height, :width].astype(np.float32)
    weight = _edges(image)
    moved -= green
    moved *= weight
    moved += green
    out = image.copy()
    out[..., 1] = np.rint(moved)
    return out


def _edges(image: Image) -> Floats:
    """How much of an edge each pixel lies on, 0..1."""
    grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)).astype(np.float32)
    across, down = _slope(grey, axis=1), _slope(grey, axis=0)
    steep = np.sqrt(across * across + down * down)  # OpenCV's magnitude varies with where in memory a value lies
    edges = _stretched(_gaussian(steep, _MASK_SIGMA))
    clear = _stretched(np.maximum(edges, np.float32(0.1)))
    low, high = np.percentile(clear, (1, 99))
    return _stretched(np.clip(clear, np.float32(low), np.float32(high)))


def _slope(grey: Floats, axis: int) -> Floats:
    """Central differences, one-sided at the ends, 0 along an axis of one pixel."""
    if grey.shape[axis] == 1:
        return np.zeros_like(grey)
    return np.asarray(np.gradient(grey, axis=axis), np.float32)


def _stretched(values: Floats) -> Floats:
    """Values moved and scaled to 0..1; 0 where they are all the same."""
    low, high = values.min(), values.max()
    return np.asarray((values - low) / max(high - low, 1e-6), np.float32)


def _gaussian(planes: Floats, sigma: float) -> Floats:
    """Gaussian blur whose kernel ends at 2 sigma, the edge replicated."""
    kernel = cv2.getGaussianKernel(2 * math.ceil(2 * sigma) + 1, sigma, cv2.CV_32F)
    out = cv2.sepFilter2D(planes, -1, kernel, kernel, borderType=cv2.BORDER_REPLICATE)
    return np.asarray(out).reshape(planes.shape)
