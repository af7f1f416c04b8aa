"""Detail: too much of it (oversharpening) and too little (pixelation)."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from distortions.lab import from_lab, to_lab
from distortions.parameters import by_severity, levels
from distortions.pixels import Image, in_bands


@by_severity(amount=levels(2.0, 2.8, 4.0, 6.0, 8.0, within=(0.0, 100.0)), reach=lambda amount: 2)
def oversharpen(image: Image, *, amount: float) -> Image:
    """Unsharp mask: (1 + amount) x - amount G(x), G the 5x5 Gaussian 1 4 6 4 1 / 16 a side, in 8 bits."""

    def sharpened(part: Image) -> Image:
        blurred = cv2.GaussianBlur(part, (5, 5), 0)
        rows = (part.shape[0], -1)
        sharp = cv2.addWeighted(part.reshape(rows), 1 + amount, blurred.reshape(rows), -amount, 0)
        return np.asarray(sharp).reshape(part.shape)

    return in_bands(image, 2, sharpened)


@by_severity(amount=levels(kadid_10k=(1.0, 2.0, 3.0, 6.0, 12.0), within=(0.0, 100.0)), reach=lambda amount: 6)
def high_sharpen(image: Image, *, amount: float) -> Image:
    """Unsharp mask of the lightness in CIELAB: L + amount (L - G(L)), G a Gaussian of sigma 3 px on 13x13."""
    lab = to_lab(image)
    light = np.ascontiguousarray(lab[..., 0])
    blurred = cv2.GaussianBlur(light, (13, 13), 3, borderType=cv2.BORDER_REPLICATE)
    lab[..., 0] += np.float32(amount) * (light - blurred)
    return from_lab(lab)


@by_severity(scale=levels(0.5, 0.4, 0.3, 0.25, 0.2, within=(0.001, 1.0)))
def pixelate(image: Image, *, scale: float) -> Image:
    """Mean over blocks, then blocks: box filter down to ``scale``, nearest neighbour back up."""
    height, width = image.shape[:2]
    high, wide = max(1, int(height * scale)), max(1, int(width * scale))
    columns = _transposed(_block_means(image, high))
    stretched = _transposed(_block_means(columns, wide)[_nearest_block(width, wide)])
    return np.take(stretched, _nearest_block(height, high), axis=0)


@by_severity(strength=levels(kadid_10k=(0.01, 0.05, 0.1, 0.2, 0.5), within=(0.0, 0.9)))
def pixelate_nearest(image: Image, *, strength: float) -> Image:
    """Nearest neighbour down to 0.95 - strength^0.6 of each side, and nearest neighbour back up."""
    scale = 0.95 - strength**0.6
    rows, columns = (_nearest(side, max(1, int(side * scale))) for side in image.shape[:2])
    return image[rows][:, columns]


def _nearest(side: int, small: int) -> npt.NDArray[np.intp]:
    """Where each pixel of a row or column comes from that was shrunk to ``small`` pixels and drawn out again."""
    return np.arange(side) * small // side * side // small


def _block_means(image: Image, blocks: int) -> Image:
    """The rows of an image in ``blocks`` runs of nearly equal length, each run's mean as one row, rounded."""
    rows = image.reshape(len(image), -1)
    first, end = _runs(len(rows), blocks)
    lengths = end - first
    sums = np.uint16 if lengths.max() <= 257 else np.uint32  # 257 * 255 fits 16 bits
    total: npt.NDArray[Any] = np.take(rows, first, axis=0).astype(sums)
    for step in range(1, lengths.max()):
        longer = lengths > step
        if longer.all():
            total += np.take(rows, first + step, axis=0)
        else:
            total[longer] += rows[first[longer] + step]
    means = total.astype(np.float32)
    means *= (1 / lengths[:, np.newaxis]).astype(np.float32)
    means += 0.5
    return means.astype(np.uint8).reshape(blocks, *image.shape[1:])


# Where a block's end or centre falls on a pixel's middle or end, Pillow decides by its float arithmetic. The next two
# do as it does, step by step, so that blocks lie where the reference has them.


def _runs(size: int, blocks: int) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.intp]]:
    """First pixel and end of the run of pixels whose centres lie in each block."""
    scale = size / blocks
    centres = (np.arange(blocks) + 0.5) * scale
    first = np.maximum(centres - 0.5 * scale + 0.5, 0).astype(np.intp)
    end = np.minimum(centres + 0.5 * scale + 0.5, size).astype(np.intp)
    first += (first + 0.5 - centres) * (1 / scale) <= -0.5
    end -= (end - 0.5 - centres) * (1 / scale) > 0.5
    return first, end


def _nearest_block(size: int, blocks: int) -> npt.NDArray[np.intp]:
    """The block in which each of ``size`` pixels has its centre."""
    steps = np.full(size, blocks / size)
    steps[0] /= 2
    return np.minimum(np.add.accumulate(steps).astype(np.intp), blocks - 1)


def _transposed(image: Image) -> Image:
    """Rows and columns exchanged."""
    return np.asarray(cv2.transpose(image)).reshape(image.shape[1], image.shape[0], 3)
