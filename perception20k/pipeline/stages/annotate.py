"""Objects and boxes from annotations: any of the formats of :mod:`perception20k.annotations`.

Annotations replace the models. Their names are the phrases; of several instances of one name the most salient (the
largest) is taken.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path, PurePosixPath

from perception20k.annotations import FORMATS
from perception20k.annotations.record import AnnotatedImage, Corners
from perception20k.config import located
from perception20k.dataset.boxes import Box, box_area
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import SceneObject, Source
from perception20k.pipeline.stages.names import Names, plain
from perception20k.pipeline.stages.object_names import MAX_NAME, bad_name, clean
from perception20k.storage.remote import is_url

MAX_CREDIT = 200
"""Characters of a licence's or a person's name."""

_DUST = 2
"""Decimals of a pixel; what is beyond them is a trace of arithmetic, from shares of the image or from sums."""


class AnnotatedPhotos:
    """Annotations, looked up by a source's name; see :class:`perception20k.pipeline.stages.names.Names`.

    Args:
        key: of the format, in :data:`perception20k.annotations.FORMATS`.
        path: the file or folder, as the config spells it; a URL, where the format takes one.
        origins: of all photos, to detect ambiguous names.

    Raises:
        UserError: the file is missing, or not in the form of its format.
    """

    def __init__(self, key: str, path: Path | str, origins: Iterable[str] = ()) -> None:
        form = FORMATS[key]
        self._by_stem = form.by_stem
        self._images: dict[str, list[AnnotatedImage]] = {}
        for image in form.read(path if form.anywhere and is_url(str(path)) else located(str(path))):
            named = self._images.setdefault(plain(image.file), [])
            if image not in named:
                named.append(image)
        self._names = Names(self._images, map(self._spelled, origins))

    def has_boxes(self, origin: str) -> bool:
        """Whether exactly one annotated image is a photo of this name, and has boxes."""
        name = self._names.find(self._spelled(origin))
        return isinstance(name, str) and len(self._images[name]) == 1 and bool(self._images[name][0].boxes)

    def unmatched(self) -> set[str]:
        """Annotated images with boxes that no photo is."""
        return {name for name in self._names.unmatched() if any(image.boxes for image in self._images[name])}

    def objects_of(self, source: Source) -> tuple[Source, list[tuple[str, Reason]]] | Reason:
        """The source with objects, licence and author from its annotations, or the reason why there are none.

        One object a name, the largest instance; largest first. Beside the source, ``(name, reason)`` of the names that
        cannot be used.
        """
        name = self._names.find(self._spelled(source.origin))
        if not isinstance(name, str):
            return name or Reason("not_listed", "no annotation names this file")
        found, *others = self._images[name]
        if others:
            text = f"ambiguous: the annotations hold {1 + len(others)} different images called '{name}'"
            return Reason("ambiguous_name", text)
        width, height = source.original_width or source.width, source.original_height or source.height
        if found.width is not None and (found.width, found.height) != (width, height):
            text = f"the annotation is for {found.width}x{found.height}, the image is {width}x{height}"
            return Reason("size_mismatch", text)
        objects = [SceneObject(clean(name), _pixels(box, source, found.relative)) for name, box in found.boxes]
        largest: dict[str, SceneObject] = {}
        for item in sorted(objects, key=lambda o: (-box_area(o.box), o.box, o.name)):
            largest.setdefault(item.name.casefold(), item)
        refused = {item.name: reason for item in largest.values() if (reason := bad_name(item.name))}
        kept = tuple(item for item in largest.values() if item.name not in refused)
        stated = (found.licence or source.licence, found.author or source.author)
        licence, author = (clean(text)[:MAX_CREDIT] for text in stated)
        return (
            replace(source, objects=kept, licence=licence, author=author),
            [(name[:MAX_NAME], reason) for name, reason in refused.items()],
        )

    def _spelled(self, origin: str) -> str:
        """A photo's name as the format spells it. A keyframe's has no suffix to lose."""
        if self._by_stem and "#" not in origin:
            return PurePosixPath(origin).with_suffix("").as_posix()
        return origin


def _pixels(box: Corners, source: Source, relative: bool) -> Box:
    """A box in whole pixels, scaled along with its image and rounded outwards; where it leaves the image by less than
    one pixel, cut there."""
    width, height = source.width, source.height
    across, down = (1, 1) if relative else (source.original_width or width, source.original_height or height)
    scale = (width / across, height / down) * 2
    x1, y1, x2, y2 = (round(side * factor, _DUST) for side, factor in zip(box, scale, strict=True))
    return (
        0 if -1 < x1 < 0 else math.floor(x1),
        0 if -1 < y1 < 0 else math.floor(y1),
        width if width < x2 < width + 1 else math.ceil(x2),
        height if height < y2 < height + 1 else math.ceil(y2),
    )
