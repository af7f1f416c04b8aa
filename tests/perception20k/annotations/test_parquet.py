"""What the four numbers of a box are: said by the config, held against the images, never guessed."""

from __future__ import annotations

from pathlib import Path

import pytest

from perception20k.annotations.parquet import READINGS, only_reading, read_parquet
from perception20k.core.errors import UserError
from tests.perception20k.annotations.test_object_columns import write

# In an image of 64x48, the boxes (4, 8, 44, 40) and (30, 20, 62, 46).
SPELLED = {
    "xywh": [[4, 8, 40, 32], [30, 20, 32, 26]],
    "xyxy": [[4, 8, 44, 40], [30, 20, 62, 46]],
    "cxcywh": [[24, 24, 40, 32], [46, 33, 32, 26]],
}
TRUTH = [(4, 8, 44, 40), (30, 20, 62, 46)]


def table(path: Path, boxes: list[list[float]]) -> Path:
    return write(path, {"objects": {"bbox": boxes, "category": [str(n) for n in range(len(boxes))]}})


@pytest.mark.parametrize("kind", READINGS)
@pytest.mark.parametrize("relative", [False, True])
def test_every_reading_gives_the_box_in_pixels_or_in_shares(tmp_path: Path, kind: str, relative: bool) -> None:
    scale = (64, 48, 64, 48) if relative else (1, 1, 1, 1)
    boxes = [[number / side for number, side in zip(box, scale, strict=True)] for box in SPELLED[kind]]
    [image] = read_parquet(kind, table(tmp_path / "x.parquet", boxes))
    expected = [tuple(number / side for number, side in zip(box, scale, strict=True)) for box in TRUTH]
    assert [box.corners for box in image.boxes] == [pytest.approx(box) for box in expected]
    assert (image.file, image.relative) == ("x.parquet/0.png", relative)


@pytest.mark.parametrize("kind", READINGS)
def test_the_only_possible_reading_is_told_from_the_sizes_of_the_images(tmp_path: Path, kind: str) -> None:
    # Boxes at the left, the right and the bottom leave no other reading.
    boxes = {"xywh": [[0, 0, 30, 30], [40, 30, 24, 18]], "xyxy": [[0, 0, 30, 30], [40, 30, 64, 48]]}
    boxes["cxcywh"] = [[15, 15, 30, 30], [52, 39, 24, 18]]
    key, why = only_reading(table(tmp_path / "x.parquet", boxes[kind]))
    assert key == f"parquet_{kind}" and why.startswith(
        f"boxes from the column 'objects', read as {kind} (impossible boxes among 2: "
    )


def test_boxes_that_two_readings_allow_are_not_guessed(tmp_path: Path) -> None:
    path = table(tmp_path / "x.parquet", [[10, 12, 30, 28]])
    with pytest.raises(UserError) as caught:
        only_reading(path)
    assert str(caught.value) == (
        f"{path}: the box [10, 12, 30, 28] of 'objects' in x.parquet/0.png (64x48) is 30 by 28 at (10, 12) as xywh, "
        "20 by 16 at (10, 12) as xyxy, 30 by 28 at (-5, -2) as cxcywh. Of 1 box, outside their image or without "
        "area: 0 as xywh, 0 as xyxy, 1 as cxcywh. Say in the config which it is: "
        f"annotations: {{parquet_xywh: {path}}} or {{parquet_xyxy: {path}}}"
    )
    for kind in ("xywh", "xyxy"):
        assert len(list(read_parquet(kind, path))) == 1


def test_a_configured_reading_that_the_images_contradict_is_refused(tmp_path: Path) -> None:
    path = table(tmp_path / "x.parquet", [[0, 0, 40, 30], [40, 30, 64, 48], [30, 20, 62, 46]])
    with pytest.raises(UserError, match=r"2 as xywh, 0 as xyxy, 3 as cxcywh\. Say .*: annotations: {parquet_xyxy: "):
        list(read_parquet("xywh", path))
    assert len(list(read_parquet("xyxy", path))) == 1


def test_boxes_that_no_reading_allows_are_left_to_the_filters(tmp_path: Path) -> None:
    path = table(tmp_path / "x.parquet", [[50, 40, 30, 30], [-20, -20, -5, -5]])
    assert [len(image.boxes) for image in read_parquet("xywh", path)] == [2]
    with pytest.raises(UserError, match=r"parquet_xywh.* or {parquet_xyxy.* or {parquet_cxcywh"):
        only_reading(path)
