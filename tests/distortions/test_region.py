import numpy as np
import pytest

from distortions import Distortion, DistortionError, distort, distort_region, resolve
from distortions.region import distort_patch
from tests.distortions.entries import ENTRIES, preset_of, title
from tests.distortions.photos import natural_photos

BOX = (101, 57, 203, 160)

MEASURES_THE_BOX = (
    "contrast_strengthen_scale",
    "contrast_strengthen_stretch",
    "contrast_weaken_scale",
    "contrast_weaken_stretch",
    "quantization_otsu",
    "quantization_median",
    "quantization_hist",
    "quantization",
    "color_quantization",
    "color_shift",
)
RESCALES_THE_BOX = ("blur_zoom", "pixelate", "compression_jpeg_2000", "jpeg2000")
SEEN_THROUGH = [
    entry
    for entry in ENTRIES
    if not entry.operation.draws_field and entry.type not in MEASURES_THE_BOX + RESCALES_THE_BOX
]


@pytest.mark.parametrize("entry", SEEN_THROUGH, ids=title)
@pytest.mark.parametrize("box", [BOX, (0, 0, 40, 30), (290, 200, 320, 240), (33, 16, 34, 17), (0, 0, 320, 240)])
def test_a_box_shows_what_the_whole_distorted_image_would_show(
    entry: Distortion, box: tuple[int, int, int, int]
) -> None:
    photo = natural_photos()["city.jpg"]
    x1, y1, x2, y2 = box
    preset = preset_of(entry)
    for severity in (1, 5):
        fixed = resolve(entry.type, severity, seed=2, preset=preset)
        whole = distort(photo, entry.type, severity, preset=preset, **fixed)
        patch = distort_patch(photo, box, entry.type, severity, preset=preset, **fixed)
        difference = np.abs(patch.astype(int) - whole[y1:y2, x1:x2])
        # float sums may be taken in another order, worth one level of truncation on a rare pixel
        assert difference.max() <= 1 and np.mean(difference > 0) <= 1e-3


@pytest.mark.parametrize("entry", ENTRIES, ids=title)
def test_a_box_of_the_whole_image_is_the_image_distorted(entry: Distortion) -> None:
    photo, preset = natural_photos()["coffee"], preset_of(entry)
    whole = distort_region(photo, (0, 0, 320, 240), entry.type, 4, seed=6, preset=preset)
    assert np.array_equal(whole, distort(photo, entry.type, 4, seed=6, preset=preset))


@pytest.mark.parametrize("type_", ["contrast_strengthen_scale", "quantization_otsu", "blur_zoom", "pixelate"])
def test_types_that_measure_or_rescale_see_the_box_alone(type_: str) -> None:
    photo = natural_photos()["salon.png"]
    x1, y1, x2, y2 = BOX
    other = np.full_like(photo, 200)
    other[y1:y2, x1:x2] = photo[y1:y2, x1:x2]
    assert np.array_equal(distort_patch(photo, BOX, type_, 3), distort_patch(other, BOX, type_, 3))
    assert np.array_equal(distort_patch(photo, BOX, type_, 3), distort(photo[y1:y2, x1:x2], type_, 3))


@pytest.mark.parametrize("entry", [entry for entry in ENTRIES if entry.reads_context], ids=title)
def test_a_flat_box_takes_up_its_surroundings_where_the_type_reads_context(entry: Distortion) -> None:
    preset = preset_of(entry)
    image = np.full((64, 64, 3), (250, 220, 150), np.uint8)
    image[27:43, 27:43] = 40
    alone = distort(image[27:43, 27:43], entry.type, 5, seed=1, preset=preset)
    surrounded = distort_patch(image, (27, 27, 43, 43), entry.type, 5, seed=1, preset=preset)
    if entry.type == "noise_spatially_correlated":  # the noise field is the window's: compare the frame with the middle
        assert surrounded[[0, -1]].mean() > surrounded[2:-2].mean() + 30
    else:
        assert np.abs(surrounded.astype(int) - alone).max() > 8


@pytest.mark.parametrize("type_", ["blur_gaussian", "blur_lens", "blur_motion", "oversharpen"])
def test_there_is_no_seam_at_the_box_on_a_ramp(type_: str) -> None:
    # a linear ramp is its own mean over any symmetric kernel, and motion only shifts it: padding instead of context
    # would bend it at the box's edge
    ramp = np.repeat(np.arange(256, dtype=np.uint8)[np.newaxis, :, np.newaxis], 64, axis=0)
    fixed = {"angle": 0.0} if type_ == "blur_motion" else {}
    patch = distort_patch(np.repeat(ramp, 3, axis=2), (100, 20, 160, 44), type_, 5, **fixed)
    steps = np.diff(patch[..., 0].astype(int), axis=1)
    assert steps.min() >= 0 and steps.max() <= 2


@pytest.mark.parametrize(
    ("box", "message"),
    [
        ((0, 0, 11, 8), "box (0, 0, 11, 8) is not inside the image of 10x8 px"),
        ((-1, 0, 4, 4), "box (-1, 0, 4, 4) is not inside the image of 10x8 px"),
        ((3, 3, 3, 5), "box (3, 3, 3, 5) is empty: x1 < x2 and y1 < y2 must hold"),
        ((5, 3, 3, 5), "box (5, 3, 3, 5) is empty: x1 < x2 and y1 < y2 must hold"),
        ((1, 2, 3), "box must be four whole numbers (x1, y1, x2, y2), not (1, 2, 3)"),
        ((1, 2, 3, 4.5), "box must be four whole numbers (x1, y1, x2, y2), not (1, 2, 3, 4.5)"),
        (None, "box must be four whole numbers (x1, y1, x2, y2), not None"),
    ],
)
def test_a_wrong_box_is_refused(box: tuple[int, ...], message: str) -> None:
    with pytest.raises(DistortionError) as error:
        distort_region(np.zeros((8, 10, 3), np.uint8), box, "blur_lens", 1)
    assert str(error.value) == message


def test_a_list_of_numpy_integers_is_a_box() -> None:
    image = natural_photos()["rocket"]
    box = np.array(BOX)
    assert np.array_equal(distort_region(image, box, "pixelate", 3), distort_region(image, BOX, "pixelate", 3))
