"""What the trainer draws from: shards that ``perception20k build`` makes of crops, and a table of rated crops."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from PIL import Image

from examples.learn_to_see import world

CONFIG = """\
sources: [crops/]
annotations: {coco: crops/instances.json}
score: null
filters: {min_side: 28}
test_fraction: 0
split: parts.csv
rft_per_sample: 2
seed: 1
"""


def shards(photos: Sequence[world.Photo], folder: Path, crops: int, *, part: str = "train") -> Path:
    """A dataset of ``crops`` crops, of two or three samples each, all in one part; continues if it was stopped."""
    dataset = folder / "dataset"
    if (dataset / "manifest.json").is_file():  # also while another seed trains on it
        return dataset
    if not (folder / "crops" / "instances.json").is_file():
        _write_crops(photos, folder / "crops", crops)
    config = folder / "config.yaml"
    config.write_text(CONFIG)
    _write_table(folder / "parts.csv", [("file", "part"), *((f"{number:05d}.png", part) for number in range(crops))])
    command = [sys.executable, "-m", "perception20k", "build", str(config), "--out", str(dataset)]
    subprocess.run([*command, "--workers", "2"], check=True)
    return dataset


def ratings(photos: Sequence[world.Photo], folder: Path, count: int) -> str:
    """``count`` rated crops; returns the table as ``--data`` names it."""
    table = folder / "rated.csv"
    if not table.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        rows = [("image", "mos", "split")]
        for number in range(count):
            rated = world.rated(photos, world.draw_for("rated", number), world.RATED)
            Image.fromarray(rated.pixels).save(folder / f"{number:05d}.png")
            rows.append((f"{number:05d}.png", str(rated.quality), "train"))
        _write_table(table, rows)
    return f"{table}:0-5"


def _write_crops(photos: Sequence[world.Photo], folder: Path, count: int) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    images, notes = [], []
    for number in range(count):
        draw = world.draw_for("crop", number)
        Image.fromarray(world.crop(photos[number % len(photos)], draw)).save(folder / f"{number:05d}.png")
        images.append({"id": number, "file_name": f"{number:05d}.png", "width": world.SIDE, "height": world.SIDE})
        for name, (x1, y1, x2, y2) in world.objects(draw).items():
            box = {"bbox": [x1, y1, x2 - x1, y2 - y1], "category_id": world.PLACES.index(name)}
            notes.append({"id": len(notes), "image_id": number, **box})
    categories = [{"id": i, "name": name} for i, name in enumerate(world.PLACES)]
    coco = {"images": images, "annotations": notes, "categories": categories}
    (folder / "instances.json").write_text(json.dumps(coco))


def _write_table(path: Path, rows: Sequence[tuple[str, ...]]) -> None:
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
