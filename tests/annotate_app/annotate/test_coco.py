from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from annotate_app.annotate.coco import as_coco, export, import_boxes
from annotate_app.annotate.proposals import from_file
from annotate_app.annotate.service import Annotation
from perception20k.core.errors import UserError
from perception20k.core.reporting import SILENT
from tests.annotate_app.annotate.conftest import TWO, Drawer
from tests.annotate_app.conftest import Clock


@pytest.fixture
def drawn(annotation: Annotation, ann: Drawer) -> Annotation:
    """One picture done, one skipped, one begun."""
    one, two, three = (ann.take()["id"] for _ in range(3))
    ann.do(one, "done", TWO)
    ann.do(two, "skip", TWO)
    ann.do(three, "draw", TWO)
    return annotation


def test_what_is_done_is_exported_with_its_boxes_what_is_skipped_without(drawn: Annotation) -> None:
    data = as_coco(drawn.log.drawings.values())
    assert [(i["file_name"], i["width"], i["height"], i["annotator"]) for i in data["images"]] == [
        ("000.png", 320, 240, "ann"),
        ("001.png", 320, 240, "ann"),
    ]
    names = {c["id"]: c["name"] for c in data["categories"]}
    found = [(a["image_id"], names[a["category_id"]], a["bbox"], a["area"]) for a in data["annotations"]]
    assert found == [(1, "dog", [150, 100, 150, 120], 18000), (1, "cup", [10, 10, 100, 80], 8000)]


def test_an_export_is_imported_to_the_same_export(
    drawn: Annotation, tmp_path: Path, open_annotation: Callable[..., Annotation], folder: Path, clock: Clock
) -> None:
    boxes = tmp_path / "boxes.json"
    assert export(drawn.log.drawings.values(), boxes) == (2, 2)
    drawn.close()
    (folder / "annotations.sqlite").rename(tmp_path / "before.sqlite")
    fresh = open_annotation()
    find = from_file(boxes, fresh.pictures.values())
    assert import_boxes(fresh, find, "ann", SILENT) == {"done": 1, "skipped": 1, "open": 0}
    assert as_coco(fresh.log.drawings.values()) == json.loads(boxes.read_text())
    assert import_boxes(fresh, find, "ann", SILENT) == {"done": 0, "skipped": 0, "open": 0}  # what is there stays
    ann = Drawer(fresh, clock, "ann")
    ann.open()
    assert ann.take()["name"] == "002.png"


def test_what_a_build_would_drop_is_imported_to_be_finished(
    annotation: Annotation, tmp_path: Path, ann: Drawer
) -> None:
    one = {"id": 1, "image_id": 1, "category_id": 1, "bbox": [-5, 0, 100.5, 80]}
    image = {"id": 1, "file_name": "000.png", "width": 320, "height": 240}
    boxes = tmp_path / "boxes.json"
    boxes.write_text(json.dumps({"images": [image], "annotations": [one], "categories": [{"id": 1, "name": "cup"}]}))
    counts = import_boxes(annotation, from_file(boxes, annotation.pictures.values()), "file", SILENT)
    assert counts == {"done": 0, "skipped": 0, "open": 1}
    [step] = ann.take()["steps"]
    assert step["objects"] == [{"name": "cup", "box": (0, 0, 96, 80), "proposed": False}]  # cut at the edge


def test_a_file_of_somebody_elses_is_not_overwritten(drawn: Annotation, tmp_path: Path) -> None:
    boxes = tmp_path / "boxes.json"
    boxes.write_text('{"images": []}')
    with pytest.raises(UserError, match="--export"):
        export(drawn.log.drawings.values(), boxes)
    assert boxes.read_text() == '{"images": []}'
    boxes.unlink()
    export(drawn.log.drawings.values(), boxes)
    export(drawn.log.drawings.values(), boxes)


def test_boxes_on_a_photo_shown_smaller_are_exported_in_the_files_pixels_and_come_back(
    open_annotation: Callable[..., Annotation], clock: Clock, tmp_path: Path
) -> None:
    annotation = open_annotation(max_side=100)  # 320 x 240 becomes 100 x 75
    ann = Drawer(annotation, clock, "ann")
    ann.open()
    ann.do(ann.take()["id"], "done", [("cup", (1, 2, 45, 71)), ("dog", (50, 5, 97, 67))])
    export(annotation.log.drawings.values(), tmp_path / "boxes.json")
    data = json.loads((tmp_path / "boxes.json").read_text())
    assert (data["images"][0]["width"], data["images"][0]["height"]) == (320, 240)
    assert data["annotations"][0]["bbox"] == pytest.approx([3.2, 6.4, 140.8, 220.8])
    picture = next(iter(annotation.pictures.values()))
    found = from_file(tmp_path / "boxes.json", [picture])(picture, annotation.look_at(picture))
    assert found is not None and {item.box for item in found} == {(1, 2, 45, 71), (50, 5, 97, 67)}
