"""COCO instances files, and LVIS, which is COCO with a name for every kind of thing.

Outlines are nine tenths of COCO's bytes. The file is mapped into memory and decoded straight into the few fields
below, so that outlines are skipped without becoming objects.
"""

from __future__ import annotations

import json
import mmap
import re
from collections.abc import Iterable, Iterator
from math import isfinite
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

import msgspec

from perception20k.annotations.record import AnnotatedImage, LabelledBox, reading

Id = int | str
T = TypeVar("T")


class _Image(msgspec.Struct, gc=False):
    id: Id
    width: int
    height: int
    file_name: str = ""
    coco_url: str = ""
    license: Any = None
    author: Any = ""


class _Instance(msgspec.Struct, gc=False):
    image_id: Id
    category_id: Id
    bbox: tuple[float, float, float, float]
    iscrowd: Any = 0


class _Named(msgspec.Struct, gc=False):
    id: Id
    name: Any


class _Instances(msgspec.Struct):
    images: list[_Image]
    annotations: list[_Instance]
    categories: list[_Named]
    licenses: list[_Named] | None = None


def read_coco(path: Path) -> Iterator[AnnotatedImage]:
    """The images of a COCO instances file, crowds left out.

    Raises:
        UserError: the file is missing, not JSON, or not in COCO's instances form; the line names the entry.
    """
    with reading(path):
        data = _decoded(path)
        yield from _images(data, {entry.id: str(entry.name) for entry in data.categories})


def read_lvis(path: Path) -> Iterator[AnnotatedImage]:
    """The images of an LVIS file. Its names are words of a dictionary: ``bow_(weapon)`` is read as "bow".

    Raises:
        UserError: see :func:`read_coco`.
    """
    with reading(path):
        data = _decoded(path)
        yield from _images(data, {entry.id: _word(str(entry.name)) for entry in data.categories})


def is_coco(head: str) -> bool:
    """Whether the beginning of a file looks like a COCO instances file."""
    return head.startswith("{") and re.search(r'"(images|annotations|categories|licenses|info)"\s*:', head) is not None


def is_lvis(head: str) -> bool:
    """Whether the beginning of a file looks like LVIS."""
    return is_coco(head) and any(f'"{key}"' in head for key in ("neg_category_ids", "synset", "frequency"))


def _word(name: str) -> str:
    return re.sub(r"_?\(.*\)$", "", name).replace("_", " ")


def _decoded(path: Path) -> _Instances:
    with path.open("rb") as stream:
        try:
            with mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ) as view:
                return msgspec.json.decode(view, type=_Instances)
        except (msgspec.MsgspecError, ValueError):  # ValueError: an empty file, which cannot be mapped
            pass
    # slowly: a byte order mark, NaN and halves of surrogate pairs are harmless, and the errors name the place
    try:
        plain = json.loads(path.read_text(encoding="utf-8-sig"))
    except UnicodeDecodeError:
        raise
    except (ValueError, RecursionError) as error:
        raise ValueError(f"not a JSON file: {error}") from None
    try:
        return msgspec.convert(plain, type=_Instances)
    except msgspec.ValidationError as error:
        what, _, place = (
            str(error).replace("Object missing required field", "lacks").replace("`", "'").partition(" - at ")
        )
        where = f"{place[3:-1]}: " if place else ""  # as in '$.annotations[0].bbox'
        raise ValueError(f"not a COCO instances file: {where}{what[0].lower()}{what[1:]}") from None


def _images(data: _Instances, categories: dict[Id, str]) -> Iterator[AnnotatedImage]:
    licences = {entry.id: str(entry.name) for entry in data.licenses or ()}
    images: dict[Id, _Image] = {}
    for place, image in enumerate(data.images):
        if images.setdefault(image.id, image) != image:
            raise _wrong("images", place, f"the id {image.id!r} belongs to another image")
        if not (image.file_name or image.coco_url):
            raise _wrong("images", place, "lacks 'file_name'")
    boxes: dict[Id, list[LabelledBox]] = {image: [] for image in images}
    for place, instance in enumerate(_emptied(data.annotations)):
        if instance.iscrowd:
            continue
        if instance.image_id not in images:
            raise _wrong("annotations", place, f"for image {instance.image_id!r}, which is not listed")
        if instance.category_id not in categories:
            raise _wrong("annotations", place, f"of category {instance.category_id!r}, which is not listed")
        x, y, width, height = instance.bbox
        x2, y2 = x + width, y + height
        if not isfinite(x2 + y2):
            raise _wrong("annotations", place, f"bbox {[*instance.bbox]} is not four finite numbers")
        boxes[instance.image_id].append(LabelledBox(categories[instance.category_id], (x, y, x2, y2)))
    for image in images.values():
        name = image.file_name or PurePosixPath(image.coco_url).name
        licence = licences.get(image.license, "") if isinstance(image.license, int | str) else ""
        found = tuple(boxes.pop(image.id))
        yield AnnotatedImage(name, found, image.width, image.height, licence=licence, author=str(image.author))


def _emptied(entries: list[T]) -> Iterable[T]:
    """The entries in their order, each freed once it was used."""
    entries.reverse()
    while entries:
        yield entries.pop()


def _wrong(key: str, place: int, what: str) -> ValueError:
    return ValueError(f"not a COCO instances file: {key}[{place}]: {what}")
