from pathlib import Path

import pytest

from perception20k.annotations.near import annotations_near, format_of

VOC = "<annotation><filename>a.jpg</filename></annotation>"
COCO = '{"images": [], "annotations": [], "categories": []}'
YOLO = "train: images\nnames: [dog]\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


@pytest.mark.parametrize(
    ("name", "text", "key"),
    [
        ("a.json", COCO, "coco"),
        ("a.JSON", "\ufeff" + COCO, "coco"),
        (
            "a.json",
            '{"info": {}, "annotations": [' + "{}, " * 50_000 + ']}, "categories": [{"synset": "a.n.01"}]}',
            "lvis",
        ),
        ("a.json", '[{"id": 1, "annotations": [], "data": {}}]', "label_studio"),
        ("a.json", '{"name": "package"}', None),
        ("a.json", "", None),
        ("a.xml", VOC, "voc"),
        ("a.xml", "<?xml version='1.0'?>\n<annotations><version>1.1</version></annotations>", "cvat"),
        ("a.xml", "<svg/>", None),
        ("data.yaml", YOLO, "yolo"),
        ("my.yaml", "sources: [photos/]\nannotations: {coco: a.json}\n", None),
        ("a.csv", "file,name,x1,y1,x2,y2\n", "csv"),
        ("a.csv", "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax\n", "open_images"),
        ("scores.csv", "file,mos\n", None),
        ("a.txt", COCO, None),
    ],
)
def test_a_file_is_told_by_suffix_and_content(tmp_path: Path, name: str, text: str, key: str | None) -> None:
    found = format_of(write(tmp_path / name, text))
    assert (found.key if found else None) == key


def test_a_missing_file_has_no_format(tmp_path: Path) -> None:
    assert format_of(tmp_path / "none.json") is None


def test_annotations_are_found_in_a_folder_and_beside_it_the_nearest_first(tmp_path: Path) -> None:
    home = tmp_path / "data" / "images" / "train"
    inside, beside = write(home / "boxes.csv", "file,name,x1,y1,x2,y2\n"), write(tmp_path / "data" / "data.yaml", YOLO)
    for number in range(3):  # one folder, not three files
        write(tmp_path / "data" / "Annotations" / f"{number}.xml", VOC)
    write(home / "deeper" / "other.json", COCO)
    found = [(one.key, path) for one, path in annotations_near(home)]
    assert found == [("csv", inside), ("yolo", beside), ("voc", tmp_path / "data" / "Annotations")]
