"""Which part an image is in already: recorded by earlier exports, or supplied by the user.

``split.csv`` in the dataset holds every image that was ever dealt, with its scene and its part. Rows are added and
never changed, so that a scene keeps its part although its samples were deleted by a review or its photo was away.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping
from pathlib import Path

from perception20k.core.errors import UserError
from perception20k.core.tables import read_table
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import Source

PARTS = ("train", "test")


def recorded_parts(layout: Layout) -> dict[str, str]:
    """The part of every image that an earlier export dealt; of a dataset without ``split.csv``, from its recipe."""
    for path in (layout.split, layout.recipe):
        if path.is_file():
            return read_parts(path)
    return {}


def supplied_parts(path: Path, sources: Iterable[Source], recorded: Mapping[str, str]) -> dict[str, str]:
    """The part of each source image that a table of the user's names, by ``image_id`` or by the photo's name.

    Raises:
        UserError: it is not a table of parts, or it moves an image that is in a part already.
    """
    table = read_parts(path)
    parts = {s.image_id: part for s in sources if (part := table.get(s.image_id) or table.get(s.origin))}
    moved = [image_id for image_id, part in parts.items() if recorded.get(image_id, part) != part]
    if moved:
        raise UserError(
            f"{path}: puts {len(moved)} images in another part than they are in, first {moved[0]}",
            "A scene keeps its part for the life of a dataset; build a new one for another split",
        )
    return parts


def read_parts(path: Path) -> dict[str, str]:
    """A table of parts: a recipe, another dataset's ``split.csv``, or a CSV with the columns ``file`` and ``part``.

    Raises:
        UserError: the file cannot be read, lacks a column, or names another part than train or test.
    """
    table = read_table(path, "parts", "split", ("image_id", "file", "part", "split"))
    key = next((name for name in ("image_id", "file") if name in table.column_names), "")
    value = next((name for name in ("part", "split") if name in table.column_names), "")
    if not key or not value:
        raise UserError(f"{path}: a table of parts has the columns 'file' (or 'image_id') and 'part'")
    parts: dict[str, str] = {}
    for row, (name, part) in enumerate(zip(table[key].to_pylist(), table[value].to_pylist(), strict=True), 1):
        if part and part not in PARTS:
            raise UserError(f"{path}: row {row}: '{part}' is not a part", "The parts are train and test")
        if part and parts.setdefault(name, part) != part:
            raise UserError(f"{path}: row {row}: '{name}' is in both parts")
    return parts


def parts_table(recorded: Mapping[str, str], dealt: Mapping[str, str], scenes: Mapping[str, str]) -> str:
    """The text of ``split.csv``: what was recorded before, and the images dealt now, sorted by ``image_id``."""
    parts = {**{image_id: part for image_id, part in dealt.items() if part}, **recorded}
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(["image_id", "scene", "part"])
    writer.writerows([image_id, scenes.get(image_id, ""), part] for image_id, part in sorted(parts.items()))
    return text.getvalue()
