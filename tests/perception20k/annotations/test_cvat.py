from pathlib import Path

import pytest

from perception20k.annotations.cvat import read_cvat
from perception20k.annotations.record import AnnotatedImage, LabelledBox
from perception20k.core.errors import UserError

BOX = '<box label="dog" source="manual" occluded="0" xtl="10.5" ytl="20" xbr="30" ybr="40" z_order="0"/>'


def image(*shapes: str, name: str = "photos/a.jpg", size: str = 'width="640" height="480"') -> str:
    return f'<image id="0" name="{name}" {size}>{"".join(shapes)}</image>'


def write(path: Path, *parts: str, root: str = "annotations") -> Path:
    path.write_text(f'<?xml version="1.0" encoding="utf-8"?>\n<{root}><version>1.1</version>{"".join(parts)}</{root}>')
    return path


def test_boxes_and_polygons_of_every_image(tmp_path: Path) -> None:
    polygon = '<polygon label="cat" points="5.0,1.0;2.5,9.0;7.0,3.0"/>'
    path = write(
        tmp_path / "annotations.xml", "<meta><task/></meta>", image(BOX, polygon, "<tag/>"), image(name="b.jpg")
    )
    boxes = (LabelledBox("dog", (10.5, 20, 30, 40)), LabelledBox("cat", (2.5, 1, 7, 9)))
    assert list(read_cvat(path)) == [
        AnnotatedImage("photos/a.jpg", boxes, 640, 480),
        AnnotatedImage("b.jpg", (), 640, 480),
    ]


def test_a_turned_box_gives_the_upright_box_around_it(tmp_path: Path) -> None:
    box = '<box label="dog" xtl="10" ytl="10" xbr="30" ybr="20" rotation="90.0"/>'
    [found] = read_cvat(write(tmp_path / "a.xml", image(box)))
    assert [round(side, 6) for side in found.boxes[0].corners] == [15, 5, 25, 25]


def test_names_are_taken_as_they_stand(tmp_path: Path) -> None:
    name = "dining\u2028table" + "x" * 10_000
    [found] = read_cvat(write(tmp_path / "a.xml", image(BOX.replace("dog", name))))
    assert found.boxes[0].name == name


@pytest.mark.parametrize(
    ("part", "message"),
    [
        ('<image id="0" width="6" height="4"/>', "an <image> lacks its name"),
        (image(size=""), "photos/a.jpg: no image size: <image> needs width and height"),
        (image(BOX.replace("xbr", "right")), "photos/a.jpg: a shape lacks 'xbr'"),
        (image(BOX.replace("label", "name")), "photos/a.jpg: a shape lacks 'label'"),
        (image(BOX.replace("10.5", "nan")), "photos/a.jpg: box 'nan', '20', '30', '40' is not four finite numbers"),
        (image('<polygon label="a" points="1,2;3"/>'), "photos/a.jpg: points '1,2;3' are not pairs of numbers"),
        ('<track id="0" label="dog"><box frame="0"/></track>', "an export of 'CVAT for video'. Export it as"),
        ("<image>", "not an XML file: mismatched tag"),
    ],
)
def test_a_mistake_is_one_line_with_file_and_image(tmp_path: Path, part: str, message: str) -> None:
    path = write(tmp_path / "a.xml", part)
    with pytest.raises(UserError) as caught:
        list(read_cvat(path))
    assert str(caught.value).startswith(f"{path}: {message}")


def test_a_file_of_another_kind_or_missing_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="not an export of CVAT: <annotation> where <annotations> is expected"):
        list(read_cvat(write(tmp_path / "a.xml", root="annotation")))
    with pytest.raises(UserError, match="no such annotation file"):
        list(read_cvat(tmp_path / "none.xml"))
    (tmp_path / "b.xml").write_bytes(b"<annotations>caf\xe9</annotations>")
    with pytest.raises(UserError, match="not an XML file: not well-formed"):
        list(read_cvat(tmp_path / "b.xml"))
