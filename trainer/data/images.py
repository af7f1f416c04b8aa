"""Images from files, as every part of the project sees them: by :func:`perception20k.imaging.images.decode`."""

from __future__ import annotations

import os
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Generic, TypeVar

from PIL import Image

from perception20k.core.errors import UserError
from perception20k.core.files import digest, file_sha256
from perception20k.core.reporting import SILENT, Reporter
from perception20k.imaging.images import ImageError, decode


def read_image(path: Path) -> Image.Image:
    """An image file as RGB, turned as its EXIF says, its colours in sRGB, transparency over white.

    Raises:
        UserError: it is not there or cannot be decoded; names the file and the reason.
    """
    try:
        return Image.fromarray(decode(path.read_bytes()))
    except (OSError, ImageError) as error:
        raise UserError(f"{path}: cannot be read as an image: {error}") from None


def unreadable(paths: Iterable[Path], reporter: Reporter = SILENT) -> dict[Path, str]:
    """The files among ``paths`` that are not there or cannot be decoded, each with a line that names file and reason.

    Every file is decoded, so that a run meets a damaged one when it starts and not hours later.
    """
    files = list(dict.fromkeys(paths))
    found = {}
    with ThreadPoolExecutor(os.cpu_count()) as pool, reporter.progress("images", len(files), "image") as advance:
        for path, reason in zip(files, pool.map(_why_unreadable, files), strict=True):
            if reason:
                found[path] = reason
            advance(1)
    return found


@dataclass(frozen=True)
class Asked:
    """A line of a file that asks about images."""

    where: str
    """Its place in the file, in words: ``row 3``."""
    images: tuple[Path, ...]
    """The images it asks about, in the order they are shown."""


Line = TypeVar("Line", bound=Asked)


@dataclass(frozen=True)
class Lines(Generic[Line]):
    """The lines of one such file whose images are there, and the names of the others, or why they are left out."""

    path: Path
    asked: tuple[Line, ...]
    missing: tuple[str, ...] = ()

    @property
    def fingerprint(self) -> str:
        """Digest of the file, and where some lines are left out, of the places of those that are asked."""
        whole = file_sha256(self.path)
        return digest([whole, [line.where for line in self.asked]]) if self.missing else whole

    def readable(self, reporter: Reporter = SILENT) -> Lines[Line]:
        """Those whose images can all be decoded; the others join the missing: place, image and reason.

        Raises:
            UserError: none is left.
        """
        bad = unreadable((image for line in self.asked for image in line.images), reporter)
        good = tuple(line for line in self.asked if not bad.keys() & set(line.images))
        reasons = [f"{line.where}: {bad[image]}" for line in self.asked for image in line.images if image in bad]
        if self.asked and not good:
            raise UserError(f"{self.path}: no images in it can be read", reasons[0])
        return replace(self, asked=good, missing=(*self.missing, *reasons))


def _why_unreadable(path: Path) -> str:
    try:
        read_image(path)
    except UserError as error:
        return str(error)
    return ""
