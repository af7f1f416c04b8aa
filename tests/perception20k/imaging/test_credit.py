"""Licence and author from EXIF data."""

import io

import pytest
from PIL import ExifTags, Image

from perception20k.imaging.credit import exif_credit


def photo(**tags: object) -> bytes:
    exif = Image.Exif()
    for name, value in tags.items():
        exif[ExifTags.Base[name]] = value
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", exif=exif)
    return buffer.getvalue()


def test_copyright_and_artist_are_read() -> None:
    assert exif_credit(photo(Copyright="CC BY-SA 4.0", Artist="Jane Doe")) == ("CC BY-SA 4.0", "Jane Doe")
    assert exif_credit(photo(Artist="Jane Doe")) == ("", "Jane Doe")
    assert exif_credit(photo(Copyright="(c) Jane\0(c) Joe")) in {("(c) Jane; (c) Joe", ""), ("(c) Jane", "")}


@pytest.mark.parametrize("data", [b"", b"no photo", photo()[:40]])
def test_a_photo_that_says_nothing_has_no_credit(data: bytes) -> None:
    assert exif_credit(data) == ("", "")
