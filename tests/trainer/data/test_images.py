"""Images are seen as every part of the project sees them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from perception20k.core.errors import UserError
from perception20k.core.reporting import Reporter
from trainer.data.images import MISSING, Entry, read_image, readable, write_missing
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


def test_what_is_left_out_is_written_down_and_told_in_a_line(tmp_path: Path) -> None:
    said: list[str] = []
    write_missing(tmp_path, (), Reporter(said.append))
    assert not said and not list(tmp_path.iterdir())
    write_missing(tmp_path, ("mine\trow 3: a.png: no such image", "mine\trow 4: b.png: damaged"), Reporter(said.append))
    assert (tmp_path / MISSING).read_text() == "mine\trow 3: a.png: no such image\nmine\trow 4: b.png: damaged\n"
    assert len(said) == 1 and said[0].startswith("2 images are missing") and str(tmp_path / MISSING) in said[0]


def test_an_entry_with_one_image_that_cannot_be_read_is_left_out_with_the_reason(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    good = Entry("row 2", (tmp_path / "a.png",))
    bad = Entry("row 3", (tmp_path / "a.png", tmp_path / "b.png"))
    assert readable([good, bad], "mine") == ((good,), (f"row 3: {tmp_path / 'b.png'}: no such image",))
    with pytest.raises(UserError, match=r"mine: none of its images can be read\. row 3: .*b\.png: no such image"):
        readable([bad], "mine")
