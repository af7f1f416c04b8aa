"""Images from files, as every part of the project sees them: by :func:`perception20k.imaging.images.decode`."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

from perception20k.core.errors import UserError
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
