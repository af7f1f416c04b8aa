"""MOS tables: rated images, each with its score on its own scale, from published files or your own CSV.

A table keeps each score on its published scale, with that scale beside it, higher always the better; what is
trained on is ``row.scaled(low, high)``. Official splits are kept. Images that are not on disk are listed in
``missing``, never replaced. :mod:`trainer.data.published` reads the published datasets.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from perception20k.core.errors import UserError
from perception20k.core.reporting import SILENT, Reporter
from perception20k.core.seeding import key_int
from trainer.data.images import Entry, readable
from trainer.data.table_files import csv_rows, number


@dataclass(frozen=True)
class MosRow(Entry):
    """One rated image."""

    mos: float
    """On the published scale ``low..high``, higher is better."""
    low: float
    high: float
    split: str = ""
    """``train``, ``validation`` or ``test``; empty where the dataset has no official split."""
    content: str = ""
    """What a content-independent split keeps together: the reference image, or the image itself."""

    @property
    def image(self) -> Path:
        """The one that is rated."""
        return self.images[0]

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


class Rating(NamedTuple):
    """What a line of a table's file says of an image."""

    where: str
    """Its place in the file, in words: ``row 3``."""
    image: str
    """The image's name, or its path below the folders of images."""
    score: Any
    split: str = ""
    """The official part, in the file's own word."""
    content: str = ""


def read_csv(path: Path, low: float, high: float) -> MosTable:
    """Your own table: columns ``image`` (relative to the file), ``mos`` and, if wanted, ``split``.

    Raises:
        UserError: no such file, a column is missing, or as :func:`make_table`.
    """
    rows = csv_rows(path, "image", "mos")
    ratings = [Rating(where, row["image"], row["mos"], row.get("split", "")) for where, row in rows]
    return make_table(path.stem, ratings, low, high, path, [path.parent])


def make_table(
    dataset: str, ratings: Sequence[Rating], low: float, high: float, path: Path, folders: Sequence[Path]
) -> MosTable:
    """The table of ``ratings`` on the scale ``low..high``, each image looked for in ``folders``.

    Raises:
        UserError: a score that is no number on the scale, an unknown part, an image rated twice, or none of the images
            on disk; names ``path`` and row.
    """
    rows, missing = [], []
    known: dict[Path, tuple[str, Any]] = {}
    divided = any(rating.split.strip() for rating in ratings)
    for rating in ratings:
        at, name = f"{path}: {rating.where}", rating.image
        mos = number(rating.score, at)
        if not low <= mos <= high:
            raise UserError(f"{at}: {name}: MOS {mos:g} is outside the scale {low:g}..{high:g}")
        split = _official_part(rating.split, at) if divided else ""
        image = next((place for folder in folders if (place := folder / name).is_file()), None)
        said = (name, mos, split, rating.content)
        where, before = known.setdefault(image.resolve() if image else Path(name), (rating.where, said))
        if before != said:
            raise UserError(f"{at}: {name} is in {where} already, with another score, part or content")
        if image is None:
            missing.append(f"{rating.where}: {name}: no such image")
        else:
            rows.append(MosRow(rating.where, (image,), mos, low, high, split, rating.content or name))
    if not rows:
        looked = ", ".join(str(folder) for folder in folders)
        raise UserError(f"{path}: none of its {len(ratings)} images is on disk", f"Looked in {looked}")
    return MosTable(dataset, tuple(rows), tuple(missing))


_PARTS = {
    **dict.fromkeys(("train", "training"), "train"),
    **dict.fromkeys(("val", "valid", "validation"), "validation"),
    **dict.fromkeys(("test", "testing"), "test"),
}


def _official_part(word: str, at: str) -> str:
    """The part that a word names; one that is not known, taken for training data, would let a test part be learnt."""
    part = _PARTS.get(word.strip().lower())
    if part is None:
        what = f"unknown split '{word}'" if word.strip() else "no split, where other rows have one"
        raise UserError(f"{at}: {what}", f"Known: {', '.join(_PARTS)}")
    return part
