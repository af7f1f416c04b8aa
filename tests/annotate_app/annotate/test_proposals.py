from __future__ import annotations

import json
from pathlib import Path

import pytest

from annotate_app.annotate.pictures import Opened, Picture
from annotate_app.annotate.proposals import from_file, nothing
from annotate_app.annotate.rules import DrawnObject
from perception20k.core.errors import UserError

PICTURE = Picture("clip.mp4#frame=7", Path("clip.mp4"), 7)


def opened(width: int, height: int) -> Opened:
    return Opened(width, height, width, height, "", b"", "image/png")


def write(path: Path, name: str, *bboxes: list[float]) -> Path:
    image = {"id": 1, "file_name": name, "width": 100, "height": 80}
    found = [{"id": k, "image_id": 1, "category_id": k, "bbox": bbox} for k, bbox in enumerate(bboxes)]
    categories = [{"id": k, "name": f"thing {k}"} for k in range(len(bboxes))]
    path.write_text(json.dumps({"images": [image], "annotations": found, "categories": categories}))
    return path


def test_boxes_are_matched_by_name_and_cut_at_the_edges(tmp_path: Path) -> None:
    file = write(tmp_path / "boxes.json", "clip.mp4#frame=7", [-3, 10, 50, 90], [200, 10, 5, 5])
    assert from_file(file, [PICTURE])(PICTURE, opened(100, 80)) == (DrawnObject("thing 0", (0, 10, 47, 80)),)


def test_a_picture_listed_without_boxes_is_known_and_one_not_listed_or_of_another_size_is_not(tmp_path: Path) -> None:
    find = from_file(write(tmp_path / "boxes.json", "clip.mp4#frame=7"), [PICTURE])
    assert find(PICTURE, opened(100, 80)) == ()
    assert find(PICTURE, opened(50, 40)) is None
    assert find(Picture("clip.mp4#frame=9", Path("clip.mp4"), 9), opened(100, 80)) is None
    assert nothing(PICTURE, opened(100, 80)) is None


def test_any_format_is_read_and_another_file_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "boxes.csv"
    table.write_text("file,name,x1,y1,x2,y2\nclip.mp4#frame=7,thing,1,2,30,40\n")
    assert from_file(table, [PICTURE])(PICTURE, opened(100, 80)) == (DrawnObject("thing", (1, 2, 30, 40)),)
    (tmp_path / "notes.csv").write_text("buy milk\n")
    with pytest.raises(UserError, match=r"notes.csv: not an annotation file. Known: .*COCO"):
        from_file(tmp_path / "notes.csv", [PICTURE])
