import json
from pathlib import Path
from typing import Any

import pytest

from perception20k.annotations.label_studio import read_label_studio
from perception20k.annotations.record import AnnotatedImage, LabelledBox
from perception20k.core.errors import UserError


def result(name: str, box: tuple[float, float, float, float], **changes: Any) -> dict[str, Any]:
    x, y, width, height = box
    value = {"x": x, "y": y, "width": width, "height": height, "rotation": 0, "rectanglelabels": [name]}
    entry = {"type": "rectanglelabels", "original_width": 200, "original_height": 100, "value": value}
    return {**entry, **changes}


def task(*results: dict[str, Any], image: str = "/data/upload/1/0a1b2c3d-a.jpg", **changes: Any) -> dict[str, Any]:
    return {"id": 1, "data": {"image": image}, "annotations": [{"result": list(results)}], **changes}


def write(path: Path, data: Any) -> Path:
    path.write_text(json.dumps(data))
    return path


def test_percent_become_pixels(tmp_path: Path) -> None:
    path = write(tmp_path / "e.json", [task(result("dog", (10, 20, 50, 30)), {"type": "choices", "value": {}})])
    assert list(read_label_studio(path)) == [
        AnnotatedImage("a.jpg", (LabelledBox("dog", (20, 20, 120, 50)),), 200, 100)
    ]


def test_a_turned_box_gives_the_upright_box_around_it(tmp_path: Path) -> None:
    turned = result("dog", (50, 0, 10, 40))
    turned["value"]["rotation"] = 90  # about its top left corner (100, 0), clockwise: 20 x 40 becomes 40 x 20
    [image] = read_label_studio(write(tmp_path / "e.json", [task(turned)]))
    assert [round(side, 6) for side in image.boxes[0].corners] == [60, 0, 100, 20]


@pytest.mark.parametrize(
    ("image", "file"),
    [
        ("/data/upload/1/0a1b2c3d-my photo.jpg", "my photo.jpg"),
        ("/data/local-files/?d=photos/deadbeef-b.png", "deadbeef-b.png"),
        ("s3://bucket/folder/c%20d.jpg", "c d.jpg"),
        ("https://example.org/e.jpg?token=1", "e.jpg"),
        ("f.jpg", "f.jpg"),
    ],
)
def test_the_file_is_named_by_its_url(tmp_path: Path, image: str, file: str) -> None:
    assert [found.file for found in read_label_studio(write(tmp_path / "e.json", [task(image=image)]))] == [file]


def test_the_ground_truth_counts_before_the_first_and_a_cancelled_one_never(tmp_path: Path) -> None:
    entries = [
        {"was_cancelled": True, "result": [result("cancelled", (0, 0, 9, 9))]},
        {"result": [result("first", (0, 0, 9, 9))]},
        {"ground_truth": True, "result": [result("truth", (0, 0, 9, 9))]},
    ]
    tasks = [task(annotations=entries), task(annotations=entries[:2]), task(annotations=entries[:1])]
    found = read_label_studio(write(tmp_path / "e.json", tasks))
    assert [[box.name for box in image.boxes] for image in found] == [["truth"], ["first"], []]


@pytest.mark.parametrize(
    ("tasks", "message"),
    [
        ({}, "not a Label Studio export: expected a list of tasks. Export it as 'JSON'"),
        ([{"image": "a.jpg", "label": []}], "not a Label Studio export: [0]: lacks 'annotations'"),
        ([7], "not a Label Studio export: [0]: not in the form of the export 'JSON'"),
        ([task(), task(data={"text": "hello"})], "[1]: its data names no image"),
        ([task(result("dog", (0, 0, 9, 9), original_width=None))], "[0]: no image size: lacks 'original_width'"),
        ([task(result("dog", (0, 0, 9, 9), original_height=0))], "[0]: no image size"),
        ([task(result("dog", (0, 0, 9, float("nan"))))], "[0]: box 0, 0, 9, nan is not four finite numbers"),
        ([task(result("dog", (0, 0, 9, 9), value={"x": 1}))], "[0]: lacks 'y'"),
        ([task(result("a", (0, 0, 9, 9)), result("b", (0, 0, 9, 9), original_width=7))], "[0]: different image sizes"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_task(tmp_path: Path, tasks: Any, message: str) -> None:
    path = write(tmp_path / "e.json", tasks)
    with pytest.raises(UserError) as caught:
        list(read_label_studio(path))
    assert str(caught.value).startswith(f"{path}: ") and message in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"), [(b"[", "not a JSON file"), (b'["\xe9"]', "not UTF-8 text"), (None, "no such annotation file")]
)
def test_a_file_that_cannot_be_read_is_one_line(tmp_path: Path, data: bytes | None, message: str) -> None:
    if data is not None:
        (tmp_path / "e.json").write_bytes(data)
    with pytest.raises(UserError, match=rf"e\.json: {message}"):
        list(read_label_studio(tmp_path / "e.json"))
