"""Rebuild: regenerate a recipe's samples from the source files alone, and check every digest.

For datasets whose photos cannot be shared but whose recipe can.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path, PurePosixPath

from perception20k.core.errors import ItemError, UserError
from perception20k.core.files import write_bytes
from perception20k.core.reporting import Reporter
from perception20k.dataset.records import Sample, read_samples
from perception20k.imaging import images, video
from perception20k.imaging.images import Array
from perception20k.imaging.versions import different
from perception20k.pipeline.stages.discover import SourceFile, discover
from perception20k.pipeline.stages.distort import remake
from perception20k.storage.places import Place


@dataclass(frozen=True)
class Rebuilt:
    """How a rebuild went."""

    made: int
    problems: list[str]
    """Samples that could not be made, one line each."""


def rebuild(recipe: Path, sources: tuple[str, ...], out: Path, *, reporter: Reporter | None = None) -> Rebuilt:
    """Regenerate every sample of ``recipe`` in ``out``, under the paths the recipe names.

    A sample's source is looked up by its old name, then among all source files by its pixels.

    Raises:
        UserError: the recipe cannot be read, a source does not exist, or ``out`` already holds files.
    """
    samples = _read_recipe(recipe)
    if out.exists() and any(out.iterdir()):
        raise UserError(f"{out}: the folder is not empty", "Name a new one with --out")
    # Photos that were scaled down have this longer side, and no image a longer one.
    max_side = max((max(sample.width, sample.height) for sample in samples), default=None)
    finder = _SourceFinder(list(discover(sources)), max_side)
    made, problems = 0, []
    with (reporter or Reporter()).progress("rebuild", len(samples), "sample") as advance:
        for image_id, group in groupby(sorted(samples, key=lambda s: s.image_id), key=lambda s: s.image_id):
            mine = list(group)
            pixels = finder.find(image_id, mine[0].origin)
            for sample in mine:
                advance(1)
                if pixels is None:
                    problem = f"{sample.sample_id}: no source file holds image {image_id} ({sample.origin})"
                    if finder.knows(sample.origin):
                        problem += f"; the file of that name decodes to other pixels, {different(sample.made_with)}"
                    problems.append(problem)
                    continue
                try:
                    data, _ = images.encode(remake(pixels, sample), images.format_of(sample.file))
                except ItemError as error:
                    problems.append(str(error))
                    continue
                write_bytes(out / sample.file, data)
                made += 1
    return Rebuilt(made, problems)


def _read_recipe(path: Path) -> list[Sample]:
    if path.is_dir():
        raise UserError(f"{path}: a folder", f"Name its recipe: {path / 'recipe.parquet'}")
    try:
        return read_samples(path)
    except FileNotFoundError:
        raise UserError(f"{path}: no such recipe") from None


class _SourceFinder:
    """Finds a source image's pixels among files; files are decoded only until the image is found."""

    def __init__(self, found: list[SourceFile], max_side: int | None) -> None:
        self._max_side = max_side
        self._by_name: dict[str, list[Place]] = {}
        for file in found:  # by its last part: the rest depends on where it was found
            self._by_name.setdefault(PurePosixPath(file.name).name, []).append(file.path)
        self._unseen = iter(found)
        self._by_id: dict[str, Place] = {}

    def knows(self, origin: str) -> bool:
        """Whether a file has that name."""
        return PurePosixPath(origin.partition("#frame=")[0]).name in self._by_name

    def find(self, image_id: str, origin: str) -> Array | None:
        """Pixels with this identity, or None."""
        name, _, frame = origin.partition("#frame=")
        for path in self._by_name.get(PurePosixPath(name).name, []):
            pixels = self._pixels(path, int(frame) if frame else None)
            if pixels is not None and images.image_id(pixels) == image_id:
                return pixels
        if image_id in self._by_id:
            return self._pixels(self._by_id[image_id], None)
        return next((pixels for found, pixels in self._look() if found == image_id), None)

    def _look(self) -> Iterator[tuple[str, Array]]:
        for file in self._unseen:
            pixels = self._pixels(file.path, None)
            if pixels is not None:
                found = images.image_id(pixels)
                self._by_id[found] = file.path
                yield found, pixels

    def _pixels(self, path: Place, frame: int | None) -> Array | None:
        try:
            whole = images.decode(path.read_bytes()) if frame is None else video.read_frame(path, frame)
        except (ItemError, OSError):
            return None
        height, width = whole.shape[:2]
        return images.scaled(whole, *images.size_within(width, height, self._max_side))
