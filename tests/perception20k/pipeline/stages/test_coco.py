import json
from pathlib import Path
from typing import Any

import pytest

from perception20k.core.errors import UserError
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import Source
from perception20k.pipeline.stages.coco import CocoAnnotations


def source(origin: str, width: int = 640, height: int = 480) -> Source:
    return Source("0" * 16, "f", "d", width, height, origin)


def found_in(path: Path, asked: Source) -> Source:
    """The asked source with what a file says of it."""
    found = CocoAnnotations(path).objects_of(asked)
    assert not isinstance(found, Reason)
    return found[0]


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


def test_one_object_a_category_the_largest_instance_without_crowds(tmp_path: Path) -> None:
    found = found_in(write(tmp_path / "i.json"), source("a.jpg"))
    assert [(o.name, o.box) for o in found.objects] == [
        ("dog", (100, 100, 300, 300)),
        ("red car", (0, 0, 50, 50)),
    ]
    assert (found.licence, found.author) == ("CC-BY-4.0", "Ann")


def test_a_fractional_box_is_rounded_outwards(tmp_path: Path) -> None:
    # x 10.4..40.6, y 20.6..60.6
    path = write(tmp_path / "i.json", annotations=[{"image_id": 9, "category_id": 1, "bbox": [10.4, 20.6, 30.2, 40.0]}])
    assert found_in(path, source("a.jpg")).objects[0].box == (10, 20, 41, 61)


def test_a_file_in_a_folder_is_found_by_its_name_alone(tmp_path: Path) -> None:
    assert found_in(write(tmp_path / "i.json"), source("val2017/a.jpg")).objects


def test_a_name_that_two_photos_share_gives_its_boxes_to_neither(tmp_path: Path) -> None:
    origins = ["x/a.jpg", "y/a.jpg"]
    annotations = CocoAnnotations(write(tmp_path / "i.json"), origins)
    for origin in origins:
        reason = Reason("ambiguous_name", "ambiguous: 'a.jpg' matches x/a.jpg and y/a.jpg")
        assert annotations.objects_of(source(origin)) == reason


def test_two_annotated_images_of_one_name_are_told_from_one_listed_twice(tmp_path: Path) -> None:
    image = {"id": 9, "file_name": "a.jpg", "width": 640, "height": 480}
    assert found_in(write(tmp_path / "i.json", images=[image, image]), source("a.jpg")).objects
    two = CocoAnnotations(write(tmp_path / "i.json", images=[image, {**image, "id": 8, "file_name": "./a.jpg"}]))
    reason = "ambiguous: the annotations hold 2 different images called 'a.jpg'"
    assert two.objects_of(source("a.jpg")) == Reason("ambiguous_name", reason)


def test_a_byte_order_mark_is_harmless(tmp_path: Path) -> None:
    path = write(tmp_path / "i.json")
    path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
    assert found_in(path, source("a.jpg")).objects


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"annotations": [[]]}, "annotations[0]: not an object"),
        ({"annotations": {}}, "'annotations' is not a list"),
        ({"annotations": [{"image_id": 9, "category_id": 1}]}, "annotations[0]: lacks 'bbox'"),
        ({"annotations": [{"image_id": 9, "category_id": 7, "bbox": [0, 0, 9, 9]}]}, "annotations[0]: of category 7"),
        ({"annotations": [{"image_id": [9], "category_id": 1}]}, "annotations[0]: image_id [9] is not an id"),
        *(
            (
                {"annotations": [{"image_id": 9, "category_id": 1, "bbox": bbox}]},
                f"annotations[0]: bbox {bbox!r} is not four finite numbers",
            )
            for bbox in ([0, 0, float("inf"), 3], [0, 0, float("nan"), 3], [1, 2, 3], "none", 7, None)
        ),
        ({"images": [7], "annotations": []}, "images[0]: not an object"),
        (
            {"images": [{"id": 1, "file_name": "a", "width": "640", "height": 480}], "annotations": []},
            "images[0]: file_name must be a string, width and height integers",
        ),
        (
            {
                "images": [{"id": 1, "file_name": name, "width": 6, "height": 4} for name in ("a", "b")],
                "annotations": [],
            },
            "images[1]: the id 1 belongs to another image",
        ),
        ({"categories": ["dog"]}, "categories[0]: not an object"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_entry(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        CocoAnnotations(write(tmp_path / "i.json", **changes))
    assert "i.json: not a COCO instances file: " in str(caught.value) and message in str(caught.value)


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        (source("b.jpg"), Reason("not_listed", "no annotation names this file")),
        (source("a.jpg", 480, 640), Reason("size_mismatch", "the annotation is for 640x480, the image is 480x640")),
    ],
)
def test_a_source_without_its_annotation_is_dropped_with_the_reason(
    tmp_path: Path, asked: Source, reason: Reason
) -> None:
    assert CocoAnnotations(write(tmp_path / "i.json")).objects_of(asked) == reason


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a JSON file"),
        ("[]", "not a COCO instances file"),
        ('{"images": []}', "not a COCO instances file: lacks 'categories'"),
        (
            '{"images": [], "categories": [], "annotations": [{"image_id": 1}]}',
            "annotations[0]: for image 1, which is not listed",
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


def test_names_are_cleaned_and_bounded_where_they_enter(tmp_path: Path) -> None:
    categories = [{"id": 1, "name": " dining\u2028table\n"}, {"id": 2, "name": "x" * 10_000}, {"id": 3, "name": "\x07"}]
    boxes = [{"image_id": 9, "category_id": n, "bbox": [n, n, 50, 50]} for n in (1, 2, 3)]
    image = {"id": 9, "file_name": "a.jpg", "width": 640, "height": 480, "author": "Ann\nLee\ud800" * 99}
    path = write(tmp_path / "i.json", categories=categories, annotations=boxes, images=[image])
    found = CocoAnnotations(path).objects_of(source("a.jpg"))
    assert not isinstance(found, Reason)
    kept, refused = found
    assert [item.name for item in kept.objects] == ["dining table"]
    assert dict(refused) == {
        "x" * 80: Reason("bad_name", "the name has 10000 characters, over 80", 10_000),
        "": Reason("bad_name", "the name is empty"),
    }
    assert kept.author.startswith("Ann LeeAnn Lee") and len(kept.author) == 200
