"""Images are seen as every part of the project sees them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from perception20k.core.errors import UserError
from trainer.data.images import read_image
from trainer.data.mos import read_csv
from trainer.data.rows import MosRows
from trainer.evaluation.suites import AS_STORED


def test_a_rated_photo_is_turned_as_its_exif_says(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # shot with the camera upright
    Image.new("RGB", (40, 20)).save(tmp_path / "phone.jpg", exif=exif)
    (tmp_path / "rated.csv").write_text("image,mos\nphone.jpg,3\n")
    row = MosRows(read_csv(tmp_path / "rated.csv", 1, 5), AS_STORED, "refine-iqa-think.v1", None)[0]
    assert row["images"][0].size == (20, 40)


def test_transparency_lies_over_white_and_16_bits_keep_their_grey(tmp_path: Path) -> None:
    Image.new("RGBA", (4, 4), (255, 0, 0, 0)).save(tmp_path / "clear.png")
    assert read_image(tmp_path / "clear.png").getpixel((0, 0)) == (255, 255, 255)
    Image.fromarray(np.full((4, 4), 0x4000, dtype=np.uint16)).save(tmp_path / "deep.png")
    assert read_image(tmp_path / "deep.png").getpixel((0, 0)) == (0x40, 0x40, 0x40)


def test_a_file_that_is_no_image_is_named(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    with pytest.raises(UserError, match=r"a\.png: cannot be read as an image: not an image"):
        read_image(tmp_path / "a.png")
