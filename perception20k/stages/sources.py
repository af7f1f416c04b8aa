"""Stage 1, sources: find photos and videos, decode them once, give each image its identity.

A video gives keyframes, taken by index. The same pixels found twice are kept once, the first in the order of
discovery.
"""

from __future__ import annotations

import glob
import io
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from PIL import Image

from perception20k import images, video
from perception20k.config import located
from perception20k.errors import ItemError, UserError
from perception20k.files import digest, sha256
from perception20k.records import Source
from perception20k.stages.base import Stage

PHOTO_SUFFIXES = {".jpg", ".jpeg", ".png", ".webp", ".bmp", ".tif", ".tiff", ".jp2", ".avif", ".gif"}
VIDEO_SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v"}


@dataclass(frozen=True)
class SourceFile:
    """A photo or video on disk, and its name below the source it was found in."""

    path: Path
    name: str


@dataclass(frozen=True)
class Candidate:
    """A source image on its way through the pipeline: its record, and the file its pixels are read from."""

    path: Path
    source: Source


def discover(specs: tuple[str, ...]) -> Iterator[SourceFile]:
    """Photos and videos of the configured sources: folders (whole trees), files and globs, in sorted order.

    Raises:
        UserError: a source does not exist or matches nothing.
    """
    seen: set[Path] = set()
    for spec in specs:
        found = False
        for file in _expand(spec):
            found = True
            if file.path not in seen:
                seen.add(file.path)
                yield file
        if not found:
            raise UserError(f"{spec}: no photo or video found", "Check the config's 'sources'")


def _expand(spec: str) -> Iterator[SourceFile]:
    path = located(spec)
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.suffix.lower() in PHOTO_SUFFIXES | VIDEO_SUFFIXES and file.is_file():
                yield SourceFile(file, file.relative_to(path).as_posix())
    elif path.exists():
        yield SourceFile(path, path.name)
    elif glob.has_magic(str(path)):
        matches = sorted(glob.glob(str(path), recursive=True))  # noqa: PTH207 - the pattern may be absolute
        yield from (SourceFile(Path(match), Path(match).name) for match in matches)
    else:
        raise UserError(f"{spec}: no such file or folder", "Check the config's 'sources'")


@dataclass(frozen=True)
class Ingest(Stage[SourceFile]):
    """Decode a file and identify its image, or its keyframes.

    An item's key is the file's name, size and time of change, as ``make`` tells whether a file is new: hashing
    hundreds of gigabytes of video at every start would cost more than the stage itself. What is kept is checked
    against its ``image_id`` when it is distorted.
    """

    max_frames: int
    name = "sources"

    def key(self, item: SourceFile) -> str:
        """See :class:`Stage`."""
        about: list[int] | str
        try:
            stat = item.path.stat()
            about = [stat.st_size, stat.st_mtime_ns]
        except OSError as error:
            about = str(error)
        return digest([self.name, 1, str(item.path), item.name, about, self.max_frames])

    def process_one(self, item: SourceFile) -> list[dict[str, Any]]:
        """One record a photo or keyframe: the fields of :class:`Source` known so far."""
        if item.path.suffix.lower() in VIDEO_SUFFIXES:
            return self._keyframes(item)
        data = item.path.read_bytes()
        pixels = decoded(data)
        return [
            {
                **_identity(pixels),
                "file": _file_name(images.image_id(pixels), data, item.path.suffix.lower()),
                "file_sha256": sha256(data),
                "origin": item.name,
            }
        ]

    def _keyframes(self, item: SourceFile) -> list[dict[str, Any]]:
        records = []
        for frame in video.keyframes(item.path, self.max_frames):
            data, suffix = images.encode(frame.pixels)
            records.append(
                {
                    **_identity(frame.pixels),
                    "file": f"images/source/{images.image_id(frame.pixels)}{suffix}",
                    "file_sha256": sha256(data),
                    "origin": f"{item.name}#frame={frame.index}",
                    "frame": frame.index,
                    "timestamp": frame.seconds,
                }
            )
        return records


def decoded(data: bytes) -> images.Array:
    """:func:`perception20k.images.decode`, its refusal turned into the item's failure."""
    try:
        return images.decode(data)
    except images.ImageError as error:
        raise ItemError(str(error)) from None


def load_source(candidate: Candidate) -> tuple[bytes, images.Array]:
    """The bytes that go into ``images/source`` and the RGB pixels of a source image.

    Raises:
        ItemError: the file is gone, or no longer holds the image it held when it was identified.
    """
    source = candidate.source
    try:
        if source.frame is not None:
            pixels = video.read_frame(candidate.path, source.frame)
            data, _ = images.encode(pixels)
        else:
            data = candidate.path.read_bytes()
            pixels = decoded(data)
    except FileNotFoundError:
        raise ItemError(f"{candidate.path}: the file is gone") from None
    if images.image_id(pixels) != source.image_id:
        raise ItemError(f"{candidate.path}: the file has changed since it was read first")
    return data, pixels


def drop_duplicates(candidates: list[Candidate]) -> tuple[list[Candidate], list[tuple[str, str]]]:
    """The first candidate of each image, and ``(origin, reason)`` of the others."""
    first: dict[str, str] = {}
    kept, dropped = [], []
    for candidate in candidates:
        source = candidate.source
        if source.image_id in first:
            dropped.append((source.origin, f"the same pixels as {first[source.image_id]}"))
        else:
            first[source.image_id] = source.origin
            kept.append(candidate)
    return kept, dropped


def candidates_of(item: SourceFile, records: list[dict[str, Any]]) -> list[Candidate]:
    """The stage's result as candidates."""
    return [Candidate(item.path, Source(**record)) for record in records]


def with_source(candidate: Candidate, **changes: Any) -> Candidate:
    """The candidate with fields of its record replaced."""
    return replace(candidate, source=replace(candidate.source, **changes))


def _identity(pixels: images.Array) -> dict[str, Any]:
    height, width = pixels.shape[:2]
    return {"image_id": images.image_id(pixels), "width": width, "height": height}


def _file_name(image_id: str, data: bytes, suffix: str) -> str:
    """Path of a photo's copy in the dataset; the suffix tells what the bytes are, whatever the file was called."""
    with Image.open(io.BytesIO(data)) as image:
        real = (image.format or "").lower()
    known = {
        "jpeg": ".jpg",
        "mpo": ".jpg",
        "png": ".png",
        "webp": ".webp",
        "tiff": ".tif",
        "bmp": ".bmp",
        "gif": ".gif",
    }
    return f"images/source/{image_id}{known.get(real, suffix)}"
