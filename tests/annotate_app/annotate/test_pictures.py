from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from annotate_app.annotate.pictures import Picture, find_pictures
from perception20k.core.errors import ItemError, UserError
from perception20k.core.reporting import SILENT
from perception20k.imaging import images
from tests.annotate_app.annotate.conftest import write_photos


@pytest.mark.slow
def test_keyframes_stand_beside_photos_under_the_names_of_a_build(photos: Path, tmp_path: Path) -> None:
    write_photos(tmp_path, 1)
    (tmp_path / "a.mp4").symlink_to(photos / "dog_indoors.mp4")
    (tmp_path / "b.mp4").write_bytes(b"no video")
    found, failed = find_pictures([str(tmp_path)], 2, SILENT)
    assert [picture.origin.partition("#")[0] for picture in found] == ["000.png", "a.mp4", "a.mp4"]
    assert [name for name, _ in failed] == ["b.mp4"]
    frame = found[1]
    assert frame.origin == f"a.mp4#frame={frame.frame}"
    opened = frame.open(None)
    with Image.open(io.BytesIO(opened.data)) as shown:
        assert shown.size == (opened.width, opened.height)


def test_a_plain_photo_is_served_as_it_is(tmp_path: Path) -> None:
    path = write_photos(tmp_path, 1) / "000.png"
    opened = Picture("000.png", path).open(None)
    assert (opened.data, opened.media_type) == (path.read_bytes(), "image/png")
    assert opened.image_id == images.image_id(images.decode(path.read_bytes()))


def test_a_turned_photo_is_shown_upright_as_a_build_sees_it(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(np.zeros((40, 60, 3), np.uint8)).save(tmp_path / "turned.jpg", exif=exif)
    opened = Picture("turned.jpg", tmp_path / "turned.jpg").open(None)
    assert (opened.width, opened.height) == (40, 60)
    with Image.open(io.BytesIO(opened.data)) as shown:
        assert shown.size == (40, 60) and not shown.getexif().get(0x0112)


def test_a_photo_that_changes_is_opened_anew(tmp_path: Path) -> None:
    picture = Picture("000.png", write_photos(tmp_path, 2) / "000.png")
    before = picture.open(None).image_id
    picture.path.write_bytes((tmp_path / "001.png").read_bytes() + b"\0")
    assert picture.open(None).image_id != before


def test_what_cannot_be_opened_says_why(tmp_path: Path) -> None:
    with pytest.raises(ItemError, match="no such file"):
        Picture("gone.png", tmp_path / "gone.png").open(None)


def test_a_folder_without_photos_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no photo"):
        find_pictures([str(tmp_path)], 3, SILENT)


def test_a_large_photo_is_shown_scaled_down_as_a_build_takes_it(tmp_path: Path) -> None:
    opened = Picture("000.png", write_photos(tmp_path, 1) / "000.png").open(160)
    assert (opened.width, opened.height, opened.original_width, opened.original_height) == (160, 120, 320, 240)
    with Image.open(io.BytesIO(opened.data)) as shown:
        assert shown.size == (160, 120)
