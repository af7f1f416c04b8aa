"""The small world that is learnt: crops of photos, objects named by their place, one of them distorted.

A photo is a scene. The scenes are dealt into two parts once and for all, by a draw from the digests of their files:
two thirds are trained on, one third is never shown in training. From a photo come crops of ``SIDE`` pixels, with two
or three objects each, which are places ("left part"), since any folder of photos will do and its photos need no labels.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from distortions import GROUPS, catalog, distort, distort_region
from perception20k.core.seeding import keyed_rng

Array = NDArray[np.uint8]
Box = tuple[int, int, int, int]

SIDE = 112
"""Both sides of a crop in pixels: 8 x 8 patches, 4 x 4 visual tokens."""
PHOTO_SIDE = 1024
"""Longest side that a photo is brought down to before it is cropped."""
UNSEEN = 1 / 3
"""Share of the photos that are never trained on."""
LEAST_CHANGE = 1.0
"""Mean change in the box, in grey levels, below which a distortion is drawn again: nobody could see it."""
TYPES = {group: [entry.type for entry in catalog() if entry.group == group] for group in GROUPS}
RATED = ("noise", "contrast_weaken", "saturate_strengthen", "quantization")
"""The groups of RL stage 2: those whose severity the supervised start told apart best, on crops of training photos."""

HALF = SIDE // 2
LAYOUTS: tuple[dict[str, Box], ...] = (
    {"left part": (0, 0, HALF, SIDE), "right part": (HALF, 0, SIDE, SIDE)},
    {"top part": (0, 0, SIDE, HALF), "bottom part": (0, HALF, SIDE, SIDE)},
    {
        "top left corner": (0, 0, HALF, HALF),
        "top right corner": (HALF, 0, SIDE, HALF),
        "bottom left corner": (0, HALF, HALF, SIDE),
        "bottom right corner": (HALF, HALF, SIDE, SIDE),
    },
)
"""Which objects a crop may have, and the cell that each one's box lies in."""
PLACES = tuple(name for layout in LAYOUTS for name in layout)


@dataclass(frozen=True)
class Photo:
    """One scene."""

    name: str
    pixels: Array


@dataclass(frozen=True)
class Sample:
    """A crop with one distorted object."""

    source: Array
    distorted: Array
    boxes: dict[str, Box]
    """Every object of the crop, by name."""
    object: str
    group: str
    severity: int


class Rated(NamedTuple):
    """A crop that is distorted as a whole, or not at all: then its group is empty and its severity 0."""

    pixels: Array
    group: str
    severity: int

    @property
    def quality(self) -> float:
        """On 0..5: 4.9 for a crop as it is, 0.8 less for each step of severity."""
        return round(4.9 - 0.8 * self.severity, 1)


def split(folder: Path) -> tuple[list[Path], list[Path]]:
    """The photos of a folder, those to train on and those never to train on; each part in the order of its draw."""
    paths = [path for path in folder.iterdir() if path.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp")]
    paths.sort(key=lambda path: hashlib.sha256(path.read_bytes()).hexdigest())
    held_out = round(len(paths) * UNSEEN)
    return paths[held_out:], paths[:held_out]


def load(paths: Sequence[Path]) -> list[Photo]:
    """Decode photos, none larger than ``PHOTO_SIDE``."""
    photos = []
    for path in paths:
        with Image.open(path) as opened:
            image = opened.convert("RGB")
        image.thumbnail((PHOTO_SIDE, PHOTO_SIDE), Image.Resampling.LANCZOS)
        photos.append(Photo(path.stem, np.asarray(image)))
    return photos


def crop(photo: Photo, draw: np.random.Generator) -> Array:
    """A square of 1 to 2 times ``SIDE`` brought to ``SIDE``; of four tries the first with some texture."""
    height, width = photo.pixels.shape[:2]
    for _ in range(4):
        side = min(int(draw.integers(SIDE, 2 * SIDE + 1)), height, width)
        x, y = int(draw.integers(width - side + 1)), int(draw.integers(height - side + 1))
        square = Image.fromarray(photo.pixels[y : y + side, x : x + side])
        pixels = np.asarray(square.resize((SIDE, SIDE), Image.Resampling.BOX if side > SIDE else None))
        if pixels.std(axis=(0, 1)).max() > 12:
            break
    return pixels


def objects(draw: np.random.Generator) -> dict[str, Box]:
    """Two or three objects of one layout, each with a box in its cell of 60 to 100 % of the cell's sides."""
    layout = LAYOUTS[draw.integers(len(LAYOUTS))]
    names = list(layout) if len(layout) == 2 else [list(layout)[i] for i in sorted(draw.permutation(4)[:3])]
    return {name: _box_in(layout[name], draw) for name in names}


def sample(photos: Sequence[Photo], draw: np.random.Generator) -> Sample:
    """One sample, every choice drawn evenly: photo, crop, object, group, type in the group, severity."""
    while True:
        source, boxes = crop(photos[draw.integers(len(photos))], draw), objects(draw)
        name = list(boxes)[draw.integers(len(boxes))]
        group, type_, severity = distortion(draw)
        seed = int(draw.integers(2**62))
        distorted = distort_region(source, boxes[name], type_, severity, seed=seed)
        x1, y1, x2, y2 = boxes[name]
        if np.abs(np.subtract(source, distorted, dtype=np.int16)[y1:y2, x1:x2]).mean() >= LEAST_CHANGE:
            return Sample(source, distorted, boxes, name, group, severity)


def rated(photos: Sequence[Photo], draw: np.random.Generator, groups: Sequence[str] = tuple(TYPES)) -> Rated:
    """A whole crop with one distortion of the ``groups``, or as it is."""
    pixels, group = crop(photos[draw.integers(len(photos))], draw), ""
    severity = int(draw.integers(6))
    if severity:
        group, type_, _ = distortion(draw, groups)
        pixels = distort(pixels, type_, severity, seed=int(draw.integers(2**62)))
    return Rated(pixels, group, severity)


def distortion(draw: np.random.Generator, groups: Sequence[str] = tuple(TYPES)) -> tuple[str, str, int]:
    """Group, type and severity."""
    group = groups[draw.integers(len(groups))]
    return group, TYPES[group][draw.integers(len(TYPES[group]))], int(draw.integers(1, 6))


def draw_for(*key: str | int) -> np.random.Generator:
    """A generator of its own for each purpose and step, so that a resumed piece draws what it would have drawn."""
    return keyed_rng("learn to see", *key)


def _box_in(cell: Box, draw: np.random.Generator) -> Box:
    x1, y1, x2, y2 = cell
    width, height = (int(draw.integers(int(0.6 * size), size + 1)) for size in (x2 - x1, y2 - y1))
    left, top = int(draw.integers(x1, x2 - width + 1)), int(draw.integers(y1, y2 - height + 1))
    return left, top, left + width, top + height
