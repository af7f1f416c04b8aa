import json

import numpy as np
import pytest

from distortions import Distortion, DistortionError, catalog, distort, distort_region, resolve
from tests.distortions.entries import ENTRIES, title
from tests.distortions.photos import natural_photos

IMAGE = np.full((8, 10, 3), 90, np.uint8)


@pytest.mark.parametrize("entry", ENTRIES, ids=title)
def test_resolved_parameters_given_back_make_the_same_bytes(entry: Distortion) -> None:
    photo = natural_photos()["chelsea"][:48, :64]
    for preset in entry.family.presets:
        parameters = json.loads(json.dumps(resolve(entry.type, 4, seed=9, preset=preset)))
        assert list(parameters) == list(entry.operation.parameters)
        drawn = distort(photo, entry.type, 4, seed=9, preset=preset)
        fixed = distort(photo, entry.type, 4, seed=9, preset=preset, **parameters)
        assert np.array_equal(drawn, fixed)


def test_a_drawn_parameter_covers_its_range_and_can_be_fixed() -> None:
    angles = [resolve("blur_motion", 3, seed=seed)["angle"] for seed in range(200)]
    assert -90 <= min(angles) < -80 and 80 < max(angles) <= 90
    assert resolve("blur_motion", 3, angle=37)["angle"] == 37.0
    assert resolve("blur_motion", 1, seed=1)["angle"] != resolve("blur_motion", 2, seed=1)["angle"]


def test_numpy_numbers_become_plain_ones() -> None:
    parameters = resolve("blur_lens", np.int64(3), seed=np.int64(5), radius=np.int32(4))
    assert type(parameters["radius"]) is int
    assert json.dumps(parameters) == '{"radius": 4}'


@pytest.mark.parametrize(
    ("image", "message"),
    [
        (IMAGE.astype(np.float32), "image must be a uint8 array, not float32 array"),
        ([[1, 2, 3]], "image must be a uint8 array, not list"),
        (IMAGE[..., 0], "image must have shape (height, width, 3), not (8, 10)"),
        (np.zeros((4, 4, 4), np.uint8), "image must have shape (height, width, 3), not (4, 4, 4)"),
        (np.zeros((0, 4, 3), np.uint8), "image must have shape (height, width, 3), not (0, 4, 3)"),
    ],
)
def test_a_wrong_image_is_refused(image: object, message: str) -> None:
    for call in (
        lambda: distort(image, "blur_lens", 1),
        lambda: distort_region(image, (0, 0, 1, 1), "blur_lens", 1),
    ):
        with pytest.raises(DistortionError) as error:
            call()
        assert str(error.value) == message


@pytest.mark.parametrize(
    ("arguments", "fixed", "message"),
    [
        (("blur_motoin", 1), {}, "unknown distortion type 'blur_motoin'; did you mean 'blur_motion'"),
        (("qqq", 1), {}, "unknown distortion type 'qqq'; see distortions.catalog()"),
        ((None, 1), {}, "unknown distortion type None; see distortions.catalog()"),
        (("blur_lens", 6), {}, "severity must be a whole number from 1 to 5, not 6"),
        (("blur_lens", 0), {}, "severity must be a whole number from 1 to 5, not 0"),
        (("blur_lens", 2.0), {}, "severity must be a whole number from 1 to 5, not 2.0"),
        (("blur_lens", True), {}, "severity must be a whole number from 1 to 5, not True"),
        (("blur_lens", 1), {"preset": "refine"}, "unknown preset 'refine'; did you mean 'refine-iqa'"),
        (("jpeg", 1), {}, "refine-iqa has no distortion type 'jpeg'; kadid-10k has: preset='kadid-10k'"),
        (
            ("blur_lens", 1),
            {"preset": "kadid-10k"},
            "kadid-10k has no distortion type 'blur_lens'; refine-iqa has: preset='refine-iqa'",
        ),
        (
            ("white_nois", 1),
            {"preset": "kadid-10k"},
            "unknown distortion type 'white_nois'; did you mean 'white_noise'",
        ),
        (("blur_lens", 1), {"seed": -1}, "seed must be a whole number from 0 to 2**128 - 1, not -1"),
        (("blur_lens", 1), {"seed": 2**128}, f"seed must be a whole number from 0 to 2**128 - 1, not {2**128}"),
        (("blur_motion", 1), {"angel": 3}, "unknown parameter of blur_motion 'angel'; did you mean 'angle'"),
        (("blur_lens", 1), {"angle": 3}, "unknown parameter of blur_lens 'angle'; known: radius"),
        (("blur_lens", 1), {"radius": 2.5}, "radius must be a whole number from 0 to 9, not 2.5"),
        (("blur_lens", 1), {"radius": 10}, "radius must be a whole number from 0 to 9, not 10"),
        (("blur_motion", 1), {"angle": float("nan")}, "angle must be a number from -90.0 to 90.0, not nan"),
        (("blur_motion", 1), {"angle": "37"}, "angle must be a number from -90.0 to 90.0, not '37'"),
    ],
)
def test_wrong_arguments_are_refused_in_one_line(
    arguments: tuple[str, int], fixed: dict[str, object], message: str
) -> None:
    for call in (
        lambda: resolve(*arguments, **fixed),
        lambda: distort(IMAGE, *arguments, **fixed),
        lambda: distort_region(IMAGE, (0, 0, 4, 4), *arguments, **fixed),
    ):
        with pytest.raises(ValueError) as error:
            call()
        assert isinstance(error.value, DistortionError)
        assert str(error.value) == message


def test_an_image_of_any_memory_layout_gives_the_same_bytes() -> None:
    photo = natural_photos()["tulips.png"][:60, :70]
    layouts = [photo.copy(), np.asfortranarray(photo), photo[::-1][::-1], np.repeat(photo, 2, axis=1)[:, ::2]]
    for entry in catalog():
        first, *others = (distort(image, entry.type, 2, seed=4) for image in layouts)
        assert all(np.array_equal(first, other) for other in others), entry.type
