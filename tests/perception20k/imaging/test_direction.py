"""The measured change has the label's sign, or the label is denied; patches whose answer is known by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from distortions import catalog, distort
from perception20k.imaging import images
from perception20k.imaging.direction import DIRECTIONS, UNDIRECTED, denied, measure
from perception20k.imaging.images import Array


def grey(*levels: int) -> Array:
    """Columns of the given grey levels, 16 px wide each."""
    row = np.repeat(np.array(levels, np.uint8), 16)
    return np.repeat(np.tile(row, (64, 1))[:, :, None], 3, axis=2)


def test_measures_of_a_patch_known_by_hand() -> None:
    found = measure(grey(50, 150))
    assert (found.luma, found.contrast, found.chroma) == (100.0, 50.0, 0.0)
    assert found.flat == pytest.approx(30 / 31)  # one of 31 neighbours differs
    red = np.zeros((8, 8, 3), np.uint8)
    red[..., 0] = 200
    assert measure(red).chroma == 200.0


@pytest.mark.parametrize(
    ("group", "after", "message"),
    [
        ("contrast_strengthen", grey(40, 160), ""),
        ("contrast_strengthen", grey(60, 140), "contrast changed -"),
        ("contrast_strengthen", grey(50, 150), "contrast changed +0.00 times"),
        ("contrast_strengthen", grey(145, 255), "brightness changed more than contrast"),
        ("contrast_weaken", grey(60, 140), ""),
        ("contrast_weaken", grey(40, 160), "contrast changed +"),
        ("brighten", grey(70, 170), ""),
        ("brighten", grey(51, 151), "brightness changed +0.33 times"),  # a third of three levels
        ("darken", grey(70, 170), "brightness changed +"),
        ("noise", grey(0, 0), ""),  # noise has no direction
    ],
)
def test_a_label_is_denied_where_the_pixels_say_otherwise(group: str, after: Array, message: str) -> None:
    found = denied(group, "any", grey(50, 150), after)
    assert message in found and bool(message) == bool(found)


def test_what_a_photo_shows_is_borne_out_and_its_opposite_denied(photos: Path) -> None:
    photo = images.decode((photos / "salon.png").read_bytes())[100:260, 100:300]
    for entry in catalog():
        if entry.group not in DIRECTIONS or entry.type in UNDIRECTED or "stretch" in entry.type:
            continue
        after = distort(photo, entry.type, 3, seed=1)
        assert denied(entry.group, entry.type, photo, after) == "", entry.type
        assert denied(entry.group, entry.type, after, photo), entry.type


def test_a_stretch_of_black_and_white_is_denied() -> None:
    # 1 / (1 + (m / x)^f) of black is black, and of white with m = 127 and f = 0.4 is below white: contrast falls
    harsh = grey(0, 255)
    after = distort(harsh, "contrast_strengthen_stretch", 1)
    assert "contrast changed -" in denied("contrast_strengthen", "contrast_strengthen_stretch", harsh, after)
