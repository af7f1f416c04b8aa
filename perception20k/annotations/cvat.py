"""CVAT's export "CVAT for images 1.1": one XML file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree as ET

from perception20k.annotations.record import AnnotatedImage, LabelledBox, around, corners, reading, turned


def read_cvat(path: Path) -> Iterator[AnnotatedImage]:
    """The images of an export, boxes and polygons.

    Raises:
        UserError: the file is missing, not XML, or not in the form of that export; the line names the image.
    """
    with reading(path):
        try:
            yield from _images(path)
        except ET.ParseError as error:
            raise ValueError(f"not an XML file: {error}") from None


def is_cvat(head: str) -> bool:
    """Whether the beginning of an XML file looks like an export of CVAT."""
    return "<annotations>" in head


def _images(path: Path) -> Iterator[AnnotatedImage]:
    root = None
    for event, element in ET.iterparse(path, events=("start", "end")):
        if root is None:
            root = element
            if root.tag != "annotations":
                raise ValueError(f"not an export of CVAT: <{root.tag}> where <annotations> is expected")
        elif event == "end" and element.tag == "track":
            raise ValueError("an export of 'CVAT for video'. Export it as 'CVAT for images 1.1'")
        elif event == "end" and element.tag == "image":
            yield _image(element)
            root.clear()  # or the memory grows with the file


def _image(element: ET.Element) -> AnnotatedImage:
    name = element.get("name")
    if not name:
        raise ValueError("an <image> lacks its name")
    try:
        width, height = int(element.get("width", "")), int(element.get("height", ""))
    except ValueError:
        raise ValueError(f"{name[:80]}: no image size: <image> needs width and height") from None
    shapes = [shape for shape in element if shape.tag in ("box", "polygon")]
    try:
        return AnnotatedImage(name, tuple(_box(shape) for shape in shapes), width, height)
    except KeyError as error:
        raise ValueError(f"{name[:80]}: a shape lacks {error}") from None
    except ValueError as error:
        raise ValueError(f"{name[:80]}: {error}") from None


def _box(shape: ET.Element) -> LabelledBox:
    """A box, which may be turned about its centre, or the box around a polygon."""
    label = shape.attrib["label"]
    if shape.tag == "polygon":
        try:
            points = [point.split(",") for point in shape.attrib["points"].split(";")]
            return LabelledBox(label, around([(float(x), float(y)) for x, y in points]))
        except ValueError:
            raise ValueError(f"points {shape.attrib['points'][:80]!r} are not pairs of numbers") from None
    x1, y1, x2, y2 = box = corners(shape.attrib[side] for side in ("xtl", "ytl", "xbr", "ybr"))
    return LabelledBox(label, turned(box, float(shape.get("rotation", 0)), ((x1 + x2) / 2, (y1 + y2) / 2)))
