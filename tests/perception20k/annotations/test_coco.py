import json
from pathlib import Path
from typing import Any

import pytest

from perception20k.annotations.coco import read_coco, read_lvis
from perception20k.annotations.record import AnnotatedImage, LabelledBox
from perception20k.core.errors import UserError


def write(path: Path, **changes: Any) -> Path:
    data: dict[str, Any] = {
        "licenses": [{"id": 1, "name": "CC-BY-4.0"}],
        "categories": [{"id": 1, "name": "dog"}, {"id": 2, "name": "red car"}],
        "images": [{"id": 9, "file_name": "a.jpg", "width": 640, "height": 480, "license": 1, "author": "Ann"}],
        "annotations": [
            {"id": 1, "image_id": 9, "category_id": 1, "bbox": [10.5, 20, 30, 40], "segmentation": [[1, 2, 3]]},
            {"id": 4, "image_id": 9, "category_id": 2, "bbox": [0, 0, 600, 400], "iscrowd": 1},
        ],
    }
    path.write_text(json.dumps({**data, **changes}))
    return path


DOG = LabelledBox("dog", (10.5, 20, 40.5, 60))


def test_an_image_has_its_boxes_without_crowds_and_its_credits(tmp_path: Path) -> None:
    expected = AnnotatedImage("a.jpg", (DOG,), 640, 480, licence="CC-BY-4.0", author="Ann")
    assert list(read_coco(write(tmp_path / "i.json"))) == [expected]


def test_lvis_names_files_by_url_and_kinds_by_words(tmp_path: Path) -> None:
    image = {"id": 9, "coco_url": "http://x.org/train2017/0009.jpg", "width": 640, "height": 480}
    categories = [{"id": 1, "name": "bow_(weapon)"}, {"id": 2, "name": "stop_sign"}]
    boxes = [{"image_id": 9, "category_id": n, "bbox": [0, 0, 9, 9]} for n in (1, 2)]
    path = write(tmp_path / "i.json", images=[image], categories=categories, annotations=boxes)
    [found] = read_lvis(path)
    assert (found.file, [box.name for box in found.boxes]) == ("0009.jpg", ["bow", "stop sign"])


@pytest.mark.parametrize("before", [b"\xef\xbb\xbf", b" \n"])
def test_a_byte_order_mark_and_space_are_harmless(tmp_path: Path, before: bytes) -> None:
    path = write(tmp_path / "i.json")
    path.write_bytes(before + path.read_bytes())
    assert next(read_coco(path)).boxes == (DOG,)


def test_what_only_some_parsers_take_is_read_where_nothing_depends_on_it(tmp_path: Path) -> None:
    image = {"id": 9, "file_name": "a.jpg", "width": 640, "height": 480, "author": "Ann\ud800", "score": float("nan")}
    assert next(read_coco(write(tmp_path / "i.json", images=[image]))).boxes == (DOG,)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"annotations": [[]]}, "annotations[0]: expected 'object', got 'array'"),
        ({"annotations": {}}, "annotations: expected 'array', got 'object'"),
        ({"annotations": [{"image_id": 9, "category_id": 1}]}, "annotations[0]: lacks 'bbox'"),
        ({"annotations": [{"image_id": 9, "category_id": 7, "bbox": [0, 0, 9, 9]}]}, "annotations[0]: of category 7"),
        (
            {"annotations": [{"image_id": [9], "category_id": 1}]},
            "annotations[0].image_id: expected 'int | str', got 'array'",
        ),
        *(
            ({"annotations": [{"image_id": 9, "category_id": 1, "bbox": bbox}]}, f"annotations[0]{message}")
            for bbox, message in (
                ([0, 0, float("inf"), 3], ": bbox [0.0, 0.0, inf, 3.0] is not four finite numbers"),
                ([0, 0, float("nan"), 3], ": bbox [0.0, 0.0, nan, 3.0] is not four finite numbers"),
                ([1, 2, 3], ".bbox: expected 'array' of length 4, got 3"),
                ([1, 2, 3, "4"], ".bbox[3]: expected 'float', got 'str'"),
                ("none", ".bbox: expected 'array', got 'str'"),
                (None, ".bbox: expected 'array', got 'null'"),
            )
        ),
        (
            {"images": [{"id": 1, "width": 6, "height": 4}], "annotations": []},
            "images[0]: lacks 'file_name'",
        ),
        ({"images": [{"id": 1, "file_name": "a", "width": 6}], "annotations": []}, "images[0]: lacks 'height'"),
        ({"images": [7], "annotations": []}, "images[0]: expected 'object', got 'int'"),
        (
            {"images": [{"id": 1, "file_name": "a", "width": "640", "height": 480}], "annotations": []},
            "images[0].width: expected 'int', got 'str'",
        ),
        (
            {
                "images": [{"id": 1, "file_name": name, "width": 6, "height": 4} for name in ("a", "b")],
                "annotations": [],
            },
            "images[1]: the id 1 belongs to another image",
        ),
        ({"categories": ["dog"]}, "categories[0]: expected 'object', got 'str'"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_entry(tmp_path: Path, changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        list(read_coco(write(tmp_path / "i.json", **changes)))
    assert "i.json: not a COCO instances file: " in str(caught.value) and message in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not a JSON file"),
        ("", "not a JSON file"),
        ("[" * 100_000, "not a JSON file"),
        ("[]", "not a COCO instances file"),
        ('{"images": []}', "not a COCO instances file: lacks 'annotations'"),
        (
            '{"images": [], "categories": [], "annotations": [{"image_id": 1, "category_id": 2, "bbox": [0, 0, 1, 1]}'
            "]}",
            "annotations[0]: for image 1, which is not listed",
        ),
    ],
)
def test_a_file_that_is_no_coco_file_is_one_line(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "bad.json").write_text(text)
    with pytest.raises(UserError) as caught:
        list(read_coco(tmp_path / "bad.json"))
    assert message in str(caught.value) and "bad.json" in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no such annotation file"):
        list(read_coco(tmp_path / "none.json"))


def test_a_file_that_is_not_utf8_is_one_line(tmp_path: Path) -> None:
    path = write(tmp_path / "i.json")
    path.write_bytes(path.read_bytes().replace(b"red car", b"caf\xe9"))
    with pytest.raises(UserError, match=r"i\.json: not UTF-8 text\. Save it as UTF-8"):
        list(read_coco(path))
