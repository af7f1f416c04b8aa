from pathlib import Path

import pytest

from perception20k.annotations.record import LabelledBox
from perception20k.annotations.yolo import read_yolo
from perception20k.core.errors import UserError

DATA = "path: .\ntrain: images/train\nval: images/val\nnames: [dog, red car]\n"


def write(folder: Path, labels: dict[str, str], data: str = DATA) -> Path:
    for name, text in labels.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    (folder / "data.yaml").write_text(data)
    return folder / "data.yaml"


@pytest.mark.parametrize("names", ["names: [dog, red car]", "names: {0: dog, 1: red car}"])
def test_centre_and_size_become_corners_in_shares_of_the_image(tmp_path: Path, names: str) -> None:
    path = write(tmp_path, {"labels/a.txt": "1 0.5 0.5 0.25 0.5\n\n0 0.25 0.25 0.5 0.5 0.93\n"}, f"train: x\n{names}\n")
    [image] = read_yolo(path)
    assert image.relative and image.width is None
    assert image.boxes == (LabelledBox("red car", (0.375, 0.25, 0.625, 0.75)), LabelledBox("dog", (0, 0, 0.5, 0.5)))


def test_an_outline_gives_the_box_around_it(tmp_path: Path) -> None:
    [image] = read_yolo(write(tmp_path, {"labels/a.txt": "0 0.1 0.2 0.5 0.1 0.3 0.6\n"}))
    assert image.boxes == (LabelledBox("dog", (0.1, 0.1, 0.5, 0.6)),)


@pytest.mark.parametrize(
    ("files", "images"),
    [
        (["labels/train/a.txt", "labels/val/b.txt"], ["train/a", "val/b"]),
        (["train/labels/a.txt", "valid/labels/b.c.txt"], ["a", "b.c"]),
        (["train/labels/a.txt", "valid/labels/a.txt"], ["train/images/a", "valid/images/a"]),
        (["labels/labels/a.txt", "README.txt"], ["a"]),
    ],
)
def test_a_label_file_names_its_image(tmp_path: Path, files: list[str], images: list[str]) -> None:
    assert [image.file for image in read_yolo(write(tmp_path, dict.fromkeys(files, "")))] == images


def test_a_name_with_a_unicode_line_break_ends_no_line(tmp_path: Path) -> None:
    data = 'train: x\nnames: ["dining\\u2028table"]\n'
    [image] = read_yolo(write(tmp_path, {"labels/a\u2028b.txt": "0 0.5 0.5 0.5 0.5\n"}, data))
    assert (image.file, image.boxes[0].name) == ("a\u2028b", "dining\u2028table")


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("2 0.5 0.5 0.5 0.5", "class 2 is not among the 2 names of data.yaml"),
        ("-1 0.5 0.5 0.5 0.5", "class -1 is not among the 2 names of data.yaml"),
        ("dog 0.5 0.5 0.5 0.5", "'dog' is not a class number"),
        ("0 0.5 0.5 0.5", "3 values after the class where a box has 4 and an outline pairs"),
        ("0 1 2 3 4 5 6 7", "7 values after the class"),
        ("0 0.5 0.5 nan 0.5", "box '0.5', '0.5', 'nan', '0.5' is not four finite numbers"),
        ("0 0.5,0.5,0.5,0.5 1 1 1", "is not four finite numbers"),
        ("0 1 2 3 x 5 6", "the outline is not made of numbers"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_line(tmp_path: Path, line: str, message: str) -> None:
    path = write(tmp_path, {"labels/a.txt": f"0 0.5 0.5 0.5 0.5\n{line}\n"})
    with pytest.raises(UserError) as caught:
        list(read_yolo(path))
    assert str(caught.value).startswith(f"{tmp_path / 'labels/a.txt'}: line 2: ") and message in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("train: x\n", "'names' must be a list of class names"),
        ("names: dog\n", "'names' must be"),
        ("names: []\n", "'names' must be"),
        ("names: {dog: 0}\n", "'names' must be"),
        ("[", "not a YAML file"),
        (DATA, "no label file in a folder 'labels' beside it"),
    ],
)
def test_a_data_file_that_cannot_be_used_is_one_line(tmp_path: Path, data: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        list(read_yolo(write(tmp_path, {}, data)))
    assert str(caught.value).startswith(f"{tmp_path / 'data.yaml'}: ") and message in str(caught.value)


def test_files_that_are_missing_or_not_utf8_are_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"data\.yaml: no such annotation file"):
        list(read_yolo(tmp_path / "data.yaml"))
    path = write(tmp_path, {"labels/a.txt": ""})
    (tmp_path / "labels" / "a.txt").write_bytes(b"0 0.5 \xff")
    with pytest.raises(UserError, match=r"a\.txt: not UTF-8 text"):
        list(read_yolo(path))
