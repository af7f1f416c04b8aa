"""KADID-10k's lens and motion blur: a disk and a line with soft edges, as MATLAB's ``fspecial`` draws them."""

from __future__ import annotations

import functools
import math

import cv2
import numpy as np
import numpy.typing as npt

from distortions.parameters import by_severity, drawn, levels
from distortions.pixels import Image

Kernel = npt.NDArray[np.float32]

_FINE = 1000
"""Strips a pixel is cut into to measure how much of it a disk covers."""


@by_severity(radius=levels(kadid_10k=(1, 2, 4, 6, 8), within=(1, 50)), reach=lambda radius: radius)
def lens_blur(image: Image, *, radius: int) -> Image:
    """Mean over a disk of ``radius`` px, each pixel weighted with the part of it that the disk covers."""
    return _filtered(image, _disk(radius))


@by_severity(
    length=levels(kadid_10k=(1, 2, 4, 6, 10), within=(1, 100)),
    angle=drawn(0.0, 180.0),
    reach=lambda length, angle: (length + 1) // 2,
)
def motion_blur(image: Image, *, length: int, angle: float) -> Image:
    """Mean along a line of ``length`` px at ``angle`` degrees, counter-clockwise, about the pixel."""
    return _filtered(image, _line(length, angle))


def _filtered(image: Image, kernel: Kernel) -> Image:
    """The image correlated with a kernel, edge replicated, rounded."""
    return np.asarray(cv2.filter2D(image, -1, kernel, borderType=cv2.BORDER_REPLICATE)).reshape(image.shape)


@functools.lru_cache(maxsize=16)
def _disk(radius: int) -> Kernel:
    """The part of each pixel that a disk covers, of sum 1.

    A quarter of the disk is cut into thin strips. The pixel of column i is i - 0.5 .. i + 0.5; the middle row and
    column lie half in each quarter.
    """
    strips = (np.arange((radius + 1) * _FINE) + 0.5) / _FINE
    height = np.sqrt(np.maximum(radius**2 - strips**2, 0))
    rows = np.arange(radius + 1)[:, np.newaxis]
    covered = np.clip(height, np.maximum(rows - 0.5, 0), rows + 0.5) - np.maximum(rows - 0.5, 0)
    column = np.rint(strips).astype(np.intp)
    quarter = np.stack([np.bincount(column, row, radius + 2)[: radius + 1] for row in covered])
    quarter[0] *= 2
    quarter[:, 0] *= 2
    half = np.concatenate([quarter[:, :0:-1], quarter], axis=1)
    disk = np.concatenate([half[:0:-1], half])
    return np.asarray(disk / disk.sum(), np.float32)


def _line(length: int, angle: float) -> Kernel:
    """A line's pixels weighted with 1 less their distance from it, of sum 1.

    From where a pixel lies as far out as the line's ends, its distance is that from the end.
    """
    half = (length - 1) / 2
    reach = (length + 1) // 2
    y, x = np.mgrid[reach : -reach - 1 : -1, -reach : reach + 1]
    cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
    across, along = y * cosine - x * sine, np.abs(y * sine + x * cosine)
    distance = np.where(np.hypot(x, y) < half, np.abs(across), np.hypot(across, along - half))
    line = np.maximum(1 - distance, 0)
    return np.asarray(line / line.sum(), np.float32)
