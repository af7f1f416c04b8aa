"""Images from files, as every part of the project sees them: by :func:`perception20k.imaging.images.decode`."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Protocol, TypeVar

from PIL import Image

from perception20k.core.errors import UserError
from perception20k.core.files import write_text
from perception20k.core.reporting import SILENT, Reporter
from perception20k.imaging.images import ImageError, decode

MISSING = "missing-images.txt"
"""In a run's directory: the rows that are left out, one a line."""


def read_image(path: Path) -> Image.Image:
    """An image file as RGB, turned as its EXIF says, its colours in sRGB, transparency over white.

    Raises:
        UserError: it is not there or cannot be decoded; names the file and the reason.
    """
    if not path.is_file():
        raise UserError(f"{path}: no such image")
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


class Showing(Protocol):
    """A row of a table or file that shows images."""

    @property
    def where(self) -> str:
        """Its place in the file, in words: ``row 3``."""

    @property
    def images(self) -> tuple[Path, ...]:
        """The images, in the order they are shown."""


Shown = TypeVar("Shown", bound=Showing)


def readable(
    rows: Sequence[Shown], source: str, reporter: Reporter = SILENT
) -> tuple[tuple[Shown, ...], tuple[str, ...]]:
    """The rows whose images can all be decoded, and why the others are left out: place, image and reason.

    Raises:
        UserError: none is left; names ``source``.
    """
    bad = unreadable((image for row in rows for image in row.images), reporter)
    good = tuple(row for row in rows if not bad.keys() & set(row.images))
    reasons = tuple(f"{row.where}: {bad[image]}" for row in rows for image in row.images if image in bad)
    if rows and not good:
        raise UserError(f"{source}: none of its images can be read", reasons[0])
    return good, reasons


def write_missing(run: Path, missing: Sequence[str], reporter: Reporter = SILENT) -> None:
    """Write what is left out, if anything, into ``run``, and say so."""
    if missing:
        write_text(run / MISSING, "\n".join(missing) + "\n")
        many = "1 image is" if len(missing) == 1 else f"{len(missing)} images are"
        reporter.line(f"{many} missing or unreadable and left out: {run / MISSING}")


def _why_unreadable(path: Path) -> str:
    try:
        read_image(path)
    except UserError as error:
        return str(error)
    return ""
