import numpy as np
import pytest

from distortions import distort
from tests.distortions.entries import KADID
from tests.distortions.photos import natural_photos


@pytest.mark.parametrize(("severity", "sigma"), [(3, 0.2), (4, 0.5), (5, 1.0)])
def test_jitter_adds_five_normal_offsets(severity: int, sigma: float) -> None:
    # a ramp of 4 levels a pixel shows how far each pixel has come. A pass takes a place N(0, sigma) away and mixes the
    # offsets that the pass before gave its two neighbours in each direction; with weights 1 - t and t in x and y that
    # keeps at least 4/9 of their variance, and at most all of it. Rounding halves up, five times, is worth 0.08 px
    ramp = np.repeat(np.arange(0, 256, 4, dtype=np.uint8)[np.newaxis, :, np.newaxis], 400, axis=0).repeat(3, axis=2)
    out = distort(ramp, "jitter", severity, preset=KADID, seed=2).astype(float)[:, 12:-12, 0]
    moved = (out - ramp[:, 12:-12, 0]) / 4
    assert abs(moved.mean()) < 0.1
    kept = moved.var() / sigma**2
    assert 1 + 4 / 9 < kept < 5.2


def test_jitter_of_nothing_is_nothing_and_channels_move_together() -> None:
    photo = natural_photos()["coffee"]
    assert np.array_equal(distort(photo, "jitter", 5, preset=KADID, sigma=0.0), photo)
    grey = np.repeat(photo[..., :1], 3, axis=2)
    out = distort(grey, "jitter", 5, preset=KADID)
    assert np.array_equal(out[..., 0], out[..., 1]) and np.array_equal(out[..., 0], out[..., 2])


def test_jitter_has_no_seam_in_images_of_any_length(monkeypatch: pytest.MonkeyPatch) -> None:
    photo = natural_photos()["coffee"][:50, :70]
    whole = distort(photo, "jitter", 5, preset=KADID, seed=3)
    monkeypatch.setattr("distortions.spatial._TILE", 32)
    assert np.array_equal(distort(photo, "jitter", 5, preset=KADID, seed=3), whole)
    monkeypatch.undo()
    strip = np.full((2, 40_000, 3), 77, np.uint8)  # longer than 16 bits reach
    assert np.array_equal(distort(strip, "jitter", 3, preset=KADID), strip)


def test_patches_are_copied_up_to_8_px_away_and_keep_off_the_edge() -> None:
    ys, xs = np.mgrid[:200, :250]
    image = np.stack([ys, xs, np.zeros_like(xs)], axis=2).astype(np.uint8)
    out = distort(image, "non_eccentricity_patch", 1, preset=KADID, seed=5, patches=1).astype(int)
    changed = np.any(out != image, axis=2)
    rows, columns = np.nonzero(changed)
    assert rows.max() - rows.min() == columns.max() - columns.min() == 15 and changed.sum() == 256
    offsets = {tuple(offset) for offset in (out - image)[changed][:, :2]}
    assert len(offsets) == 1 and all(abs(step) <= 8 for step in offsets.pop())
    for severity in range(1, 6):
        out = distort(image, "non_eccentricity_patch", severity, preset=KADID, seed=severity)
        changed = np.any(out != image, axis=2)
        # a square starts 16 px or more from every edge and moves 8 at most
        assert not changed[:8].any() and not changed[:, :8].any()
        assert not changed[-8:].any() and not changed[:, -8:].any()
        assert 100 < changed.sum() <= 20 * severity * 256


def test_blocks_are_squares_of_one_colour_each() -> None:
    image = np.zeros((200, 240, 3), np.uint8)
    for severity in range(1, 6):
        out = distort(image, "color_block", severity, preset=KADID, seed=9)
        colors, counts = np.unique(out.reshape(-1, 3), axis=0, return_counts=True)
        assert 2 <= len(colors) <= 2 * severity + 1
        assert counts[1:].max() <= 32 * 32 and counts[1:].sum() > 0.4 * 32 * 32 * 2 * severity
    out = distort(image, "color_block", 1, preset=KADID, seed=9, blocks=1)
    ys, xs = np.nonzero(out.any(axis=2))
    assert (ys.max() - ys.min(), xs.max() - xs.min(), len(ys)) == (31, 31, 32 * 32)


def test_a_photo_smaller_than_a_block_is_one_colour() -> None:
    out = distort(natural_photos()["coffee"][:20, :30], "color_block", 3, preset=KADID)
    assert len(np.unique(out.reshape(-1, 3), axis=0)) == 1
