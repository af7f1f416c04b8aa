"""Natural photos for the tests: the middles of four that come with scikit-image and five of the samples."""

from __future__ import annotations

import functools
from pathlib import Path

import numpy as np
import skimage.data
from PIL import Image

from distortions.pixels import Image as Array

SAMPLES = Path(__file__).parents[2] / "perception20k" / "sample"


@functools.cache
def natural_photos() -> dict[str, Array]:
    """Photo name to a crop of 320x240 px."""
    photos = {name: getattr(skimage.data, name)() for name in ("astronaut", "chelsea", "coffee", "rocket")}
    for name in ("city.jpg", "drum_room.jpg", "nuthatch.jpg", "salon.png", "tulips.png"):
        photos[name] = np.array(Image.open(SAMPLES / name).convert("RGB"))
    return {name: _middle(photo) for name, photo in photos.items()}


def _middle(photo: Array) -> Array:
    y, x = (photo.shape[0] - 240) // 2, (photo.shape[1] - 320) // 2
    return np.ascontiguousarray(photo[y : y + 240, x : x + 320, :3])


def psnr(a: Array, b: Array) -> float:
    """Peak signal-to-noise ratio in dB."""
    error = np.mean((a.astype(np.float64) - b) ** 2)
    return float(10 * np.log10(255**2 / error)) if error else np.inf
