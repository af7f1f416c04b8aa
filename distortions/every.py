"""Every type of a preset at every severity on one photo, as PNG files."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

from distortions.apply import distort
from distortions.catalog import catalog
from distortions.parameters import DEFAULT_PRESET, SEVERITY_LEVELS


def write_every(photo: Path, folder: Path, *, preset: str = DEFAULT_PRESET, seed: int = 0) -> list[Path]:
    """Write ``TYPE-SEVERITY.png`` for each type and severity, losslessly.

    Args:
        photo: an image file that Pillow reads; its orientation is applied, its transparency dropped.
        folder: a new folder, or an empty one.
        preset: the parameter set, and with it the types.
        seed: the key of the random types.

    Raises:
        FileExistsError: the folder is not empty.
        OSError: the photo cannot be read or a file not written.
        DistortionError: no such preset.
    """
    types = catalog(preset)
    with Image.open(photo) as opened:
        pixels = np.array(ImageOps.exif_transpose(opened).convert("RGB"))
    folder.mkdir(parents=True, exist_ok=True)
    if any(folder.iterdir()):
        raise FileExistsError(f"{folder}: the folder is not empty")
    written = []
    for entry in types:
        for severity in SEVERITY_LEVELS:
            path = folder / f"{entry.type}-{severity}.png"
            Image.fromarray(distort(pixels, entry.type, severity, seed=seed, preset=preset)).save(path)
            written.append(path)
    return written
