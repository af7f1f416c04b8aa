"""Detail: too much of it (oversharpening) and too little (pixelation)."""

from __future__ import annotations

import cv2
import numpy as np
import numpy.typing as npt
from PIL import Image as Pillow

from distortions.lab import from_lab, to_lab
from distortions.parameters import by_severity, levels
from distortions.pixels import Image


@by_severity(amount=levels(2.0, 2.8, 4.0, 6.0, 8.0, within=(0.0, 100.0)), reach=lambda amount: 2)
def oversharpen(image: Image, *, amount: float) -> Image:
    """Unsharp mask: (1 + amount) x - amount G(x), G the 5x5 Gaussian 1 4 6 4 1 / 16 a side, in 8 bits."""
    blurred = cv2.GaussianBlur(image, (5, 5), 0)
    rows = (image.shape[0], -1)
    sharp = cv2.addWeighted(image.reshape(rows), 1 + amount, blurred.reshape(rows), -amount, 0)
    return np.asarray(sharp).reshape(image.shape)


@by_severity(amount=levels(kadid_10k=(1.0, 2.0, 3.0, 6.0, 12.0), within=(0.0, 100.0)), reach=lambda amount: 6)
def high_sharpen(image: Image, *, amount: float) -> Image:
    """Unsharp mask of the lightness in CIELAB: L + amount (L - G(L)), G a Gaussian of sigma 3 px on 13x13."""
    lab = to_lab(image)
    light = np.ascontiguousarray(lab[..., 0])
    blurred = cv2.GaussianBlur(light, (13, 13), 3, borderType=cv2.BORDER_REPLICATE)
    lab[..., 0] = cv2.addWeighted(light, 1 + amount, blurred, -amount, 0)
    return from_lab(lab)


@by_severity(scale=levels(0.5, 0.4, 0.3, 0.25, 0.2, within=(0.001, 1.0)))
def pixelate(image: Image, *, scale: float) -> Image:
    """Mean over blocks, then blocks: box filter down to ``scale``, nearest neighbour back up."""
    height, width = image.shape[:2]
    small = (max(1, int(width * scale)), max(1, int(height * scale)))
    blocks = Pillow.fromarray(image).resize(small, Pillow.Resampling.BOX)
    # OpenCV's exact nearest neighbour is Pillow's, and takes four channels in half the time of three.
    small_rgba = cv2.cvtColor(np.asarray(blocks), cv2.COLOR_RGB2RGBA)
    large_rgba = cv2.resize(small_rgba, (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(cv2.cvtColor(large_rgba, cv2.COLOR_RGBA2RGB))


@by_severity(strength=levels(kadid_10k=(0.01, 0.05, 0.1, 0.2, 0.5), within=(0.0, 0.9)))
def pixelate_nearest(image: Image, *, strength: float) -> Image:
    """Nearest neighbour down to 0.95 - strength^0.6 of each side, and nearest neighbour back up."""
    scale = 0.95 - strength**0.6
    rows, columns = (_nearest(side, max(1, int(side * scale))) for side in image.shape[:2])
    return image[rows][:, columns]


def _nearest(side: int, small: int) -> npt.NDArray[np.intp]:
    """Where each pixel of a row or column comes from that was shrunk to ``small`` pixels and drawn out again."""
    return np.arange(side) * small // side * side // small
