import numpy as np
import pytest

from distortions import distort, pixels
from distortions.pixels import in_hsv, line, look_up, look_up_channels, table, truncate


def test_floats_are_truncated_and_saturate() -> None:
    values = np.array([[0, 0.2, 0.99, 1.0, 1.4999, 1.5, 1.99, 254.98, 255, 255.7, 300, 7000]], np.float32)
    expected = [[0, 0, 0, 1, 1, 1, 1, 254, 255, 255, 255, 255]]
    assert truncate(values.reshape(1, 4, 3)).reshape(1, 12).tolist() == expected


def test_a_whole_value_survives_a_float_s_last_digits() -> None:
    whole = np.arange(1, 256, dtype=np.float32)
    near = np.repeat(np.nextafter(whole, np.float32(0)), 3).reshape(1, -1, 3)
    assert np.array_equal(truncate(near)[0, :, 0], np.arange(1, 256))


def test_tables_are_clipped_and_truncated() -> None:
    assert table(np.array([-3.0, 0.9, 7.9999999, 255.0, 1e9])).tolist() == [0, 0, 8, 255, 255]


def test_channels_go_through_tables_of_their_own() -> None:
    image = np.array([[[1, 2, 3], [4, 5, 6]]], np.uint8)
    double = np.minimum(np.arange(256) * 2, 255).astype(np.uint8)
    assert look_up(image, double).tolist() == [[[2, 4, 6], [8, 10, 12]]]
    assert look_up_channels(image, None, double, None).tolist() == [[[1, 4, 3], [4, 10, 6]]]


def test_a_line_is_truncated_and_clipped_channel_by_channel() -> None:
    image = np.array([[[100, 101, 102], [200, 3, 255]]], np.uint8)
    # 100; 101 * 0.45 + 0.5 = 45.95; 102 * 3 - 300 = 6, and 200; 3 * 0.45 + 0.5 = 1.85; 255 * 3 - 300 = 465
    assert line(image, (1, 0.45, 3), (0, 0.5, -300)).tolist() == [[[100, 45, 6], [200, 1, 255]]]
    assert line(image, (-1, 0, 1), (150, 7, 0)).tolist() == [[[50, 7, 102], [0, 7, 255]]]


@pytest.mark.parametrize("type_", ["noise_gaussian_YCrCb", "noise_poisson", "saturate_weaken_HSV"])
def test_a_large_image_worked_on_in_pieces_gives_the_same_bytes(type_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image = np.random.default_rng(0).integers(0, 256, (257, 301, 3), dtype=np.uint8)  # more than a piece, less than two
    with monkeypatch.context() as patch:
        patch.setattr(pixels, "_CHUNK", image.size)
        whole = distort(image, type_, 4, seed=9)
    monkeypatch.setattr(pixels, "_LARGE", 0)
    assert np.array_equal(distort(image, type_, 4, seed=9), whole)


@pytest.mark.parametrize("type_", ["blur_lens", "oversharpen"])
@pytest.mark.parametrize("height", [1, 65, 257])
def test_a_large_image_worked_on_in_bands_gives_the_same_bytes(
    type_: str, height: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (height, 90, 3), dtype=np.uint8)
    whole = distort(image, type_, 5)
    monkeypatch.setattr(pixels, "_LARGE", 0)
    assert np.array_equal(distort(image, type_, 5), whole)


@pytest.mark.parametrize("size", [3, 131072, 131073, 200001])
def test_a_look_up_takes_any_number_of_values(size: int) -> None:
    rng = np.random.default_rng(size)
    values, levels = rng.integers(0, 256, (1, size), dtype=np.uint8), rng.permutation(256).astype(np.uint8)
    assert np.array_equal(look_up(values, levels), levels[values])


@pytest.mark.parametrize("width", [1, 31, 63, 64, 100])
def test_hsv_treats_every_pixel_of_a_row_alike(width: int) -> None:
    column = np.random.default_rng(1).integers(0, 256, (40, 1, 3), dtype=np.uint8)
    changed = in_hsv(np.repeat(column, width, axis=1), lambda hsv: hsv)
    assert np.all(changed == changed[:, :1])
    assert np.array_equal(changed[:, :1], in_hsv(column, lambda hsv: hsv))
