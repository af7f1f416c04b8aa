"""Pascal VOC: a folder of XML files, one an image."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from xml.etree import ElementTree as ET

from perception20k.annotations.record import AnnotatedImage, LabelledBox, corners, reading


def read_voc(path: Path) -> Iterator[AnnotatedImage]:
    """The images of a folder, in the order of its XML files, those of folders inside it included.

    An image is named by ``filename`` without its suffix, which tools get wrong, or by the XML file where that is empty.
    VOC counts pixels from 1 and includes the last one. Where a file says 0, its tool counted from 0.

    Raises:
        UserError: the folder is missing or holds no XML file, or a file is not in VOC's form.
    """
    with reading(path):
        files = sorted(path.rglob("*.xml"))
        if not files:
            raise ValueError("no XML file in this folder" if path.is_dir() else "no such folder")
    for file in files:
        with reading(file):
            yield _image(file)


def is_voc(head: str) -> bool:
    """Whether the beginning of an XML file looks like Pascal VOC."""
    return "<annotation>" in head or "<annotation " in head


def _image(file: Path) -> AnnotatedImage:
    try:
        root = ET.fromstring(file.read_bytes())
    except ET.ParseError as error:
        raise ValueError(f"not an XML file: {error}") from None
    if root.tag != "annotation":
        raise ValueError(f"not a Pascal VOC file: <{root.tag}> where <annotation> is expected")
    try:
        width, height = (int(root.findtext(f"size/{side}", "")) for side in ("width", "height"))
    except ValueError:
        width = height = 0
    if width < 1 or height < 1:
        raise ValueError("no image size: <size> needs <width> and <height>")
    named = PurePosixPath((root.findtext("filename") or "").strip().replace("\\", "/")).name
    name = re.sub(r"\.\w{3,4}$", "", named) or file.stem
    boxes = tuple(_box(item, place) for place, item in enumerate(root.iter("object"), 1))
    return AnnotatedImage(name, boxes, width, height)


def _box(item: ET.Element, place: int) -> LabelledBox:
    name, bounds = item.findtext("name"), item.find("bndbox")
    if name is None or bounds is None:
        raise ValueError(f"object {place}: lacks <{'name' if name is None else 'bndbox'}>")
    sides = ("xmin", "ymin", "xmax", "ymax")
    missing = next((side for side in sides if bounds.find(side) is None), None)
    if missing:
        raise ValueError(f"object {place}: lacks <{missing}>")
    try:
        x1, y1, x2, y2 = corners(bounds.findtext(side, "").strip() for side in sides)
    except ValueError as error:
        raise ValueError(f"object {place}: {error}") from None
    return LabelledBox(name, (x1 - 1 if x1 >= 1 else x1, y1 - 1 if y1 >= 1 else y1, x2, y2))
