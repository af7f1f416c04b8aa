"""Outputs of the reference code on two photos: ours agree within the tolerances that the design states."""

import functools
import json
from pathlib import Path

import numpy as np
import pytest
from skimage.metrics import structural_similarity

from distortions import catalog, distort
from distortions.pixels import Image
from tests.distortions.photos import psnr

DATA = Path(__file__).parents[1] / "data"
CODECS = ("compression_jpeg", "compression_jpeg_2000")
PHOTOS = ("coffee", "astronaut")
RANDOM_FIELDS = [entry.type for entry in catalog() if entry.operation.draws_field]


@functools.cache
def reference() -> dict[str, Image]:
    with np.load(DATA / "distortions.npz") as arrays:
        # the reference code spells its brightness shifts "shfit"
        return {key.replace("shfit", "shift"): arrays[key] for key in arrays.files}


CASES = sorted({key.split("/", 1)[1].rsplit("/", 1)[0] for key in reference() if "/source" not in key})


@pytest.mark.parametrize("photo", PHOTOS)
@pytest.mark.parametrize("case", CASES)
def test_deterministic_types_agree_with_the_reference(case: str, photo: str) -> None:
    type_, _, fixed = case.partition("/")
    parameters = {"angle": float(fixed.removeprefix("angle="))} if fixed else {}
    for severity in range(1, 6):
        source, expected = (reference()[f"{photo}/{key}"] for key in ("source", f"{case}/{severity}"))
        ours = distort(source, type_, severity, preset="depictqa-v2", **parameters)
        difference = np.abs(ours.astype(int) - expected)
        if type_ in CODECS:
            assert np.mean(difference <= 1) >= 0.99
        else:
            assert np.mean(difference <= 1) >= 0.999 and difference.max() <= 3


def test_the_reference_covers_every_deterministic_type() -> None:
    covered = {case.partition("/")[0] for case in CASES}
    assert covered | set(RANDOM_FIELDS) == {entry.type for entry in catalog()}


@pytest.mark.parametrize("photo", PHOTOS)
@pytest.mark.parametrize("type_", RANDOM_FIELDS)
def test_random_types_have_the_reference_s_statistics(type_: str, photo: str) -> None:
    expected = json.loads((DATA / "distortions_stochastic.json").read_text(encoding="utf-8"))
    source = reference()[f"{photo}/source"]
    for severity in range(1, 6):
        made = [distort(source, type_, severity, seed=seed, preset="depictqa-v2") for seed in range(8)]
        ours = {
            "psnr_db": [psnr(source, out) for out in made],
            "ssim": [structural_similarity(source, out, channel_axis=2) for out in made],
            "mean": [out.mean() for out in made],
            "std": [out.std() for out in made],
        }
        for name, within in {"psnr_db": 1.0, "ssim": 0.04, "mean": 1.0, "std": 1.0}.items():
            mean, _ = expected[f"{photo}/{type_}/{severity}"][name]
            assert abs(np.mean(ours[name]) - mean) <= within, (severity, name)
