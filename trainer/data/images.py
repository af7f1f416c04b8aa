"""Images from files, as every part of the project sees them: by :func:`perception20k.imaging.images.decode`."""

from __future__ import annotations

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from PIL import Image

from perception20k.core.errors import UserError
from perception20k.core.files import write_bytes
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


@dataclass(frozen=True)
class Entry:
    """An entry of a table or file that names images."""

    where: str
    """Its place in the file, in words: ``row 3``."""
    images: tuple[Path, ...]
    """In the order they are shown."""


Line = TypeVar("Line", bound=Entry)


def readable(
    lines: Sequence[Line], source: str, reporter: Reporter = SILENT
) -> tuple[tuple[Line, ...], tuple[str, ...]]:
    """The lines whose images can all be decoded, and why the others are left out: place, image and reason.

    Every image is decoded, so that a run meets a missing or damaged one when it starts and not hours later.

    Raises:
        UserError: none is left; names ``source``.
    """
    files = list(dict.fromkeys(image for line in lines for image in line.images))
    with ThreadPoolExecutor(os.cpu_count()) as pool, reporter.progress("images", len(files), "image") as advance:
        bad = {}
        for path, reason in zip(files, pool.map(_why_unreadable, files), strict=True):
            if reason:
                bad[path] = reason
            advance(1)
    good = tuple(line for line in lines if not bad.keys() & set(line.images))
    reasons = tuple(f"{line.where}: {bad[image]}" for line in lines for image in line.images if image in bad)
    if lines and not good:
        raise UserError(f"{source}: none of its images can be read", reasons[0])
    return good, reasons


def write_missing(run: Path, missing: Sequence[str], reporter: Reporter = SILENT) -> None:
    """Write what is left out, if anything, into ``run``, and say so."""
    if missing:
        text = "\n".join(missing) + "\n"
        write_bytes(run / MISSING, text.encode(errors="backslashreplace"))  # names of files need not be UTF-8
        many = "1 image is" if len(missing) == 1 else f"{len(missing)} images are"
        reporter.line(f"{many} missing or unreadable and left out: {run / MISSING}")


def _why_unreadable(path: Path) -> str:
    try:
        read_image(path)
    except UserError as error:
        return str(error)
    return ""
