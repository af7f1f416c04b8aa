import itertools

import numpy as np
import pytest
from PIL import Image
from skimage.filters import threshold_multiotsu

from distortions import catalog, distort
from distortions.quantization import _median_cut_levels, _otsu_thresholds
from tests.distortions.entries import KADID
from tests.distortions.photos import natural_photos, psnr


def test_otsu_thresholds_are_the_brute_force_s() -> None:
    rng = np.random.default_rng(1)
    for classes in (2, 3, 4):
        histogram = np.zeros(30)
        histogram[rng.choice(30, 18, replace=False)] = rng.integers(1, 500, 18)
        share, level = histogram / histogram.sum(), np.maximum(np.arange(30), 1)

        def between(ends: tuple[int, ...], share: np.ndarray = share, level: np.ndarray = level) -> float:
            bounds = [0, *(end + 1 for end in ends), 30]
            parts = [(share[a:b].sum(), (share * level)[a:b].sum()) for a, b in itertools.pairwise(bounds)]
            return sum(moment**2 / weight for weight, moment in parts if weight > 0)

        best = max(itertools.combinations(range(29), classes - 1), key=between)
        ours = tuple(int(end) for end in _otsu_thresholds(histogram, classes))
        assert between(ours) == pytest.approx(between(best), rel=1e-12)


@pytest.mark.parametrize("classes", [3, 5])
def test_otsu_is_scikit_image_s_on_photos(classes: int) -> None:
    for name, photo in natural_photos().items():
        channel = photo[..., 1]
        low, high = int(channel.min()), int(channel.max())
        index = np.digitize(channel, threshold_multiotsu(channel.astype(float), classes, nbins=30))
        expected = np.floor(index * (high - low) / classes + low + 1e-6)
        assert np.array_equal(distort(photo, "quantization_otsu", 1, classes=classes)[..., 1], expected), name


@pytest.mark.parametrize("colors", [2, 3, 6, 10, 15, 20, 200])
def test_median_cut_is_pillow_s_on_photos(colors: int) -> None:
    for name, photo in natural_photos().items():
        channel = np.ascontiguousarray(photo[..., 0])
        quantized = Image.fromarray(channel).quantize(colors, method=Image.Quantize.MEDIANCUT).convert("L")
        ours = distort(photo, "quantization_median", 1, colors=colors)[..., 0]
        assert np.array_equal(np.array(quantized), ours), name


@pytest.mark.parametrize("seed", range(40))
def test_median_cut_is_pillow_s_where_boxes_tie(seed: int) -> None:
    # few pixels in few levels: boxes of equal counts at every turn
    rng = np.random.default_rng(seed)
    image = rng.integers(0, 256, (1, 40))[:, rng.integers(0, 40, 120)].astype(np.uint8)
    for colors in (3, 6, 10, 15, 20):
        quantized = Image.fromarray(image).quantize(colors, method=Image.Quantize.MEDIANCUT).convert("L")
        ours = distort(np.dstack([image] * 3), "quantization_median", 1, colors=colors)
        assert np.array_equal(np.array(quantized), ours[..., 0])


def test_median_cut_worked_out_by_hand() -> None:
    # 4 x 10, 3 x 20, 2 x 200, 1 x 210. Half of 10 is passed from the bright end at 20 (1 + 2 + 3 = 6 > 5):
    # {210, 200, 20} and {10}; means 670 / 6 = 111.7 -> 112 and 10. Level 20 is nearer to 10.
    counts = np.zeros(256, np.int64)
    counts[[10, 20, 200, 210]] = 4, 3, 2, 1
    assert _median_cut_levels(counts, 2)[[10, 20, 200, 210]].tolist() == [10, 10, 112, 112]
    # a third box: {210, 200, 20} splits after 20's side is reached: 1 + 2 = 3 is not over 3, so 20 is passed too and
    # alone moves right: {210, 200} of mean 203.3 and {20}
    assert _median_cut_levels(counts, 3)[[10, 20, 200, 210]].tolist() == [10, 20, 203, 203]


def test_hist_levels_worked_out_by_hand() -> None:
    # 4 bins over 0..255 (63.75 wide) hold 0, 70, 130, 255 once each, three channels alike: cumulative 3 6 9 12,
    # stretched (c - 3) 255 / 9 = 0 85 170 255; v maps to entry round(v / 255 * 3) = 0, 1, 2, 3
    image = np.repeat(np.array([[[0], [70], [130], [255]]], np.uint8), 3, axis=2)
    assert distort(image, "quantization_hist", 5)[0, :, 0].tolist() == [0, 85, 170, 255]
    image = np.repeat(np.array([[[0], [70], [130], [200]]], np.uint8), 3, axis=2)  # 200 / 255 * 3 = 2.35 -> entry 2
    assert distort(image, "quantization_hist", 5)[0, :, 0].tolist() == [0, 85, 170, 170]


def test_uniform_steps_worked_out_by_hand() -> None:
    image = np.array([[[0, 31, 32], [63, 64, 255]]], np.uint8)
    assert distort(image, "quantization_uniform", 1)[0].tolist() == [[0, 0, 32], [32, 64, 224]]
    assert not distort(image, "quantization_uniform", 5).any()


@pytest.mark.parametrize("type_", [entry.type for entry in catalog() if entry.group == "quantization"])
def test_one_colour_has_nothing_to_quantize(type_: str) -> None:
    flat = np.full((5, 7, 3), (0, 99, 255), np.uint8)
    out = distort(flat, type_, 5)
    if type_ == "quantization_hist":  # one histogram of all values: three levels are something
        assert len(np.unique(out.reshape(-1, 3), axis=0)) == 1
        assert np.array_equal(distort(flat[..., [1, 1, 1]], type_, 5), flat[..., [1, 1, 1]])
    else:
        assert np.array_equal(out, flat)


@pytest.mark.parametrize("severity", range(1, 6))
def test_levels_are_at_most_as_many_as_asked_for(severity: int) -> None:
    photo = natural_photos()["astronaut"]
    for type_, most in (
        ("quantization_otsu", [15, 11, 8, 5, 3]),
        ("quantization_median", [20, 15, 10, 6, 3]),
        ("quantization_hist", [24, 16, 8, 6, 4]),
    ):
        out = distort(photo, type_, severity)
        assert max(len(np.unique(out[..., channel])) for channel in range(3)) <= most[severity - 1]


def test_equal_steps_stretched_worked_out_by_hand() -> None:
    # 7 steps begin above 0, 36, 72, 109, 145, 182 and 218; 0 is a step of its own. Values 0 1 36 37 255 are steps
    # 0 1 1 2 7, of 255 / 7 = 36.43 levels each
    image = np.array([0, 1, 36, 37, 255], np.uint8)[np.newaxis, :, np.newaxis].repeat(3, axis=2)
    assert distort(image, "quantization", 5, preset=KADID)[0, :, 0].tolist() == [0, 36, 36, 73, 255]
    # 100, 110 and 150 are steps 3, 4 and 5: stretched, black, the middle and white
    image = np.array([100, 110, 150], np.uint8)[np.newaxis, :, np.newaxis].repeat(3, axis=2)
    assert distort(image, "quantization", 5, preset=KADID)[0, :, 0].tolist() == [0, 128, 255]


@pytest.mark.parametrize(("severity", "colors"), [(1, 64), (2, 48), (3, 32), (4, 16), (5, 8)])
def test_a_palette_has_its_colours_and_error_diffusion_keeps_the_mean(severity: int, colors: int) -> None:
    photo = natural_photos()["salon.png"]
    out = distort(photo, "color_quantization", severity, preset=KADID)
    assert len(np.unique(out.reshape(-1, 3), axis=0)) == colors
    assert np.abs(out.mean(axis=(0, 1)) - photo.mean(axis=(0, 1))).max() < 2


def test_the_palette_fits_better_than_a_plain_median_cut() -> None:
    gains = []
    for photo in [photo[:160, :200] for photo in natural_photos().values()]:
        picture = Image.fromarray(photo)
        plain = picture.quantize(16, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
        dithered = np.array(picture.quantize(palette=plain, dither=Image.Dither.FLOYDSTEINBERG).convert("RGB"))
        gains.append(psnr(photo, distort(photo, "color_quantization", 4, preset=KADID)) - psnr(photo, dithered))
    assert np.mean(gains) > 0.5
