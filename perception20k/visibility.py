"""How visible a distortion is inside its box: PSNR, SSIM and mean CIEDE2000 against the source.

Recorded with every sample; a sample nobody can see never reaches a reviewer, and the weak ones come first.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.color import deltaE_ciede2000, rgb2lab

from perception20k.images import Array

_GRID = 64
"""CIEDE2000 is taken on a grid of at most 64x64 pixels of the box: its formula is slow, and a mean needs no more."""

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

    The same numbers as ``skimage.metrics.structural_similarity``, several times faster. A patch smaller than
    the window is compared as one window.
    """
    x, y = (cv2.cvtColor(p, cv2.COLOR_RGB2GRAY).astype(np.float64) for p in (a, b))
    window = (min(7, x.shape[1]), min(7, x.shape[0]))
    count = window[0] * window[1]
    rows, columns = (slice(size // 2, n - (size - 1) // 2) for size, n in zip(window[::-1], x.shape, strict=True))

    def mean(values: NDArray[np.float64]) -> NDArray[np.float64]:
        blurred: NDArray[np.float64] = cv2.blur(values, window, borderType=cv2.BORDER_REFLECT)
        return blurred[rows, columns]

    ux, uy = mean(x), mean(y)
    unbiased = count / max(count - 1, 1)
    vx, vy, vxy = (unbiased * (mean(p) - q) for p, q in ((x * x, ux * ux), (y * y, uy * uy), (x * y, ux * uy)))
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    scores = (2 * ux * uy + c1) * (2 * vxy + c2) / ((ux * ux + uy * uy + c1) * (vx + vy + c2))
    return float(scores.mean())


def delta_e(a: Array, b: Array) -> float:
    """Mean CIEDE2000 on a regular grid of at most 64x64 pixels."""
    step_y, step_x = (max(1, -(-size // _GRID)) for size in a.shape[:2])
    lab = (rgb2lab(patch[step_y // 2 :: step_y, step_x // 2 :: step_x]) for patch in (a, b))
    return float(deltaE_ciede2000(*lab).mean())
