"""Objects and boxes from annotations: any COCO instances file.

A COCO file replaces the describe and detect stages. Its categories are the phrases; of several instances of one
category the most salient (the largest) is taken.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TypeVar

from perception20k.core.errors import UserError
from perception20k.dataset.boxes import Box, box_area
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import SceneObject, Source
from perception20k.pipeline.stages.names import Names, plain
from perception20k.pipeline.stages.object_names import MAX_NAME, bad_name, clean

T = TypeVar("T")

MAX_CREDIT = 200
"""Characters of a licence's or a person's name."""


@dataclass(frozen=True)
class AnnotatedImage:
    """What a COCO file says about one image."""

    width: int
    height: int
    objects: tuple[SceneObject, ...]
    licence: str
    author: str


class CocoAnnotations:
    """A COCO instances file, looked up by a source's name; see :class:`perception20k.pipeline.stages.names.Names`.

    Args:
        path: the file.
        origins: of all photos, to detect ambiguous names.

    Raises:
        UserError: the file is missing, not JSON, or not in COCO's instances form.
    """

    def __init__(self, path: Path, origins: Iterable[str] = ()) -> None:
        data = _read(path)
        try:
            self._images = _images(data)
        except (KeyError, TypeError, ValueError) as error:
            raise UserError(f"{path}: not a COCO instances file: {_what(error)}") from None
        self._names = Names(self._images, origins)

    def find(self, source: Source) -> AnnotatedImage | Reason:
        """The annotated image of a source, or the reason why there is none."""
        name = self._names.find(source.origin)
        if not isinstance(name, str):
            return name or Reason("not_listed", "no annotation names this file")
        images = self._images[name]
        if len(images) > 1:
            text = f"ambiguous: the annotations hold {len(images)} different images called '{name}'"
            return Reason("ambiguous_name", text)
        return images[0]

    def objects_of(self, source: Source) -> tuple[Source, list[tuple[str, Reason]]] | Reason:
        """The source with objects, licence and author from its annotations, or the reason why there are none.

        One object a category, the largest instance; largest first. Beside the source, ``(category, reason)`` of the
        categories whose names cannot be used.
        """
        found = self.find(source)
        if isinstance(found, Reason):
            return found
        if (found.width, found.height) != (source.width, source.height):
            text = f"the annotation is for {found.width}x{found.height}, the image is {source.width}x{source.height}"
            return Reason("size_mismatch", text)
        largest: dict[str, SceneObject] = {}
        for item in sorted(found.objects, key=lambda o: (-box_area(o.box), o.box, o.name)):
            largest.setdefault(item.name.casefold(), item)
        refused = {item.name: reason for item in largest.values() if (reason := bad_name(item.name))}
        objects = tuple(item for item in largest.values() if item.name not in refused)
        kept = replace(source, objects=objects, licence=found.licence, author=found.author)
        return kept, [(name[:MAX_NAME], reason) for name, reason in refused.items()]


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8-sig"), object_hook=_without_outlines)
    except FileNotFoundError:
        raise UserError(f"{path}: no such annotation file", "Check the config's 'annotations'") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror}") from None
    except (ValueError, RecursionError) as error:  # not JSON, not UTF-8
        raise UserError(f"{path}: not a JSON file: {error}") from None
    if not isinstance(data, dict):
        raise UserError(f"{path}: not a COCO instances file: expected keys 'images', 'annotations', 'categories'")
    return data


def _without_outlines(entry: dict[str, Any]) -> dict[str, Any]:
    """A JSON object without its outline, which is nine tenths of COCO's bytes, dropped while parsing."""
    entry.pop("segmentation", None)
    return entry


def _images(data: dict[str, Any]) -> dict[str, list[AnnotatedImage]]:
    """Annotated images by file name; more than one where different images share a name."""
    categories = dict(_each(data, "categories", lambda entry: (_id(entry, "id"), clean(str(entry["name"])))))
    licences = dict(_each(data, "licenses", lambda entry: (_id(entry, "id"), _credit(entry, "name"))))
    objects: dict[int | str, list[SceneObject]] = {}
    images: dict[int | str, dict[str, Any]] = {}

    def list_image(entry: dict[str, Any]) -> None:
        image = _id(entry, "id")
        if images.setdefault(image, entry) != entry:
            raise ValueError(f"the id {image!r} belongs to another image")
        if not isinstance(entry["file_name"], str) or not all(isinstance(entry[k], int) for k in ("width", "height")):
            raise ValueError("file_name must be a string, width and height integers")
        objects[image] = []

    def add_object(entry: dict[str, Any]) -> None:
        if entry.get("iscrowd", 0):
            return
        image = _id(entry, "image_id")
        if image not in objects:
            raise ValueError(f"for image {image!r}, which is not listed")
        category = _id(entry, "category_id")
        if category not in categories:
            raise ValueError(f"of category {category!r}, which is not listed")
        objects[image].append(SceneObject(categories[category], _box(entry["bbox"])))

    for _ in _each(data, "images", list_image):
        pass
    for _ in _each(data, "annotations", add_object):
        pass
    by_name: dict[str, list[AnnotatedImage]] = {}
    for image, entry in images.items():
        licence = licences.get(entry["license"], "") if isinstance(entry.get("license"), int | str) else ""
        author = _credit(entry, "author")
        annotated = AnnotatedImage(entry["width"], entry["height"], tuple(objects[image]), licence, author)
        named = by_name.setdefault(plain(entry["file_name"]), [])
        if annotated not in named:
            named.append(annotated)
    return by_name


def _each(data: dict[str, Any], key: str, read: Callable[[dict[str, Any]], T]) -> Iterator[T]:
    """What ``read`` returns for each entry of one of the file's lists; errors name the entry."""
    entries = data.get(key) or [] if key == "licenses" else data[key]
    if not isinstance(entries, list):
        raise ValueError(f"'{key}' is not a list")
    for place, entry in enumerate(entries):
        try:
            if not isinstance(entry, dict):
                raise ValueError("not an object")
            value = read(entry)
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(f"{key}[{place}]: {_what(error)}") from None
        yield value


def _credit(entry: dict[str, Any], key: str) -> str:
    """A licence's or a person's name, cleaned and cut: it is only printed."""
    return clean(str(entry.get(key, "")))[:MAX_CREDIT]


def _id(entry: dict[str, Any], key: str) -> int | str:
    value = entry[key]
    if not isinstance(value, int | str):
        raise ValueError(f"{key} {value!r} is not an id")
    return value


def _box(bbox: Any) -> Box:
    """COCO's x, y, width and height as corners in whole pixels, rounded outwards."""
    try:
        x, y, width, height = (float(value) for value in bbox)
        return math.floor(x), math.floor(y), math.ceil(x + width), math.ceil(y + height)
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"bbox {repr(bbox)[:80]} is not four finite numbers") from None


def _what(error: Exception) -> str:
    return f"lacks {error}" if isinstance(error, KeyError) else str(error)
