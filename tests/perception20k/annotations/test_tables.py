from pathlib import Path

import pytest

from perception20k.annotations.record import AnnotatedImage, LabelledBox
from perception20k.annotations.tables import read_csv, read_open_images
from perception20k.core.errors import UserError

HEAD = "file,name,x1,y1,x2,y2"
OPEN = "ImageID,Source,LabelName,Confidence,XMin,XMax,YMin,YMax,IsOccluded,IsTruncated,IsGroupOf,IsDepiction,IsInside"


def write(path: Path, *lines: str, encoding: str = "utf-8") -> Path:
    path.write_bytes("".join(f"{line}\n" for line in lines).encode(encoding))
    return path


def test_a_row_is_a_box_and_other_columns_are_ignored(tmp_path: Path) -> None:
    lines = (
        "name, x1,y1,x2,y2,note,file",
        "dog,1,2,30.5,40,ok,x/a.jpg",
        "",
        '"cup, red",0,0,9,9,,b.jpg',
        "cat,5,6,7,8,,x/a.jpg",
    )
    found = list(read_csv(write(tmp_path / "boxes.csv", *lines, encoding="utf-8-sig")))
    first = (LabelledBox("dog", (1, 2, 30.5, 40)), LabelledBox("cat", (5, 6, 7, 8)))
    assert found == [
        AnnotatedImage("x/a.jpg", first),
        AnnotatedImage("b.jpg", (LabelledBox("cup, red", (0, 0, 9, 9)),)),
    ]


def test_names_are_taken_as_they_stand(tmp_path: Path) -> None:
    names = ["dining\u2028table", "x" * 10_000, ""]
    [image] = read_csv(write(tmp_path / "boxes.csv", HEAD, *(f"a.jpg,{name},0,0,9,9" for name in names)))
    assert [box.name for box in image.boxes] == names


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ((), "no column 'file'. Columns: none"),
        (("file,label,x1,y1,x2,y2",), "no column 'name'. Columns: file, label, x1, y1, x2, y2"),
        ((HEAD, "a.jpg,dog,1,2,3"), "line 2: 5 cells under 6 columns"),
        ((HEAD, "a.jpg,dog,1,2,3,4,5"), "line 2: 7 cells under 6 columns"),
        ((HEAD, "a.jpg,dog,1,2,3,4", "a.jpg,dog,1,,3,4"), "line 3: box '1', '', '3', '4' is not four finite numbers"),
        ((HEAD, '"a\nb.jpg",dog,1,2,3,inf'), "line 3: box '1', '2', '3', 'inf' is not four finite numbers"),
        ((HEAD, "a.jpg," + "x" * 140_000 + ",1,2,3,4"), "not a CSV file: field larger than field limit"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_line(tmp_path: Path, lines: tuple[str, ...], message: str) -> None:
    path = write(tmp_path / "boxes.csv", *lines)
    with pytest.raises(UserError) as caught:
        list(read_csv(path))
    assert str(caught.value).startswith(f"{path}: {message}")


def test_a_table_that_is_missing_or_not_utf8_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"boxes\.csv: no such annotation file"):
        list(read_csv(tmp_path / "boxes.csv"))
    write(tmp_path / "boxes.csv", HEAD, "a.jpg,café,1,2,3,4", encoding="latin-1")
    with pytest.raises(UserError, match=r"boxes\.csv: not UTF-8 text"):
        list(read_csv(tmp_path / "boxes.csv"))


def open_images(folder: Path, *rows: str) -> Path:
    return write(folder / "train-annotations-bbox.csv", OPEN, *rows)


def test_open_images_names_come_from_the_descriptions_beside_the_boxes(tmp_path: Path) -> None:
    write(tmp_path / "class-descriptions-boxable.csv", "/m/01,Dog", '/m/02,"Cup, red"')
    path = open_images(
        tmp_path,
        "00ab,xclick,/m/01,1,0.25,0.5,0.1,1,0,0,0,0,0",
        "00ab,xclick,/m/02,1,0,1,0,1,0,0,1,0,0",  # a group
        "00ac,xclick,/m/02,1,0,1,0,1,0,0,0,1,0",  # a depiction
    )
    boxes = (LabelledBox("Dog", (0.25, 0.1, 0.5, 1)),)
    assert list(read_open_images(path)) == [
        AnnotatedImage("00ab", boxes, relative=True),
        AnnotatedImage("00ac", (), relative=True),
    ]


def test_open_images_codes_without_a_name_are_one_line(tmp_path: Path) -> None:
    path = open_images(tmp_path, "00ab,xclick,/m/01,1,0.25,0.5,0.1,1,0,0,0,0,0")
    with pytest.raises(UserError, match=r"line 2: the name of '/m/01' is not in a .*, which is not beside it"):
        list(read_open_images(path))
    write(tmp_path / "oidv7-class-descriptions-boxable.csv", "LabelName,DisplayName", "/m/02,Cup")
    with pytest.raises(UserError, match="line 2: the name of '/m/01' is not in the class descriptions"):
        list(read_open_images(path))


def test_open_images_columns_are_checked(tmp_path: Path) -> None:
    path = write(tmp_path / "boxes.csv", "ImageID,LabelName,XMin,XMax,YMin", "a,Dog,0,1,0")
    with pytest.raises(UserError, match="no column 'YMax'"):
        list(read_open_images(path))
