import numpy as np
import pytest
import skimage.color
from PIL import Image as Pillow

from distortions import distort
from tests.distortions.entries import KADID


def test_oversharpen_overshoots_at_an_edge_in_proportion_to_the_amount() -> None:
    image = np.full((9, 40, 3), 100, np.uint8)
    image[:, 20:] = 140
    one, two = (distort(image, "oversharpen", 1, amount=amount)[4, :, 0].astype(int) for amount in (1.0, 2.0))
    # beside the edge the Gaussian holds 5/16 of the other side, 40 * 5 / 16 = 12.5: 112.5 and 127.5, in 8 bits 113 and
    # 128. Amount 1: 2 * 100 - 113 = 87 and 2 * 140 - 128 = 152; amount 2: 300 - 226 = 74 and 420 - 256 = 164
    assert (one[19], one[20]) == (87, 152)
    assert (two[19], two[20]) == (74, 164)
    assert np.all(one[:17] == 100) and np.all(one[23:] == 140)


def test_pixelate_takes_the_means_of_blocks() -> None:
    image = np.zeros((4, 4, 3), np.uint8)
    image[:2, :2] = [[[10] * 3, [20] * 3], [[30] * 3, [40] * 3]]
    image[2:, 2:] = 200
    out = distort(image, "pixelate", 1)[..., 0]  # scale 0.5: blocks of 2x2
    assert out.tolist() == [[25, 25, 0, 0], [25, 25, 0, 0], [0, 0, 200, 200], [0, 0, 200, 200]]


@pytest.mark.parametrize("size", [(13, 7), (37, 41), (97, 113), (45, 51), (64, 300)])
@pytest.mark.parametrize("severity", range(1, 6))
def test_pixelate_is_pillow_s_box_filter_and_nearest_neighbour(size: tuple[int, int], severity: int) -> None:
    width, height = size
    image = np.random.default_rng(severity).integers(0, 256, (height, width, 3), dtype=np.uint8)
    scale = (0.5, 0.4, 0.3, 0.25, 0.2)[severity - 1]
    small = Pillow.fromarray(image).resize((int(width * scale), int(height * scale)), Pillow.Resampling.BOX)
    expected = np.asarray(small.resize(size, Pillow.Resampling.NEAREST)).astype(int)
    # Pillow rounds rows first, this code columns first
    assert np.abs(distort(image, "pixelate", severity) - expected).max() <= 1


def test_an_image_smaller_than_a_block_becomes_its_mean() -> None:
    image = np.array([[[0, 10, 20], [100, 30, 40]]], np.uint8)
    assert distort(image, "pixelate", 5)[0].tolist() == [[50, 20, 30], [50, 20, 30]]


def test_high_sharpen_overshoots_in_lightness_alone() -> None:
    image = np.full((20, 60, 3), (150, 110, 90), np.uint8)
    image[:, 30:] = (180, 138, 117)
    out = distort(image, "high_sharpen", 1, preset=KADID)
    before, after = (skimage.color.rgb2lab(picture)[10] for picture in (image, out))
    # at an even edge of height h the Gaussian of 13 px and sigma 3 takes from each side beside it
    # (1 - w) / 2 of h, w = 0.1367 the middle weight: amount 1 moves L by 0.432 h there, and not at all 7 px away
    height = before[45, 0] - before[15, 0]
    assert after[29, 0] == pytest.approx(before[29, 0] - 0.432 * height, abs=0.4)
    assert after[30, 0] == pytest.approx(before[30, 0] + 0.432 * height, abs=0.4)
    assert np.array_equal(out[:, :23], image[:, :23]) and np.array_equal(out[:, 37:], image[:, 37:])
    assert np.abs(after[:, 1:] - before[:, 1:]).max() < 1


def test_nearest_pixelation_worked_out_by_hand() -> None:
    # 0.95 - 0.5^0.6 = 0.2902: 10 px become 2, of columns 0 and 5, drawn out to five each; 4 rows become 1
    image = np.arange(120, dtype=np.uint8).reshape(4, 10, 3)
    out = distort(image, "pixelate", 5, preset=KADID)
    assert out[2, :, 0].tolist() == [0] * 5 + [15] * 5
    assert np.array_equal(out, np.broadcast_to(out[:1], out.shape))
