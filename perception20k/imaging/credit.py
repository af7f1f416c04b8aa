"""What a photo says of itself: licence and author from its EXIF data."""

from __future__ import annotations

import io

from PIL import ExifTags, Image


def exif_credit(data: bytes) -> tuple[str, str]:
    """The copyright notice and the artist of an encoded image, empty where it names none.

    EXIF's copyright is the photographer's, then after a NUL the editor's (EXIF 2.3, 4.6.5); both are given.
    """
    try:
        with Image.open(io.BytesIO(data)) as image:
            exif = image.getexif()
    except Exception:  # Pillow raises many kinds on damaged EXIF, and the photo is whole without it
        return "", ""
    return _text(exif.get(ExifTags.Base.Copyright)), _text(exif.get(ExifTags.Base.Artist))


def _text(value: object) -> str:
    if isinstance(value, bytes):
        value = value.decode("utf-8", "replace")
    if not isinstance(value, str):
        return ""
    return "; ".join(part.strip() for part in value.split("\0") if part.strip())
