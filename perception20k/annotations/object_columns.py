"""Columns of objects in Parquet tables, in the layouts of the hub: a struct of lists, or a list of structs."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from PIL import Image

from perception20k.annotations.record import Corners, corners, reading
from perception20k.core.errors import UserError
from perception20k.storage.parquet import image_bytes, image_column, rows
from perception20k.storage.places import Remote, opened
from perception20k.storage.remote import is_url, listed

_BOXES = ("bbox", "bboxes", "boxes", "box")
_NAMES = ("category", "categories", "label", "labels", "name", "class", "category_id", "class_id")
"""What the fields are called, the usual first."""


class ImageObjects(NamedTuple):
    """The objects of one image, without crowds."""

    file: str
    """The image's name, below that of its table."""
    column: str
    names: list[str]
    boxes: list[Corners]
    """Four numbers each, as the table has them."""
    size: tuple[int, int] | None
    """Width and height, if they are known."""


class _Column(NamedTuple):
    name: str
    names: str
    boxes: str
    classes: list[str] | None
    """Names by number; None where the table has the names themselves."""
    has_crowds: bool


def has_objects(where: Path | str) -> bool:
    """Whether one of the tables has a column of objects.

    Raises:
        UserError: a table cannot be read, or has numbers for names and does not say what they mean.
    """
    for place, _ in _tables(where):
        with reading(place), opened(place) as stream:
            if _column(stream) is not None:
                return True
    return False


def objects_by_image(where: Path | str, *, measured: bool = False) -> Iterator[ImageObjects]:
    """The objects of every image, in the tables' order.

    Args:
        where: a table, a folder of tables, or either at a URL that fsspec understands.
        measured: look into the images for their size where the table does not state it.

    Raises:
        UserError: see :func:`has_objects`; no table has objects, or a row is not in one of the layouts.
    """
    none = True
    for place, name in _tables(where):
        with reading(place), opened(place) as stream:
            column = _column(stream)
            if column is not None:
                none = False
                yield from _in_table(stream, name, column, measured)
    if none:
        what = f"{where}: no Parquet table with a column of objects beside its images"
        raise UserError(what, "A struct or a list of structs, with 'bbox' and 'category' or 'label', is expected")


def _tables(where: Path | str) -> Iterator[tuple[Path | Remote, str]]:
    home = Path(where)
    if is_url(str(where)):
        yield from listed(str(where), {".parquet"})
    elif home.is_dir():
        yield from ((path, path.relative_to(home).as_posix()) for path in sorted(home.rglob("*.parquet")))
    else:
        yield home, home.name


def _in_table(stream: BinaryIO, table: str, column: _Column, measured: bool) -> Iterator[ImageObjects]:
    from pyarrow import parquet

    schema = parquet.read_schema(stream)
    sides = [side for side in ("width", "height") if side in schema.names]
    image = image_column(schema) if measured and len(sides) < 2 else None
    for row in rows(stream, [column.name, *sides, *([image] if image else [])]):
        width, height = row.values.get("width"), row.values.get("height")
        if image and (data := image_bytes(row.values[image])):
            with Image.open(io.BytesIO(data)) as picture:
                width, height = picture.size
        size = (width, height) if width and height else None
        try:
            names, boxes = _named_boxes(row.values[column.name], column)
        except ValueError as error:
            raise ValueError(f"{row.name}: {error}") from None
        yield ImageObjects(f"{table}/{row.name}", column.name, names, boxes, size)


def _named_boxes(value: Any, column: _Column) -> tuple[list[str], list[Corners]]:
    fields = [column.names, column.boxes, *(["iscrowd"] if column.has_crowds else [])]
    if isinstance(value, list):
        lists = [[entry[field] for entry in value] for field in fields]
    else:
        lists = [(value or {}).get(field) or [] for field in fields]
    if len({len(one) for one in lists}) > 1:
        raise ValueError(f"{len(lists[1])} boxes with {len(lists[0])} names")
    kept = [(name, box) for name, box, *crowd in zip(*lists, strict=True) if not any(crowd)]
    return [_name(name, column.classes) for name, _ in kept], [corners(box or ()) for _, box in kept]


def _name(value: Any, classes: list[str] | None) -> str:
    if classes is None:
        return str(value)
    if not isinstance(value, int) or not 0 <= value < len(classes):
        raise ValueError(f"class {value} is not among the {len(classes)} names of the table")
    return classes[value]


def _column(stream: BinaryIO) -> _Column | None:
    """The column of objects beside that of the images: ``objects`` if it can be one, else the first that can."""
    import pyarrow as pa
    from pyarrow import parquet

    schema = parquet.read_schema(stream)
    for column in sorted(schema.names, key=lambda name: name != "objects") if image_column(schema) else ():
        kind = _element(schema.field(column).type)
        fields = {field.name: field.type for field in kind} if pa.types.is_struct(kind) else {}
        boxes = next((field for field in _BOXES if field in fields), None)
        names = next((field for field in _NAMES if field in fields), None)
        if boxes is None or names is None:
            continue
        classes = None
        if pa.types.is_integer(_element(fields[names])):
            classes = _classes(schema.metadata, column, names)
            if classes is None:
                what = f"'{column}.{names}' has numbers, and the table does not say what they stand for"
                raise ValueError(f"{what}. Write names in their place, or write the table with a ClassLabel's names")
        return _Column(column, names, boxes, classes, "iscrowd" in fields)
    return None


def _element(kind: Any) -> Any:
    """The type of the elements of a list; of anything else its own."""
    import pyarrow as pa

    is_list = pa.types.is_list(kind) or pa.types.is_large_list(kind) or pa.types.is_fixed_size_list(kind)
    return kind.value_type if is_list else kind


def _classes(metadata: dict[bytes, bytes] | None, column: str, field: str) -> list[str] | None:
    """The names of a ClassLabel, which ``datasets`` keeps in the schema's metadata."""
    try:
        features = json.loads((metadata or {})[b"huggingface"])["info"]["features"]
        return [str(name) for name in _feature(_feature(features[column])[field])["names"]]
    except (LookupError, TypeError, ValueError):
        return None


def _feature(feature: Any) -> Any:
    """What a list is of, in each of the ways in which versions of ``datasets`` write it."""
    while isinstance(feature, list) or "feature" in feature:
        feature = feature[0] if isinstance(feature, list) else feature["feature"]
    return feature
