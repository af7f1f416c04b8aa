"""MOS tables: the published files of six datasets, and any CSV, as one kind of table.

A table keeps each score on its published scale, with that scale beside it, higher always the better; what is
trained on is ``row.scaled(low, high)``. Official splits are kept. Images that are not on disk are listed in
``missing``, never replaced.

    koniq-10k   koniq10k_distributions_sets.csv (official split) or koniq10k_scores_and_distributions.csv
    spaq        MOS and Image attribute scores.xlsx
    live-c      Data/AllImages_release.mat and AllMOS_release.mat, without the seven training images
    agiqa-3k    data.csv
    kadid-10k   dmos.csv
    csiq        csiq.DMOS.xlsx, turned round: 1 - DMOS
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path

from perception20k.core.errors import UserError
from perception20k.core.reporting import SILENT, Reporter
from perception20k.core.seeding import key_int
from trainer.data.images import read_image
from trainer.data.table_files import csv_rows, matrix, number, sheet_rows


@dataclass(frozen=True)
class MosRow:
    """One rated image."""

    image: Path
    mos: float
    """On the published scale ``low..high``, higher is better."""
    low: float
    high: float
    dataset: str
    split: str = ""
    """``train``, ``validation`` or ``test``; empty where the dataset has no official split."""
    content: str = ""
    """What a content-independent split keeps together: the reference image, or the image itself."""

    def scaled(self, low: float, high: float) -> float:
        """The MOS brought linearly from its own scale to ``low..high``."""
        return low + (self.mos - self.low) / (self.high - self.low) * (high - low)


@dataclass(frozen=True)
class MosTable:
    """The rated images of one dataset that are on disk, and the names of those that are not."""

    dataset: str
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
        """The table without the images that cannot be decoded, which join the missing ones with the reason."""
        with (
            ThreadPoolExecutor(os.cpu_count()) as pool,
            reporter.progress("images", len(self.rows), "image") as advance,
        ):
            reasons = []
            for reason in pool.map(_why_unreadable, [row.image for row in self.rows]):
                reasons.append(reason)
                advance(1)
        good = tuple(row for row, reason in zip(self.rows, reasons, strict=True) if not reason)
        return replace(self, rows=good, missing=(*self.missing, *filter(None, reasons)))

    def renamed(self, dataset: str) -> MosTable:
        """The table under another name. Its split is drawn by its name, so it should have one first."""
        return replace(self, dataset=dataset, rows=tuple(replace(row, dataset=dataset) for row in self.rows))


@dataclass(frozen=True)
class _Rating:
    """A line of a published file, before its image is looked for."""

    name: str
    mos: float
    split: str = ""
    content: str = ""


def read_csv(path: Path, low: float, high: float) -> MosTable:
    """A table of one's own: columns ``image`` (relative to the file), ``mos`` and, if wanted, ``split``.

    Raises:
        UserError: no such file, a column is missing, or a MOS is no number on ``low..high``.
    """
    rows = list(csv_rows(path, "image", "mos"))
    splits = _splits([(line, row.get("split")) for line, row in rows], path)
    ratings = [
        _Rating(row["image"], number(row["mos"], path, line), split)
        for (line, row), split in zip(rows, splits, strict=True)
    ]
    return _table(path.stem, ratings, low, high, path, [path.parent])


def read_published(name: str, root: Path) -> MosTable:
    """The published dataset ``name`` (a key of :data:`PUBLISHED`) below ``root``."""
    return PUBLISHED[name](root)


def koniq_10k(root: Path) -> MosTable:
    """KonIQ-10k. The file with the official sets rates on 1..100, the other on 1..5."""
    path = _find(root, "koniq10k_distributions_sets.csv", "koniq10k_scores_and_distributions.csv")
    official = path.name == "koniq10k_distributions_sets.csv"
    rows = list(csv_rows(path, "image_name", "MOS", *(["set"] if official else [])))
    splits = _splits([(line, row["set"] if official else None) for line, row in rows], path)
    ratings = [
        _Rating(row["image_name"], number(row["MOS"], path, line), split)
        for (line, row), split in zip(rows, splits, strict=True)
    ]
    scale = (1.0, 100.0) if official else (1.0, 5.0)
    return _table("koniq-10k", ratings, *scale, path, _folders(root, "1024x768", "512x384"))


def spaq(root: Path) -> MosTable:
    """SPAQ, rated on 0..100."""
    path = _find(root, "MOS and Image attribute scores.xlsx")
    rows = sheet_rows(path, None, "Image name", "MOS")
    ratings = [_Rating(str(row["Image name"]), number(row["MOS"], path, line)) for line, row in rows]
    return _table("spaq", ratings, 0, 100, path, _folders(root, "TestImage"))


def live_c(root: Path) -> MosTable:
    """LIVE In the Wild Challenge, rated on 0..100, without the seven images that trained the raters."""
    path = _find(root, "AllImages_release.mat")
    scores = _find(root, "AllMOS_release.mat")
    names = [str(cell.item()) for cell in matrix(path, "AllImages_release").ravel()[7:]]
    values = matrix(scores, "AllMOS_release").ravel()[7:]
    if len(names) != len(values):
        raise UserError(f"{scores}: {len(values)} scores for {len(names)} images")
    ratings = [
        _Rating(name, number(value, scores, i + 8)) for i, (name, value) in enumerate(zip(names, values, strict=True))
    ]
    return _table("live-c", ratings, 0, 100, path, _folders(root, "Images"))


def agiqa_3k(root: Path) -> MosTable:
    """AGIQA-3K, perceptual quality, rated on 0..5. Images of one prompt are one content."""
    path = _find(root, "data.csv")
    ratings = [
        _Rating(row["name"], number(row["mos_quality"], path, line), content=row.get("prompt") or "")
        for line, row in csv_rows(path, "name", "mos_quality")
    ]
    return _table("agiqa-3k", ratings, 0, 5, path, _folders(root, "images", "AGIQA-3K"))


def kadid_10k(root: Path) -> MosTable:
    """KADID-10k, rated on 1..5; its column is called DMOS, but 5 is the best."""
    path = _find(root, "dmos.csv")
    ratings = [
        _Rating(row["dist_img"], number(row["dmos"], path, line), content=row["ref_img"])
        for line, row in csv_rows(path, "dist_img", "ref_img", "dmos")
    ]
    return _table("kadid-10k", ratings, 1, 5, path, _folders(root, "images", "distorted_images"))


_CSIQ_FILES = {
    "noise": ("awgn", "AWGN"),
    "blur": ("blur", "BLUR"),
    "contrast": ("contrast", "contrast"),
    "fnoise": ("fnoise", "fnoise"),
    "jpeg": ("jpeg", "JPEG"),
    "jpeg 2000": ("jpeg2000", "jpeg2000"),
}


def csiq(root: Path) -> MosTable:
    """CSIQ. Its DMOS runs from 0 (the best) to 1; the table holds 1 - DMOS."""
    path = _find(root, "csiq.DMOS.xlsx")
    ratings = []
    for line, row in sheet_rows(path, "all_by_image", "image", "dst_type", "dst_lev", "dmos"):
        kind = str(row["dst_type"]).strip()
        if kind not in _CSIQ_FILES:
            raise UserError(f"{path}: row {line}: unknown dst_type '{kind}'", f"Known: {', '.join(_CSIQ_FILES)}")
        folder, token = _CSIQ_FILES[kind]
        content = str(row["image"])
        name = f"{folder}/{content}.{token}.{number(row['dst_lev'], path, line, 'level'):.0f}.png"
        ratings.append(_Rating(name, 1 - number(row["dmos"], path, line), content=content))
    return _table("csiq", ratings, 0, 1, path, _folders(root, "dst_imgs"))


PUBLISHED: dict[str, Callable[[Path], MosTable]] = {
    "koniq-10k": koniq_10k,
    "spaq": spaq,
    "live-c": live_c,
    "agiqa-3k": agiqa_3k,
    "kadid-10k": kadid_10k,
    "csiq": csiq,
}
"""The adapters, by the name used on the command line."""


def _table(
    dataset: str, ratings: Sequence[_Rating], low: float, high: float, path: Path, folders: Sequence[Path]
) -> MosTable:
    rows, missing = [], []
    known: dict[str, _Rating] = {}
    for rating in ratings:
        if known.setdefault(rating.name, rating) != rating:
            raise UserError(f"{path}: {rating.name} is in it twice, with different scores, parts or contents")
        if not low <= rating.mos <= high:
            raise UserError(f"{path}: {rating.name}: MOS {rating.mos:g} is outside the scale {low:g}..{high:g}")
        places = [folder / rating.name for folder in folders]
        image = next((place for place in places if place.is_file()), None)
        if image is None:
            missing.append(rating.name)
            continue
        content = rating.content or rating.name
        rows.append(MosRow(image, rating.mos, low, high, dataset, rating.split, content))
    if not rows:
        looked = ", ".join(str(folder) for folder in folders)
        raise UserError(f"{path}: none of its {len(ratings)} images is on disk", f"Looked in {looked}")
    return MosTable(dataset, tuple(rows), tuple(missing))


def _why_unreadable(image: Path) -> str:
    try:
        read_image(image)
    except UserError as error:
        return str(error)
    return ""


def _find(root: Path, *names: str) -> Path:
    for name in names:
        found = sorted(root.rglob(name))
        if found:
            return found[0]
    raise UserError(f"{root}: no {' or '.join(names)} below it", "Give the folder of the published dataset")


def _folders(root: Path, *names: str) -> list[Path]:
    """Where images may lie: folders of these names anywhere below ``root``, then ``root`` itself."""
    return [folder for name in names for folder in sorted(root.rglob(name)) if folder.is_dir()] + [root]


_SPLITS = {
    "train": "train",
    "training": "train",
    "val": "validation",
    "valid": "validation",
    "validation": "validation",
    "test": "test",
    "testing": "test",
}


def _splits(cells: Sequence[tuple[int, str | None]], path: Path) -> list[str]:
    """The official part of every row, from its line and cell; all empty where no cell is filled.

    A part that is not known is refused: taken for training data, it would let a test part be learnt.
    """
    if not any((cell or "").strip() for _, cell in cells):
        return [""] * len(cells)
    for line, cell in cells:
        if (cell or "").strip().lower() not in _SPLITS:
            what = f"unknown split '{cell}'" if (cell or "").strip() else "no split, where other rows have one"
            raise UserError(f"{path}: row {line}: {what}", f"Known: {', '.join(_SPLITS)}")
    return [_SPLITS[(cell or "").strip().lower()] for _, cell in cells]
