"""What a picture starts with: the objects that an annotation file has for it, to be accepted, corrected or dropped."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

from annotate_app.annotate.pictures import Opened, Picture
from annotate_app.annotate.rules import DrawnObject
from perception20k.annotations import FORMATS
from perception20k.core.errors import UserError
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import SceneObject, Source
from perception20k.pipeline.stages.annotate import AnnotatedPhotos

Find = Callable[[Picture, Opened], tuple[DrawnObject, ...] | None]
"""The objects of a picture; None if nothing is known of it."""


def from_file(path: Path, pictures: Iterable[Picture]) -> Find:
    """The objects of an annotation file, matched to pictures by name as a build matches them.

    Raises:
        UserError: the file is in none of the formats of :mod:`perception20k.annotations`.
    """
    annotations = AnnotatedPhotos(_format_of(path), path, [picture.origin for picture in pictures])

    def find(picture: Picture, opened: Opened) -> tuple[DrawnObject, ...] | None:
        source = Source("", "", "", opened.width, opened.height, picture.origin)
        source = replace(source, original_width=opened.original_width, original_height=opened.original_height)
        found = annotations.objects_of(source)
        return None if isinstance(found, Reason) else inside(found[0].objects, opened)

    return find


def _format_of(path: Path) -> str:
    """The key of the format that a file is in."""
    if path.is_dir():
        return "voc"
    with path.open(encoding="utf-8", errors="replace") as stream:
        head = stream.read(65536)
    for key, form in FORMATS.items():
        if path.suffix.lower() in form.suffixes and form.matches(head):
            return key
    raise UserError(f"{path}: not an annotation file", f"Known: {', '.join(form.title for form in FORMATS.values())}")


def inside(objects: Iterable[SceneObject], opened: Opened) -> tuple[DrawnObject, ...]:
    """Objects as they can be drawn: cut at the edges of the picture; without what lies outside."""
    drawn = []
    for item in objects:
        x1, y1, x2, y2 = item.box
        box = max(0, x1), max(0, y1), min(opened.width, x2), min(opened.height, y2)
        if box[0] < box[2] and box[1] < box[3]:
            drawn.append(DrawnObject(item.name, box))
    return tuple(drawn)


def nothing(picture: Picture, opened: Opened) -> tuple[DrawnObject, ...] | None:
    """No proposals."""
    return None
