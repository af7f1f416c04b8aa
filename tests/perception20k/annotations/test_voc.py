from pathlib import Path

import pytest

from perception20k.annotations.record import AnnotatedImage, LabelledBox
from perception20k.annotations.voc import read_voc
from perception20k.core.errors import UserError

SIZE = "<size><width>640</width><height>480</height><depth>3</depth></size>"


def item(name: str, *sides: object) -> str:
    tags = "".join(f"<{tag}>{side}</{tag}>" for tag, side in zip(("xmin", "ymin", "xmax", "ymax"), sides, strict=True))
    return f"<object><name>{name}</name><bndbox>{tags}</bndbox></object>"


def write(folder: Path, body: str, name: str = "a.xml") -> Path:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(f"<annotation>{body}</annotation>")
    return folder


def test_pixels_count_from_one_and_the_last_belongs_to_the_box(tmp_path: Path) -> None:
    body = "<filename>a.jpg</filename>" + SIZE + item("dog", 1, 11, 640, 20.5) + item("cat", 0, 0, 9, 9)
    boxes = (LabelledBox("dog", (0, 10, 640, 20.5)), LabelledBox("cat", (0, 0, 9, 9)))
    assert list(read_voc(write(tmp_path, body))) == [AnnotatedImage("a", boxes, 640, 480)]


def test_an_image_is_named_by_its_filename_or_by_the_file(tmp_path: Path) -> None:
    for name, file in (("1.xml", r"C:\photos\b.2.png"), ("deep/c.xml", ""), ("d.xml", "2007_01")):
        write(tmp_path, f"<filename>{file}</filename>{SIZE}", name)
    assert [image.file for image in read_voc(tmp_path)] == ["b.2", "2007_01", "c"]


def test_names_are_taken_as_they_stand(tmp_path: Path) -> None:
    names = ["dining\u2028table", "x" * 10_000, "café"]
    [image] = read_voc(write(tmp_path, SIZE + "".join(item(name, 1, 1, 9, 9) for name in names)))
    assert [box.name for box in image.boxes] == names


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("", "no image size: <size> needs <width> and <height>"),
        ("<size><width>0</width><height>0</height></size>", "no image size"),
        ("<size><width>wide</width><height>9</height></size>", "no image size"),
        (SIZE + "<object><name>dog</name></object>", "object 1: lacks <bndbox>"),
        (SIZE + item("dog", 1, 1, 9, 9) + "<object><bndbox/></object>", "object 2: lacks <name>"),
        (SIZE + item("dog", 1, 1, 9, 9).replace("ymax", "ymux"), "object 1: lacks <ymax>"),
        (SIZE + item("dog", 1, 1, "nine", 9), "object 1: box '1', '1', 'nine', '9' is not four finite numbers"),
        (SIZE + item("dog", 1, 1, "nan", 9), "is not four finite numbers"),
        ("<object>", "not an XML file: mismatched tag"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_object(tmp_path: Path, body: str, message: str) -> None:
    with pytest.raises(UserError) as caught:
        list(read_voc(write(tmp_path, body)))
    assert str(caught.value).startswith(f"{tmp_path / 'a.xml'}: ") and message in str(caught.value)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"<annotations/>", "not a Pascal VOC file: <annotations> where <annotation> is expected"),
        ("<annotation><filename>café</filename></annotation>".encode("latin-1"), "not an XML file"),
        (b"", "not an XML file: no element found"),
    ],
)
def test_a_file_of_another_kind_is_one_line(tmp_path: Path, data: bytes, message: str) -> None:
    (tmp_path / "a.xml").write_bytes(data)
    with pytest.raises(UserError) as caught:
        list(read_voc(tmp_path))
    assert message in str(caught.value)


def test_a_folder_without_files_and_a_missing_one_are_named(tmp_path: Path) -> None:
    for folder, message in ((tmp_path, "no XML file in this folder"), (tmp_path / "none", "no such folder")):
        with pytest.raises(UserError, match=f"{folder}: {message}"):
            list(read_voc(folder))
