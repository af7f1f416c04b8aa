import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perception20k.annotations import FORMATS
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import SceneObject, Source
from perception20k.pipeline.stages.annotate import AnnotatedPhotos


def source(origin: str, width: int = 640, height: int = 480) -> Source:
    return Source("0" * 16, "f", "d", width, height, origin)


def found_in(path: Path, asked: Source) -> Source:
    """The asked source with what a file says of it."""
    found = AnnotatedPhotos("coco", path).objects_of(asked)
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
        ],
    }
    path.write_text(json.dumps({**data, **changes}))
    return path


def test_one_object_a_name_the_largest_instance(tmp_path: Path) -> None:
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


def in_every_format(folder: Path) -> dict[str, Path]:
    """The file or folder of each format that says: in a.jpg, 640x480, a dog at (64, 48, 320, 240)."""
    texts = {
        "coco": '{"images": [{"id": 1, "file_name": "a.jpg", "width": 640, "height": 480}], "annotations": [{'
        '"image_id": 1, "category_id": 1, "bbox": [64, 48, 256, 192]}], "categories": [{"id": 1, "name": "dog"}]}',
        "csv": "file,name,x1,y1,x2,y2\na.jpg,dog,64,48,320,240\n",
        "cvat": '<annotations><image name="a.jpg" width="640" height="480"><box label="dog" xtl="64.0" ytl="48.0"'
        ' xbr="320.0" ybr="240.0"/></image></annotations>',
        "label_studio": '[{"data": {"image": "/data/upload/1/0a1b2c3d-a.jpg"}, "annotations": [{"result": [{"type":'
        ' "rectanglelabels", "original_width": 640, "original_height": 480, "value": {"x": 10, "y": 10, "width": 40,'
        ' "height": 40, "rotation": 0, "rectanglelabels": ["dog"]}}]}]}]',
        "open_images": "ImageID,LabelName,XMin,XMax,YMin,YMax\na,dog,0.1,0.5,0.1,0.5\n",
        "voc/a.xml": "<annotation><filename>a.jpg</filename><size><width>640</width><height>480</height></size><object>"
        "<name>dog</name><bndbox><xmin>65</xmin><ymin>49</ymin><xmax>320</xmax><ymax>240</ymax></bndbox></object>"
        "</annotation>",
        "labels/a.txt": "0 0.3 0.3 0.4 0.4\n",
        "yolo": "train: images\nnames: [dog]\n",
    }
    for kind, box in {"xywh": [64, 48, 256, 192], "xyxy": [64, 48, 320, 240], "cxcywh": [0.3, 0.3, 0.4, 0.4]}.items():
        objects = {"bbox": [box], "category": ["dog"]}
        rows = [{"image": {"bytes": b"", "path": "a.jpg"}, "objects": objects, "width": 640, "height": 480}]
        (folder / f"parquet_{kind}").mkdir(exist_ok=True)
        pq.write_table(pa.Table.from_pylist(rows), folder / f"parquet_{kind}" / "x.parquet")
    texts["lvis"] = texts["coco"].replace('"file_name": "', '"coco_url": "http://x.org/val2017/')
    for name, text in texts.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    return {key: folder / key for key in FORMATS}


@pytest.mark.parametrize("key", FORMATS)
def test_every_format_gives_the_same_box_for_the_same_photo(tmp_path: Path, key: str) -> None:
    path = in_every_format(tmp_path)[key]
    table = "x.parquet" if FORMATS[key].anywhere else "x"
    photo = source(f"{table}/a.jpg")
    found = AnnotatedPhotos(key, path, [photo.origin, f"{table}/b.jpg"]).objects_of(photo)
    assert found == (replace(photo, objects=(SceneObject("dog", (64, 48, 320, 240)),)), [])


@pytest.mark.parametrize(
    ("line", "box"),
    [
        ("100,50,640.4,480.9", (100, 50, 640, 480)),  # under a pixel out: a trace of arithmetic
        ("-0.9,-0.2,90,90", (0, 0, 90, 90)),
        ("100,50,641,480", (100, 50, 641, 480)),  # a whole pixel out: the filters drop it with the reason
        ("-1,0,90,90", (-1, 0, 90, 90)),
        ("100.001,50,299.9999,90.002", (100, 50, 300, 90)),  # dust does not push a side to the next pixel
        ("100.02,50,300.02,90", (100, 50, 301, 90)),
        ("90,90,10,10", (90, 90, 10, 10)),
    ],
)
def test_a_side_out_of_the_image_by_less_than_a_pixel_is_cut(
    tmp_path: Path, line: str, box: tuple[int, int, int, int]
) -> None:
    (tmp_path / "boxes.csv").write_text(f"file,name,x1,y1,x2,y2\na.jpg,dog,{line}\n")
    found = AnnotatedPhotos("csv", tmp_path / "boxes.csv").objects_of(source("a.jpg"))
    assert not isinstance(found, Reason)
    assert [item.box for item in found[0].objects] == [box]


@pytest.mark.parametrize("width", [333, 640, 1001, 3999])
def test_a_box_at_the_edge_is_the_same_after_its_way_through_yolo(tmp_path: Path, width: int) -> None:
    height = 2 * width // 3
    truth = (width // 3, height // 7, width, height)
    x1, y1, x2, y2 = (side / (width, height)[place % 2] for place, side in enumerate(truth))
    (tmp_path / "labels").mkdir()
    (tmp_path / "data.yaml").write_text("train: images\nnames: [dog]\n")
    label = f"0 {(x1 + x2) / 2:.6f} {(y1 + y2) / 2:.6f} {x2 - x1:.6f} {y2 - y1:.6f}\n"
    (tmp_path / "labels" / "a.txt").write_text(label)
    found = AnnotatedPhotos("yolo", tmp_path / "data.yaml").objects_of(source("a.jpg", width, height))
    assert not isinstance(found, Reason)
    assert [item.box for item in found[0].objects] == [truth]


def test_photos_that_differ_in_their_suffix_alone_get_no_boxes_from_a_format_without_suffixes(tmp_path: Path) -> None:
    (tmp_path / "labels").mkdir()
    (tmp_path / "data.yaml").write_text("train: images\nnames: [dog]\n")
    (tmp_path / "labels" / "a.txt").write_text("0 0.5 0.5 0.5 0.5\n")
    annotations = AnnotatedPhotos("yolo", tmp_path / "data.yaml", ["x/a.jpg", "y/a.png", "a.mp4#frame=3"])
    reason = Reason("ambiguous_name", "ambiguous: 'a' matches x/a and y/a")
    assert annotations.objects_of(source("x/a.jpg")) == reason
    assert annotations.objects_of(source("a.mp4#frame=3")) == Reason("not_listed", "no annotation names this file")


def test_a_file_in_a_folder_is_found_by_its_name_alone(tmp_path: Path) -> None:
    assert found_in(write(tmp_path / "i.json"), source("val2017/a.jpg")).objects


def test_a_name_that_two_photos_share_gives_its_boxes_to_neither(tmp_path: Path) -> None:
    origins = ["x/a.jpg", "y/a.jpg"]
    annotations = AnnotatedPhotos("coco", write(tmp_path / "i.json"), origins)
    for origin in origins:
        reason = Reason("ambiguous_name", "ambiguous: 'a.jpg' matches x/a.jpg and y/a.jpg")
        assert annotations.objects_of(source(origin)) == reason


def test_two_annotated_images_of_one_name_are_told_from_one_listed_twice(tmp_path: Path) -> None:
    image = {"id": 9, "file_name": "a.jpg", "width": 640, "height": 480}
    assert found_in(write(tmp_path / "i.json", images=[image, image]), source("a.jpg")).objects
    two = AnnotatedPhotos(
        "coco", write(tmp_path / "i.json", images=[image, {**image, "id": 8, "file_name": "./a.jpg"}])
    )
    reason = "ambiguous: the annotations hold 2 different images called 'a.jpg'"
    assert two.objects_of(source("a.jpg")) == Reason("ambiguous_name", reason)


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
    assert AnnotatedPhotos("coco", write(tmp_path / "i.json")).objects_of(asked) == reason


def test_names_are_cleaned_and_bounded_where_they_enter(tmp_path: Path) -> None:
    categories = [{"id": 1, "name": " dining\u2028table\n"}, {"id": 2, "name": "x" * 10_000}, {"id": 3, "name": "\x07"}]
    boxes = [{"image_id": 9, "category_id": n, "bbox": [n, n, 50, 50]} for n in (1, 2, 3)]
    image = {"id": 9, "file_name": "a.jpg", "width": 640, "height": 480, "author": "Ann\nLee\ud800" * 99}
    path = write(tmp_path / "i.json", categories=categories, annotations=boxes, images=[image])
    found = AnnotatedPhotos("coco", path).objects_of(source("a.jpg"))
    assert not isinstance(found, Reason)
    kept, refused = found
    assert [item.name for item in kept.objects] == ["dining table"]
    assert dict(refused) == {
        "x" * 80: Reason("bad_name", "the name has 10000 characters, over 80", 10_000),
        "": Reason("bad_name", "the name is empty"),
    }
    assert kept.author.startswith("Ann LeeAnn Lee") and len(kept.author) == 200


@pytest.mark.parametrize("key", ["coco", "yolo"])
def test_the_boxes_of_a_photo_that_was_scaled_down_are_scaled_along(tmp_path: Path, key: str) -> None:
    paths = in_every_format(tmp_path)
    half = replace(source("a.jpg", 320, 240), original_width=640, original_height=480)
    found = AnnotatedPhotos(key, paths[key]).objects_of(half)
    assert not isinstance(found, Reason)
    assert [o.box for o in found[0].objects] == [(32, 24, 160, 120)]


def test_a_scaled_photo_is_held_against_the_size_it_had(tmp_path: Path) -> None:
    annotations = AnnotatedPhotos("coco", write(tmp_path / "i.json"))
    other = replace(source("a.jpg", 320, 240), original_width=640, original_height=481)
    found = annotations.objects_of(other)
    assert isinstance(found, Reason) and "the image is 640x481" in found.text
