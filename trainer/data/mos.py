"""MOS tables: rated images, each with its score on its own scale, from published files or your own CSV.

A table keeps each score on its published scale, with that scale beside it, higher always the better; what is
trained on is ``row.scaled(low, high)``. Official splits are kept. Images that are not on disk are listed in
``missing``, never replaced. :mod:`trainer.data.published` reads the published datasets.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from perception20k.core.errors import UserError
from perception20k.core.reporting import SILENT, Reporter
from perception20k.core.seeding import key_int
from trainer.data.images import readable
from trainer.data.table_files import csv_rows, number


@dataclass(frozen=True)
class MosRow:
    """One rated image."""

    image: Path
    mos: float
    """On the published scale ``low..high``, higher is better."""
    low: float
    high: float
    split: str = ""
    """``train``, ``validation`` or ``test``; empty where the dataset has no official split."""
    content: str = ""
    """What a content-independent split keeps together: the reference image, or the image itself."""
    where: str = ""
    """Its place in the table's file, in words: ``row 3``."""

    @property
    def images(self) -> tuple[Path, ...]:
        """The one it shows."""
        return (self.image,)

    def scaled(self, low: float, high: float) -> float:
        """The MOS brought linearly from its own scale to ``low..high``."""
        return low + (self.mos - self.low) / (self.high - self.low) * (high - low)


@dataclass(frozen=True)
class MosTable:
    """The rated images of one dataset that are on disk, and why the others are left out, by row."""

    dataset: str
    """Its name, by which a split is drawn where there is no official one."""
    rows: tuple[MosRow, ...]
    missing: tuple[str, ...] = ()

    def with_split(self) -> MosTable:
        """The table with every row in ``train``, ``validation`` or ``test``.

        An official split stays. Without one, contents are drawn 6:2:2, as VisualQuality-R1 does, by a hash of their
        name: the same draw everywhere, and no content in two parts.
        """
        if any(row.split for row in self.rows):
            return self
        draws = [key_int("mos split", self.dataset, row.content, bits=32) / 2**32 for row in self.rows]
        parts = ["test" if draw < 0.2 else "validation" if draw < 0.4 else "train" for draw in draws]
        rows = tuple(replace(row, split=part) for row, part in zip(self.rows, parts, strict=True))
        return replace(self, rows=rows)

    def part(self, *splits: str) -> MosTable:
        """The rows of one part, or of several."""
        return replace(self, rows=tuple(row for row in self.rows if row.split in splits))

    def readable(self, reporter: Reporter = SILENT) -> MosTable:
        """The table without the images that cannot be decoded, which join the missing ones: row, image and reason.

        Raises:
            UserError: none is left.
        """
        rows, missing = readable(self.rows, self.dataset, reporter)
        return replace(self, rows=rows, missing=(*self.missing, *missing))


@dataclass(frozen=True)
class Rating:
    """A line of a table's file, before its image is looked for."""

    name: str
    mos: float
    split: str = ""
    content: str = ""
    where: str = field(default="", compare=False)


def rated(name: str, score: Any, path: Path, line: int, *, split: str = "", content: str = "") -> Rating:
    """What a line of a table's file says of an image.

    Raises:
        UserError: the score is no number.
    """
    return Rating(name, number(score, path, line), split, content, where=f"row {line}")


def read_csv(path: Path, low: float, high: float) -> MosTable:
    """Your own table: columns ``image`` (relative to the file), ``mos`` and, if wanted, ``split``.

    Raises:
        UserError: no such file, a column is missing, or a MOS is no number on ``low..high``.
    """
    rows = list(csv_rows(path, "image", "mos"))
    splits = official_splits(rows, "split", path)
    ratings = [
        rated(row["image"], row["mos"], path, line, split=split)
        for (line, row), split in zip(rows, splits, strict=True)
    ]
    return make_table(path.stem, ratings, low, high, path, [path.parent])


def make_table(
    dataset: str, ratings: Sequence[Rating], low: float, high: float, path: Path, folders: Sequence[Path]
) -> MosTable:
    """The table of ``ratings`` on the scale ``low..high``, each image looked for in ``folders``.

    Capitals count only where files differ in nothing else: TID2013's list and its files differ in them.

    Raises:
        UserError: an image rated twice, a MOS outside the scale, or none of the images on disk; names ``path``.
    """
    on_disk = _Files(folders)
    rows, missing = [], []
    known: dict[Path, Rating] = {}
    for rating in ratings:
        if not low <= rating.mos <= high:
            raise UserError(
                f"{path}: {rating.where}: {rating.name}: MOS {rating.mos:g} is outside the scale {low:g}..{high:g}"
            )
        image = on_disk.find(rating.name)
        first = known.setdefault(image.resolve() if image else Path(rating.name), rating)
        if first != rating:
            what = f"{rating.name} is in {first.where} already, with another score, part or content"
            raise UserError(f"{path}: {rating.where}: {what}")
        if image is None:
            missing.append(f"{rating.where}: {rating.name}: no such image")
            continue
        content = rating.content or rating.name
        rows.append(MosRow(image, rating.mos, low, high, rating.split, content, rating.where))
    if not rows:
        looked = ", ".join(str(folder) for folder in folders)
        raise UserError(f"{path}: none of its {len(ratings)} images is on disk", f"Looked in {looked}")
    return MosTable(dataset, tuple(rows), tuple(missing))


class _Files:
    """The files of some folders, by name; folders that come first count first."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self.folders = folders

    def find(self, name: str) -> Path | None:
        exact = next((place for folder in self.folders if (place := folder / name).is_file()), None)
        return exact or self._any_case.get(name.lower())

    @cached_property
    def _any_case(self) -> dict[str, Path]:
        files = (path for folder in reversed(self.folders) for path in sorted(folder.glob("*")) if path.is_file())
        return {path.name.lower(): path for path in files}


_SPLITS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


def official_splits(rows: Sequence[tuple[int, Mapping[str, str]]], column: str, path: Path) -> list[str]:
    """The official part of every row, from its line and cells; all empty where ``column`` is empty or not there.

    A part that is not known is refused: taken for training data, it would let a test part be learnt.
    """
    words = [row.get(column, "").strip().lower() for _, row in rows]
    if not any(words):
        return words
    for (line, row), word in zip(rows, words, strict=True):
        if word not in _SPLITS:
            what = f"unknown split '{row[column]}'" if word else "no split, where other rows have one"
            raise UserError(f"{path}: row {line}: {what}", f"Known: {', '.join(_SPLITS)}")
    return [_SPLITS[word] for word in words]
