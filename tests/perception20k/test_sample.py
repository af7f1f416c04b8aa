"""The sample sources: every picture is there, is credited, and carries boxes that lie inside it."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageOps

import perception20k
from perception20k.imaging.video import load_decord

SAMPLE = Path(perception20k.__file__).parent / "sample"
COCO: dict[str, Any] = json.loads((SAMPLE / "instances.json").read_text(encoding="utf-8"))
MEDIA = sorted(path.name for path in SAMPLE.iterdir() if path.suffix in {".jpg", ".png", ".mp4"})


def _upright_size(file_name: str) -> tuple[int, int]:
    """Give the width and height of a decoded photo, EXIF orientation applied, or of a keyframe."""
    name, _, frame = file_name.partition("#frame=")
    if frame:
        height, width, _ = load_decord().VideoReader(str(SAMPLE / name))[int(frame)].shape
        return width, height
    with Image.open(SAMPLE / name) as photo:
        return ImageOps.exif_transpose(photo).size


@pytest.mark.parametrize("image", COCO["images"], ids=lambda image: image["file_name"])
def test_image_exists_and_has_the_recorded_size(image: dict[str, Any]) -> None:
    assert _upright_size(image["file_name"]) == (image["width"], image["height"])


@pytest.mark.parametrize("table", ["licenses", "images", "annotations", "categories"])
def test_ids_are_unique(table: str) -> None:
    assert max(Counter(row["id"] for row in COCO[table]).values()) == 1


def test_boxes_lie_inside_their_image_and_have_area() -> None:
    images = {image["id"]: image for image in COCO["images"]}
    for annotation in COCO["annotations"]:
        x, y, width, height = annotation["bbox"]
        image = images[annotation["image_id"]]
        assert x >= 0 and y >= 0 and width > 0 and height > 0, annotation
        assert x + width <= image["width"] and y + height <= image["height"], annotation
        assert annotation["area"] == width * height, annotation


def test_every_image_has_an_object_and_every_category_is_used() -> None:
    annotations = COCO["annotations"]
    assert {image["id"] for image in COCO["images"]} == {row["image_id"] for row in annotations}
    assert {category["id"] for category in COCO["categories"]} == {row["category_id"] for row in annotations}


def test_names_are_distinct_phrases_of_one_or_two_words() -> None:
    names = [category["name"] for category in COCO["categories"]]
    assert len(set(names)) == len(names)
    assert all(1 <= len(name.split()) <= 2 for name in names)


def test_every_image_names_its_author_and_a_licence() -> None:
    licences = {licence["id"]: licence["name"] for licence in COCO["licenses"]}
    for image in COCO["images"]:
        assert image["author"] and licences[image["license"]], image


def test_the_files_of_the_folder_are_those_annotated() -> None:
    assert set(MEDIA) == {image["file_name"].partition("#")[0] for image in COCO["images"]}


def test_every_picture_is_credited_by_name_with_its_author() -> None:
    rows = {
        line.split("|")[1].strip(): line
        for line in (SAMPLE / "CREDITS.md").read_text(encoding="utf-8").splitlines()
        if line.startswith("|")
    }
    for image in COCO["images"]:
        assert image["author"] in rows[image["file_name"].partition("#")[0]], image


def test_keyframes_stand_at_the_middles_of_three_equal_parts_of_the_video() -> None:
    frames = [image["file_name"].partition("#frame=")[2] for image in COCO["images"]]
    count = len(load_decord().VideoReader(str(SAMPLE / "dog_indoors.mp4")))
    assert [int(frame) for frame in frames if frame] == [round((k + 0.5) * count / 3 - 0.5) for k in range(3)]
