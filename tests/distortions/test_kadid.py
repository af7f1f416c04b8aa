"""KADID-10k's types against a public Python port of its generator, where the port is right.

``kadid.npz`` holds the port's outputs on the two photos of ``distortions.npz``: for each photo and type one lossless
WebP of its levels, one below the other. The port hands planes to CIELAB in the wrong order; so our outputs on a photo
with red and blue exchanged, exchanged back, are what it makes.
"""

import functools
import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as Pillow
from skimage.metrics import structural_similarity

from distortions import distort
from distortions.pixels import Image
from tests.distortions.entries import KADID
from tests.distortions.photos import psnr

DATA = Path(__file__).parents[1] / "data"
PHOTOS = ("coffee", "astronaut")

TYPES = {
    "gaublur": "gaussian_blur",
    "lensblur": "lens_blur",
    "motionblur/angle=0": "motion_blur",
    "motionblur/angle=37": "motion_blur",
    "motionblur/angle=90": "motion_blur",
    "motionblur/angle=135": "motion_blur",
    "colorsat1": "color_saturation_1",
    "jpeg2000/resolutions=7": "jpeg2000",
    "jpeg": "jpeg",
    "meanshift": "mean_shift",
    "darken": "darken",
    "pixelate": "pixelate",
    "quantization": "quantization",
    "lincontrchange": "contrast_change",
}
EXCHANGED = {"colordiff": "color_diffusion", "colorsat2": "color_saturation_2", "brighten": "brighten"}
THEIR_VALUES = {
    "jpeg2000": [{"ratio": ratio} for ratio in (16, 32, 45, 120, 170)],
    "mean_shift": [{"shift": shift} for shift in (0.0, 0.08, -0.08, 0.15, -0.15)],
    "contrast_change": [{"amount": amount} for amount in (0.0, 0.15, -0.4, 0.3, -0.6)],
}
"""The port's levels where they are not the original's, as they are here."""


@functools.cache
def source(photo: str) -> Image:
    with np.load(DATA / "distortions.npz") as arrays:
        return arrays[f"{photo}/source"]


def expected(photo: str, case: str) -> list[Image]:
    """The port's outputs, level by level."""
    with np.load(DATA / "kadid.npz") as arrays:
        stack = np.array(Pillow.open(io.BytesIO(arrays[f"{photo}/{case}"].tobytes())))
    return np.split(stack, len(stack) // source(photo).shape[0])


def assert_near(ours: Image, theirs: Image) -> None:
    difference = np.abs(ours.astype(int) - theirs)
    assert np.mean(difference <= 2) >= 0.995


@pytest.mark.parametrize("photo", PHOTOS)
@pytest.mark.parametrize("case", TYPES)
def test_deterministic_types_agree_with_the_port(case: str, photo: str) -> None:
    type_, angle = TYPES[case], case.partition("angle=")[2]
    fixed = {"angle": float(angle)} if angle else {}
    for i, theirs in enumerate(expected(photo, case)):
        values = THEIR_VALUES[type_][i] if type_ in THEIR_VALUES else {}
        assert_near(distort(source(photo), type_, i + 1, preset=KADID, **fixed, **values), theirs)


@pytest.mark.parametrize("photo", PHOTOS)
@pytest.mark.parametrize("case", EXCHANGED)
def test_cielab_types_agree_with_the_port_on_exchanged_planes(case: str, photo: str) -> None:
    exchanged = source(photo)[..., ::-1]
    for i, theirs in enumerate(expected(photo, case)):
        assert_near(distort(exchanged, EXCHANGED[case], i + 1, preset=KADID)[..., ::-1], theirs)


JITTER = {
    "coffee": [(41.84, 0.991), (37.09, 0.975), (32.93, 0.945), (27.75, 0.878), (23.57, 0.773)],
    "astronaut": [(37.48, 0.987), (32.84, 0.960), (29.02, 0.902), (24.98, 0.763), (22.04, 0.571)],
}
"""PSNR and SSIM of the port with its shift of the whole image corrected."""


@pytest.mark.parametrize("photo", PHOTOS)
def test_jitter_has_the_corrected_port_s_statistics(photo: str) -> None:
    for severity, (db, ssim) in enumerate(JITTER[photo], 1):
        made = [distort(source(photo), "jitter", severity, seed=seed, preset=KADID) for seed in range(4)]
        assert abs(np.mean([psnr(source(photo), out) for out in made]) - db) <= 1
        assert abs(np.mean([similarity(photo, out) for out in made]) - ssim) <= 0.04


@pytest.mark.parametrize("photo", PHOTOS)
@pytest.mark.parametrize(
    ("case", "type_"),
    [
        ("whitenoise", "white_noise"),
        ("whitenoiseCC", "white_noise_color_component"),
        ("impulsenoise", "impulse_noise"),
        ("multnoise", "multiplicative_noise"),
        ("colorblock", "color_block"),
    ],
)
def test_random_types_have_the_port_s_statistics(case: str, type_: str, photo: str) -> None:
    theirs = json.loads((DATA / "kadid_stochastic.json").read_text(encoding="utf-8"))
    seeds = 16
    for severity in range(1, 6):
        made = [distort(source(photo), type_, severity, seed=seed, preset=KADID) for seed in range(seeds)]
        ours = {
            "psnr_db": [psnr(source(photo), out) for out in made],
            "ssim": [similarity(photo, out) for out in made],
            "mean": [out.mean() for out in made],
            "std": [out.std() for out in made],
        }
        for name, within in {"psnr_db": 1.0, "ssim": 0.04, "mean": 1.0, "std": 1.0}.items():
            mean, spread = theirs[f"{photo}/{case}/{severity}"][name]
            # a few blocks of random colour differ from seed to seed by more than the limit: four deviations of the
            # difference between two means of 16 are allowed where that is more
            chance = 4 * np.sqrt((spread**2 + np.var(ours[name])) / seeds)
            allowed = max(within, chance) if type_ == "color_block" else within
            assert abs(np.mean(ours[name]) - mean) <= allowed, (severity, name)


def similarity(photo: str, out: Image) -> float:
    return float(structural_similarity(source(photo), out, channel_axis=2))


def test_patches_and_shift_lie_near_the_port_which_errs_in_both() -> None:
    # it copies patches between overlapping views, and clips its mask by indices instead of values
    theirs = json.loads((DATA / "kadid_stochastic.json").read_text(encoding="utf-8"))
    for case, type_ in {"noneccpatch": "non_eccentricity_patch", "colorshift": "color_shift"}.items():
        for photo in PHOTOS:
            for severity in (1, 3, 5):
                made = [distort(source(photo), type_, severity, seed=seed, preset=KADID) for seed in range(8)]
                named = theirs[f"{photo}/{case}/{severity}"]
                assert abs(np.mean([psnr(source(photo), out) for out in made]) - named["psnr_db"][0]) <= 3
                assert abs(np.mean([similarity(photo, out) for out in made]) - named["ssim"][0]) <= 0.05
