"""Boxes in CSV files: a plain one, and Open Images'."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

from perception20k.annotations.record import AnnotatedImage, LabelledBox, corners, reading

PLAIN = ("file", "name", "x1", "y1", "x2", "y2")
"""Columns of a plain table, the box in pixels, the bottom right corner exclusive."""

OPEN_IMAGES = ("ImageID", "LabelName", "XMin", "YMin", "XMax", "YMax")
"""Columns of Open Images' boxes, in shares of the image."""


def read_csv(path: Path) -> Iterator[AnnotatedImage]:
    """The images of a table with one row per box and the columns ``PLAIN``; others are ignored.

    Raises:
        UserError: the table is missing, not UTF-8, lacks a column, or a row is wrong.
    """
    boxes: dict[str, list[LabelledBox]] = {}
    with reading(path):
        for number, row in _rows(path, PLAIN):
            boxes.setdefault(row["file"], []).append(_box(number, row["name"], row, PLAIN[2:]))
    for file, found in boxes.items():
        yield AnnotatedImage(file, tuple(found))


def read_open_images(path: Path) -> Iterator[AnnotatedImage]:
    """The images of an Open Images table of boxes, groups and depictions left out.

    Names are codes such as ``/m/01g317``; a ``*class-descriptions*.csv`` beside the table says what they mean.

    Raises:
        UserError: a table is missing, not UTF-8, lacks a column, or a row is wrong; a code has no name.
    """
    with reading(path):
        names = _descriptions(path.parent)
        boxes: dict[str, list[LabelledBox]] = {}
        for number, row in _rows(path, OPEN_IMAGES):
            found = boxes.setdefault(row["ImageID"], [])
            if "1" in (row.get("IsGroupOf"), row.get("IsDepiction")):
                continue
            code = row["LabelName"]
            if code not in names and re.match(r"/[mgt]/", code):
                where = "the class descriptions" if names else "a *class-descriptions*.csv, which is not beside it"
                raise ValueError(f"line {number}: the name of {code!r} is not in {where}")
            found.append(_box(number, names.get(code, code), row, OPEN_IMAGES[2:]))
    for image, listed in boxes.items():
        yield AnnotatedImage(image, tuple(listed), relative=True)


def is_csv(head: str) -> bool:
    """Whether the beginning of a file is the head of a plain table of boxes."""
    return set(PLAIN) <= _header(head)


def is_open_images(head: str) -> bool:
    """Whether the beginning of a file is the head of Open Images' table of boxes."""
    return set(OPEN_IMAGES) <= _header(head)


def _header(head: str) -> set[str]:
    return {cell.strip() for cell in head.split("\n", 1)[0].split(",")}


def _descriptions(folder: Path) -> dict[str, str]:
    """Names by code, from the class descriptions in a folder: two columns, with a header or without."""
    names: dict[str, str] = {}
    for path in sorted(folder.glob("*class-descriptions*.csv")):
        with path.open(encoding="utf-8-sig", newline="") as stream:
            names |= {row[0]: row[1] for row in _parsed(csv.reader(stream)) if len(row) == 2}
    return names


def _rows(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows with the number of their line, the header checked."""
    with path.open(encoding="utf-8-sig", newline="") as stream:
        lines = csv.reader(stream)
        rows = _parsed(lines)
        header = [cell.strip() for cell in next(rows, [])]
        missing = [column for column in columns if column not in header]
        if missing:
            raise ValueError(f"no column '{missing[0]}'. Columns: {', '.join(header)[:200] or 'none'}")
        for row in rows:
            if not row:
                continue
            if len(row) != len(header):
                raise ValueError(f"line {lines.line_num}: {len(row)} cells under {len(header)} columns")
            yield lines.line_num, dict(zip(header, row, strict=True))


def _parsed(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    try:
        yield from rows
    except csv.Error as error:
        raise ValueError(f"not a CSV file: {error}") from None


def _box(number: int, name: str, row: dict[str, str], columns: tuple[str, ...]) -> LabelledBox:
    try:
        return LabelledBox(name, corners(row[column] for column in columns))
    except ValueError as error:
        raise ValueError(f"line {number}: {error}") from None
