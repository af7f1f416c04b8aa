import json
from pathlib import Path
from typing import Any

import pytest

from perception20k.errors import UserError
from perception20k.records import Source
from perception20k.stages.annotate import CocoAnnotations


def source(origin: str, width: int = 640, height: int = 480) -> Source:
    return Source("0" * 16, "f", "d", width, height, origin)


def write(path: Path, **changes: Any) -> Path:
    data: dict[str, Any] = {
        "licenses": [{"id": 1, "name": "CC-BY-4.0"}],
        "categories": [{"id": 1, "name": "dog"}, {"id": 2, "name": "red car"}],
        "images": [{"id": 9, "file_name": "a.jpg", "width": 640, "height": 480, "license": 1, "author": "Ann"}],
        "annotations": [
            {"id": 1, "image_id": 9, "category_id": 1, "bbox": [10.4, 20.6, 30.2, 40.0], "iscrowd": 0},
            {"id": 2, "image_id": 9, "category_id": 1, "bbox": [100, 100, 200, 200]},
            {"id": 3, "image_id": 9, "category_id": 2, "bbox": [0, 0, 50, 50]},
            {"id": 4, "image_id": 9, "category_id": 2, "bbox": [0, 0, 600, 400], "iscrowd": 1},
        ],
    }
    path.write_text(json.dumps({**data, **changes}))
    return path


def test_one_object_a_category_the_largest_instance_crowds_apart(tmp_path: Path) -> None:
    found, reason = CocoAnnotations(write(tmp_path / "i.json")).objects_of(source("a.jpg"))
    assert reason == "" and found is not None
    assert [(o.name, o.box) for o in found.objects] == [
        ("dog", (100, 100, 300, 300)),
        ("red car", (0, 0, 50, 50)),
    ]
    assert (found.licence, found.author) == ("CC-BY-4.0", "Ann")


def test_a_fractional_box_is_rounded_outwards(tmp_path: Path) -> None:
    # x 10.4..40.6, y 20.6..60.6
    path = write(tmp_path / "i.json", annotations=[{"image_id": 9, "category_id": 1, "bbox": [10.4, 20.6, 30.2, 40.0]}])
    found, _ = CocoAnnotations(path).objects_of(source("a.jpg"))
    assert found is not None and found.objects[0].box == (10, 20, 41, 61)


def test_a_file_in_a_folder_is_found_by_its_name_alone(tmp_path: Path) -> None:
    found, _ = CocoAnnotations(write(tmp_path / "i.json")).objects_of(source("val2017/a.jpg"))
    assert found is not None


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (source("b.jpg"), "no annotation names this file"),
        (source("a.jpg", 480, 640), "the annotation is for 640x480, the image is 480x640"),
    ],
)
def test_a_source_without_its_annotation_is_dropped_with_the_reason(tmp_path: Path, asked: Source, reason: str) -> None:
    assert CocoAnnotations(write(tmp_path / "i.json")).objects_of(asked) == (None, reason)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a JSON file"),
        ("[]", "not a COCO instances file"),
        ('{"images": []}', "not a COCO instances file: lacks 'categories'"),
        (
            '{"images": [], "categories": [], "annotations": [{"image_id": 1}]}',
            "annotation None is for an image that is not listed",
        ),
    ],
)
def test_a_file_that_is_no_coco_file_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(UserError) as caught:
        CocoAnnotations(tmp_path / "bad.json")
    assert message in str(caught.value) and "bad.json" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such annotation file"):
        CocoAnnotations(tmp_path / "none.json")
