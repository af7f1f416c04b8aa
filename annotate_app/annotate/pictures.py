"""The photos and keyframes to draw on: found and named as a build finds and names them, decoded when they are needed.

A photo is opened when its turn comes, so that drawing can begin at once whatever their number. Videos are opened
before, because only that tells their keyframes.
"""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from PIL import Image

from perception20k.config import Filters
from perception20k.core.errors import UserError
from perception20k.core.files import sha256
from perception20k.core.reporting import Reporter
from perception20k.execution.journal import Journal
from perception20k.execution.local import LocalExecutor
from perception20k.execution.run import run_stage
from perception20k.imaging import images, video
from perception20k.pipeline.stages.discover import VIDEO_SUFFIXES, SourceFile, discover
from perception20k.pipeline.stages.sources import Ingest, check_file
from perception20k.storage.places import Place, version_of

_AS_THEY_ARE = {"JPEG": "image/jpeg", "PNG": "image/png", "WEBP": "image/webp"}
"""Formats that every browser shows, by Pillow's names."""

_KEPT = 12
"""Opened pictures kept in memory: those that a few people look at now and next."""


@dataclass(frozen=True)
class Picture:
    """A photo, or one frame of a video."""

    origin: str
    """Its name below its source, as a build names it; ``name#frame=N`` for a keyframe."""
    path: Place
    frame: int | None = None

    @property
    def picture_id(self) -> str:
        """First 16 hex digits of the SHA-256 of its origin: what the page knows it by."""
        return identifier(self.origin)

    def open(self, max_side: int | None) -> Opened:
        """Decode it, scaled down so that no side is over ``max_side``.

        Raises:
            ItemError: it cannot be read, or is nothing a build would take; the message says why.
        """
        check_file(self.path)
        return _open(self, max_side, tuple(version_of(self.path)))


@dataclass(frozen=True)
class Opened:
    """A picture as it is shown."""

    width: int
    height: int
    original_width: int
    """Of the file, before it was scaled down."""
    original_height: int
    image_id: str
    """Of its pixels, as in a dataset."""
    data: bytes
    """A file that a browser shows exactly so large."""
    media_type: str


def identifier(origin: str) -> str:
    """The id of the picture of that origin."""
    return sha256(origin.encode())[:16]


def find_pictures(specs: Sequence[str], frames: int, reporter: Reporter) -> tuple[list[Picture], list[tuple[str, str]]]:
    """The pictures of these sources, in a build's order, and ``(name, reason)`` of the videos that have none.

    Args:
        specs: folders, files, globs or lists of photos and videos.
        frames: most keyframes of a video.
        reporter: shows a bar while videos are opened.

    Raises:
        UserError: a source does not exist or holds nothing.
    """
    files = list(discover(tuple(specs)))
    videos = [file for file in files if _is_video(file)]
    shown, failed = _keyframes(videos, frames, reporter) if videos else ({}, [])
    found: list[Picture] = []
    for file in files:
        found += shown.get(file.name, ()) if _is_video(file) else (Picture(file.name, file.path),)
    if not found:
        raise UserError(f"{', '.join(specs)}: no photo to draw on")
    return found, failed


def too_small(opened: Opened, limits: Filters) -> bool:
    """Whether no box on the picture could be large enough."""
    return min(opened.width, opened.height) < limits.min_side


def _is_video(file: SourceFile) -> bool:
    return file.path.suffix.lower() in VIDEO_SUFFIXES


def _keyframes(
    videos: Sequence[SourceFile], frames: int, reporter: Reporter
) -> tuple[Mapping[str, Sequence[Picture]], list[tuple[str, str]]]:
    """The keyframes of each video by its name, and why others have none. Decoders run in processes of their own."""
    with LocalExecutor(1) as executor:
        results, _ = run_stage(Ingest(frames), videos, Journal(None), executor, reporter=reporter)
        outcomes = list(results)
    shown = {
        file.name: [Picture(r["origin"], file.path, r["frame"]) for r in outcome.value if "dropped" not in r]
        for file, outcome in outcomes
        if outcome.error is None
    }
    return shown, [(file.name, outcome.error) for file, outcome in outcomes if outcome.error is not None]


@lru_cache(maxsize=_KEPT)
def _open(picture: Picture, max_side: int | None, version: tuple[Any, ...]) -> Opened:
    """Decode a picture; ``version`` is its file's, so that another file is another picture."""
    if picture.frame is not None:
        return _shown(video.read_frame(picture.path, picture.frame), max_side, None)
    data = picture.path.read_bytes()
    pixels = images.decode(data)
    with Image.open(io.BytesIO(data)) as image:
        media_type, moving = _AS_THEY_ARE.get(image.format or ""), getattr(image, "is_animated", False)
    as_it_is = media_type is not None and not moving and images.is_plain(data)
    return _shown(pixels, max_side, (data, media_type or "") if as_it_is else None)


def _shown(whole: images.Array, max_side: int | None, file: tuple[bytes, str] | None) -> Opened:
    """A picture as it is shown: its own file if a browser can show that, and in this size."""
    height, width = whole.shape[:2]
    pixels = images.scaled(whole, *images.size_within(width, height, max_side))
    data, media_type = file if file is not None and pixels is whole else _encoded(pixels)
    return Opened(pixels.shape[1], pixels.shape[0], width, height, images.image_id(pixels), data, media_type)


def _encoded(pixels: images.Array) -> tuple[bytes, str]:
    """A JPEG nobody can tell from the pixels while drawing boxes; lossless formats take ten times as long."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "JPEG", quality=95)
    return buffer.getvalue(), "image/jpeg"
