from typing import Any

import numpy as np
import pytest
from PIL import ImageFont

from distortions import distort
from perception20k.imaging.images import Array
from perception20k.imaging.sheets import catalog_sheet, contact_sheet

RED, BLUE = (np.full((60, 80, 3), colour, np.uint8) for colour in ((200, 0, 0), (0, 0, 200)))


def holds(sheet: Array, picture: Array) -> bool:
    """Whether a picture lies in a sheet, pixel for pixel."""
    height, width = picture.shape[:2]
    corners = np.all(sheet[: 1 - height, : 1 - width] == picture[0, 0], axis=2)
    places = zip(*np.nonzero(corners), strict=True)
    return any(np.array_equal(sheet[y : y + height, x : x + width], picture) for y, x in places)


def test_pictures_stand_in_rows_with_captions_below() -> None:
    sheet = contact_sheet([(RED, "one"), (BLUE, "two"), (RED, "three")], columns=2, cell=(80, 60))
    # two columns of 80 px and two rows of 60 px with 26 px for the caption, 6 px between and around
    assert sheet.shape == (2 * (60 + 6 + 26) + 6, 2 * (80 + 6) + 6, 3) and sheet.dtype == np.uint8
    assert np.array_equal(sheet[6:66, 6:86], RED) and np.array_equal(sheet[6:66, 92:172], BLUE)
    assert np.array_equal(sheet[98:158, 6:86], RED)
    captions = sheet[66:92]
    assert captions[:, 6:86].min() < 100 and captions[:, 92:172].min() < 100
    assert np.all(sheet[98:, 92:] == 255), "the fourth cell is empty"


def test_a_large_picture_is_shrunk_and_a_small_one_is_not_enlarged() -> None:
    large, small = np.full((600, 400, 3), 90, np.uint8), np.full((10, 20, 3), 30, np.uint8)
    sheet = contact_sheet([(large, ""), (small, "")], columns=2, cell=(80, 60))
    # 400x600 into 80x60: 40x60, in the middle of its cell
    assert np.all(sheet[6:66, 26:66] == 90) and np.all(sheet[6:66, 6:26] == 255)
    assert np.count_nonzero(np.all(sheet == 30, axis=2)) == 10 * 20


def test_a_long_caption_stays_in_its_cell() -> None:
    sheet = contact_sheet([(RED, "word " * 60), (BLUE, "")], columns=2, cell=(80, 60))
    assert np.all(sheet[66:92, 88:] == 255)


def test_a_caption_of_any_length_is_measured_a_few_times_only(monkeypatch: pytest.MonkeyPatch) -> None:
    measured: list[int] = []
    length = ImageFont.FreeTypeFont.getlength

    def counted(self: ImageFont.FreeTypeFont, text: str, *rest: Any) -> float:
        measured.append(len(text))
        return length(self, text, *rest)

    monkeypatch.setattr(ImageFont.FreeTypeFont, "getlength", counted)
    contact_sheet([(RED, "i" * 10_000)], columns=1, cell=(80, 60))
    assert len(measured) < 20


@pytest.mark.parametrize(("cells", "columns"), [([], 3), ([(RED, "")], 0)])
def test_a_sheet_of_nothing_is_refused(cells: list[tuple[Array, str]], columns: int) -> None:
    with pytest.raises(ValueError, match="at least one cell and one column"):
        contact_sheet(cells, columns, (80, 60))


def test_the_catalogue_sheet_holds_distortions_pixel_for_pixel() -> None:
    rng = np.random.default_rng(1)
    photo = rng.integers(0, 256, (48, 64, 3)).astype(np.uint8)
    sheet = catalog_sheet(photo, seed=4, cell=(64, 48))
    assert holds(sheet, photo)
    for type_, severity in (("blur_motion", 1), ("noise_impulse", 5), ("quantization_hist", 3)):
        assert holds(sheet, distort(photo, type_, severity, seed=4))


def test_the_catalogue_sheet_shows_the_types_of_its_preset() -> None:
    photo = np.random.default_rng(1).integers(0, 256, (24, 32, 3)).astype(np.uint8)
    sheet = catalog_sheet(photo, preset="kadid-10k", seed=4, cell=(32, 24))
    for type_, severity in (("color_diffusion", 2), ("jitter", 5), ("contrast_change", 1)):
        assert holds(sheet, distort(photo, type_, severity, seed=4, preset="kadid-10k"))


@pytest.mark.parametrize("shape", [(1, 1, 3), (2000, 30, 3), (30, 2000, 3)])
def test_any_photo_can_be_drawn_on(shape: tuple[int, int, int]) -> None:
    photo = np.full(shape, 120, np.uint8)
    assert (
        catalog_sheet(photo, cell=(32, 24)).shape == catalog_sheet(np.zeros((9, 9, 3), np.uint8), cell=(32, 24)).shape
    )
