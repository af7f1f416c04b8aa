"""What the card, the statistics and the figures say of a dataset's samples, gathered in one pass."""

from __future__ import annotations

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field

import numpy as np

from distortions import DEFAULT_PRESET
from perception20k.dataset.boxes import box_area
from perception20k.dataset.records import Sample

FIRST = 384
"""Samples on contact sheets: eight of 48; a large dataset shows its first ones."""

Cell = tuple[str, str, int]


def _numbers() -> array[float]:
    return array("d")


@dataclass
class Overview:
    """Counts and measures of samples; memory grows by a few numbers a sample."""

    preset: str = DEFAULT_PRESET
    cells: Counter[Cell] = field(default_factory=Counter)
    """Samples by part, group and severity."""
    types: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Samples by part and type."""
    images: dict[str, int] = field(default_factory=dict)
    """Source images by part."""
    sources: int = 0
    """Source images of both parts."""
    objects: int = 0
    """Distinct objects, an object being of one image."""
    words: Counter[str] = field(default_factory=Counter)
    """Names of objects, each image counted once."""
    areas: dict[tuple[str, str], array[float]] = field(default_factory=lambda: defaultdict(_numbers))
    """Boxes' shares of their images, by part and group."""
    visibility: dict[str, array[float]] = field(
        default_factory=lambda: {name: _numbers() for name in ("psnr", "ssim", "delta_e")}
    )
    examples: dict[str, Sample] = field(default_factory=dict)
    """Of each group the sample nearest to severity 4, of these the most visible."""
    first: list[Sample] = field(default_factory=list)

    def count(self, part: str | None = None, group: str | None = None, severity: int | None = None) -> int:
        """Samples of a part, a group, a severity; None is any."""
        wanted = (part, group, severity)
        return sum(
            count
            for cell, count in self.cells.items()
            if all(want is None or want == have for want, have in zip(wanted, cell, strict=True))
        )


def overview(samples: Iterable[Sample]) -> Overview:
    """An overview of samples, those of one source image next to each other."""
    view = Overview()
    images: dict[str, array[int]] = defaultdict(lambda: array("q"))
    objects = array("q")
    previous = ""
    for sample in samples:
        if sample.image_id != previous:
            view.words.update(sample.objects)
            previous = sample.image_id
        images[sample.split].append(hash(sample.image_id))
        if not sample.is_whole:
            objects.append(hash((sample.image_id, sample.object)))
        view.preset = sample.preset
        view.cells[sample.split, sample.group, sample.severity] += 1
        view.types[sample.split, sample.type] += 1
        view.areas[sample.split, sample.group].append(area_share(sample))
        for name, values in view.visibility.items():
            values.append(getattr(sample, name))
        best = view.examples.get(sample.group)
        if best is None or _rank(sample) < _rank(best):
            view.examples[sample.group] = sample
        if len(view.first) < FIRST:
            view.first.append(sample)
    view.images = {part: len(np.unique(ids)) for part, ids in images.items()}
    view.sources = len(np.unique(np.concatenate([np.empty(0, np.int64), *images.values()])))
    view.objects = len(np.unique(objects))
    return view


def area_share(sample: Sample) -> float:
    """Area of a sample's box as a share of its image, 0..1."""
    return box_area(sample.box) / (sample.width * sample.height)


def _rank(sample: Sample) -> tuple[int, float, str]:
    return abs(sample.severity - 4), -sample.delta_e, sample.sample_id
