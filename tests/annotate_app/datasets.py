"""A small real dataset, written straight from records: parts of scikit-image's photos, distorted in a box."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from skimage.data import data_dir

from distortions import catalog, distort_region
from perception20k.core.files import sha256, write_bytes
from perception20k.dataset.boxes import Box
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import Sample, Source, write_samples, write_sources
from perception20k.imaging import images

PHOTOS = ("coffee.png", "astronaut.png", "motorcycle_left.png", "rocket.jpg", "chelsea.png")
TYPES = [distortion for distortion in catalog() if distortion.group]


def write_dataset(root: Path, samples: int = 60, *, boxes: Sequence[Box] = (), rows_each: int = 1) -> Layout:
    """Write ``samples`` images of 320x240 px, the first with the given ``boxes``, and ``rows_each`` samples of each."""
    layout = Layout(root)
    sources, rows = {}, []
    for number in range(samples):
        photo = PHOTOS[number % len(PHOTOS)]
        pixels = images.decode((Path(data_dir) / photo).read_bytes())[:240, :320]
        image_id = images.image_id(pixels)
        if photo not in sources:
            data, suffix = images.encode(pixels)
            source = Source(image_id, f"images/source/{image_id}{suffix}", sha256(data), 320, 240, photo)
            write_bytes(root / source.file, data)
            sources[photo] = source
        kind = TYPES[number % len(TYPES)]
        left = 20 + 7 * number % 150
        box = boxes[number] if number < len(boxes) else (left, 40, left + 120, 200)
        severity = 1 + number % 5
        distorted = distort_region(pixels, box, kind.type, severity, seed=number)
        data, suffix = images.encode(distorted)
        sample = Sample(
            sample_id=f"{number:04d}",
            image_id=image_id,
            origin=photo,
            width=320,
            height=240,
            object=photo.partition(".")[0],
            objects=(photo.partition(".")[0], "table"),
            box=box,
            group=kind.group,
            type=kind.type,
            severity=severity,
            seed=number,
            preset="refine-iqa",
            params={},
            psnr=30.0,
            ssim=0.9,
            delta_e=1.0 + number,
            file=f"images/distorted/{number:04d}{suffix}",
            file_sha256=sha256(data),
            pixels_sha256=images.pixels_sha256(distorted),
            split="train",
        )
        write_bytes(root / sample.file, data)
        rows += [replace(sample, sample_id=f"{sample.sample_id}-{k}") for k in range(rows_each)]
    write_tables(layout, rows, list(sources.values()))
    return layout


def write_tables(layout: Layout, samples: Sequence[Sample], sources: Sequence[Source]) -> None:
    """Write the two tables."""
    write_samples(layout.recipe, samples)
    write_sources(layout.sources, sources)
