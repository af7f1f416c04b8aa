"""Stage 3, objects and boxes from annotations: any COCO instances file.

Where a model would describe the objects and a detector box them, a COCO file has both. Categories are the
phrases; of several instances of one category the most salient (the largest) stands for it.
"""

from __future__ import annotations

import json
import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perception20k.errors import UserError
from perception20k.records import SceneObject, Source


@dataclass(frozen=True)
class Scene:
    """What a COCO file says of one image."""

    width: int
    height: int
    objects: tuple[SceneObject, ...]
    licence: str
    author: str


class CocoAnnotations:
    """A COCO instances file, looked up by a source's name.

    Raises:
        UserError: the file is missing, not JSON, or not in COCO's instances form.
    """

    def __init__(self, path: Path) -> None:
        data = _read(path)
        try:
            self._scenes = _scenes(data)
        except (KeyError, TypeError, ValueError) as error:
            what = f"lacks {error}" if isinstance(error, KeyError) else str(error)
            raise UserError(f"{path}: not a COCO instances file: {what}") from None

    def find(self, source: Source) -> Scene | None:
        """The scene of a source: by its whole name, or by its file name alone."""
        return self._scenes.get(source.origin) or self._scenes.get(source.origin.rsplit("/", 1)[-1])

    def objects_of(self, source: Source) -> tuple[Source | None, str]:
        """The source with objects, licence and author from its annotations, or None and the reason.

        One object a category, the largest instance; largest first.
        """
        scene = self.find(source)
        if scene is None:
            return None, "no annotation names this file"
        if (scene.width, scene.height) != (source.width, source.height):
            return None, (
                f"the annotation is for {scene.width}x{scene.height}, the image is {source.width}x{source.height}"
            )
        largest: dict[str, SceneObject] = {}
        for item in sorted(scene.objects, key=lambda o: (-area(o), o.box, o.name)):
            largest.setdefault(item.name.casefold(), item)
        fields = {"objects": tuple(largest.values()), "licence": scene.licence, "author": scene.author}
        return Source(**{**source.__dict__, **fields}), ""


def area(item: SceneObject) -> int:
    """Area of an object's box in pixels."""
    x1, y1, x2, y2 = item.box
    return (x2 - x1) * (y2 - y1)


def _read(path: Path) -> dict[str, Any]:
    try:
        data = json.loads(path.read_text(encoding="utf-8"), object_hook=_without_outlines)
    except FileNotFoundError:
        raise UserError(f"{path}: no such annotation file", "Check the config's 'annotations'") from None
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise UserError(f"{path}: not a JSON file: {error}") from None
    if not isinstance(data, dict):
        raise UserError(f"{path}: not a COCO instances file: expected keys 'images', 'annotations', 'categories'")
    return data


def _without_outlines(entry: dict[str, Any]) -> dict[str, Any]:
    """An object of the file without its outline, nine tenths of COCO's bytes, dropped while the file is parsed."""
    entry.pop("segmentation", None)
    return entry


def _scenes(data: dict[str, Any]) -> dict[str, Scene]:
    categories = {c["id"]: str(c["name"]) for c in data["categories"]}
    licences = {entry["id"]: str(entry.get("name", "")) for entry in data.get("licenses", [])}
    objects: dict[Any, list[SceneObject]] = {image["id"]: [] for image in data["images"]}
    for annotation in data["annotations"]:
        if annotation.get("iscrowd", 0):
            continue
        if annotation["image_id"] not in objects:
            raise ValueError(f"annotation {annotation.get('id')} is for an image that is not listed")
        x, y, width, height = (float(value) for value in annotation["bbox"])
        box = (math.floor(x), math.floor(y), math.ceil(x + width), math.ceil(y + height))
        objects[annotation["image_id"]].append(SceneObject(categories[annotation["category_id"]], box))
    return {
        image["file_name"]: Scene(
            image["width"],
            image["height"],
            tuple(objects[image["id"]]),
            licences.get(image.get("license"), ""),
            str(image.get("author", "")),
        )
        for image in data["images"]
    }
