from __future__ import annotations

import json
from pathlib import Path

import pytest

from annotate_app.annotate.job import job_of
from annotate_app.annotate.pictures import Opened, Picture, find_pictures
from annotate_app.annotate.proposals import from_file, nothing, proposals_of
from annotate_app.annotate.rules import DrawnObject
from perception20k.core.errors import UserError
from perception20k.core.reporting import SILENT, Reporter
from tests.annotate_app.annotate.conftest import write_photos
from tests.tiny_models import build_tiny_detector

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


def test_a_builds_yaml_proposes_what_its_annotations_hold(tmp_path: Path) -> None:
    write(tmp_path / "boxes.json", "000.png", [10, 10, 50, 40])
    config = tmp_path / "my.yaml"
    config.write_text("sources: [.]\nannotations: {coco: boxes.json}\nscore: null\n")
    picture = Picture("000.png", tmp_path / "000.png")
    for job, given in ((job_of([str(config)]), None), (job_of([str(tmp_path)]), config)):
        find = proposals_of(job, given, [picture], SILENT)
        assert find(picture, opened(100, 80)) == (DrawnObject("thing 0", (10, 10, 60, 50)),)
    assert proposals_of(job_of([str(tmp_path)]), None, [picture], SILENT) is nothing


@pytest.mark.slow
def test_a_detector_proposes_before_the_first_picture_is_shown_and_is_asked_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    build_tiny_detector(tmp_path / "rtdetr")
    folder = write_photos(tmp_path / "photos", 2)
    config = tmp_path / "my.yaml"
    config.write_text(
        f"sources: [elsewhere/]\nobjects: {{model: {tmp_path / 'rtdetr'}, threshold: 0.05}}\nscore: null\n"
    )
    job = job_of([str(folder)])
    pictures, _ = find_pictures(job.sources, job.frames, SILENT)
    find = proposals_of(job, config, pictures, SILENT)
    first = [find(picture, picture.open(None)) for picture in pictures]
    assert any(first) and {item.name for found in first for item in found or ()} <= {"dog", "cup", "chair"}
    said: list[str] = []
    again = proposals_of(job, config, pictures, Reporter(said.append, progress=False))
    assert [again(picture, picture.open(None)) for picture in pictures] == first
    assert (folder / "annotations.work").is_dir()
