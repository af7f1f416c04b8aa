"""How visible a distortion is inside its box: PSNR, SSIM and mean CIEDE2000 against the source.

Recorded with every sample; invisible samples never reach a reviewer, and weak ones come first.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from perception20k.imaging.color_difference import ciede2000, to_lab
from perception20k.imaging.images import Array

_GRID = 64
"""CIEDE2000 is taken on a grid of at most 64x64 pixels of the box: the formula is slow, and a mean needs no more."""

PSNR_LIMIT = 100.0
"""Recorded for identical pixels, where the PSNR is infinite: a finite number that every reader can parse."""


@dataclass(frozen=True)
class Visibility:
    """The difference of two patches of one size."""

    psnr: float
    """dB, at most ``PSNR_LIMIT``."""
    ssim: float
    """Mean structural similarity of the luma, -1..1."""
    delta_e: float
    """Mean CIEDE2000 colour difference."""


def measure(source: Array, distorted: Array) -> Visibility:
    """Compare two RGB patches of shape (height, width, 3), dtype uint8; numbers are rounded to 4 decimals."""
    return Visibility(
        round(psnr(source, distorted), 4),
        round(ssim(source, distorted), 4),
        round(delta_e(source, distorted), 4),
    )


def psnr(a: Array, b: Array) -> float:
    """Peak signal-to-noise ratio in dB over all values, peak 255."""
    error = cv2.norm(a, b, cv2.NORM_L2SQR) / a.size
    return PSNR_LIMIT if error == 0 else min(PSNR_LIMIT, 10 * float(np.log10(255**2 / error)))


def ssim(a: Array, b: Array) -> float:
    """Mean SSIM of the luma (Wang et al. 2004), 7x7 uniform window, sample covariance, windows wholly inside.

    The numbers of ``skimage.metrics.structural_similarity`` to 1e-5, ten times as fast: single precision about
    mid-grey. A patch smaller than the window is compared as one window.
    """
    x, y = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float32) for p in (a, b))
    x -= 128
    y -= 128
    window = (min(7, x.shape[1]), min(7, x.shape[0]))
    inside = tuple(slice(w // 2, n - (w - 1) // 2) for w, n in zip(window[::-1], x.shape, strict=True))

    def mean(values: NDArray[np.float32]) -> NDArray[np.float32]:
        blurred: NDArray[np.float32] = cv2.blur(values, window, borderType=cv2.BORDER_REFLECT)[inside]
        return blurred

    ux, uy = mean(x), mean(y)
    count = window[0] * window[1]
    unbiased = np.float32(count / max(count - 1, 1))
    covariance = (mean(cv2.multiply(x, y)) - ux * uy) * unbiased
    variances = (mean(cv2.multiply(x, x)) + mean(cv2.multiply(y, y)) - ux * ux - uy * uy) * unbiased
    ux += 128
    uy += 128
    c1, c2 = np.float32((0.01 * 255) ** 2), np.float32((0.03 * 255) ** 2)
    scores = (2 * ux * uy + c1) * (2 * covariance + c2) / ((ux * ux + uy * uy + c1) * (variances + c2))
    return float(scores.mean(dtype=np.float64))


def delta_e(a: Array, b: Array) -> float:
    """Mean CIEDE2000 on a regular grid of at most 64x64 pixels."""
    step_y, step_x = (max(1, -(-size // _GRID)) for size in a.shape[:2])
    lab = (to_lab(patch[step_y // 2 :: step_y, step_x // 2 :: step_x]) for patch in (a, b))
    return float(ciede2000(*lab).mean())
