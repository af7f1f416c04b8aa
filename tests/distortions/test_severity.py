"""A higher severity is a greater distance from the source, and where it need not be."""

import numpy as np
import pytest

from distortions import DEFAULT_PRESET, catalog, distort, find
from distortions.notes import UNSTEADY, UNSTEADY_KADID
from distortions.pixels import Image
from tests.distortions.entries import KADID
from tests.distortions.photos import natural_photos, psnr

SLACK = 0.05
"""dB; blocks of pixelate fall on a photo by chance, worth a few hundredths."""

FIXED = {"angle": 37.0, "right": 0.8, "down": 0.6}
"""Directions, which are drawn anew for each severity: a photo blurs less along its own lines."""

EXCEPTIONS = {DEFAULT_PRESET: UNSTEADY, KADID: UNSTEADY_KADID}
STEADY = [(p, e.type) for p, exceptions in EXCEPTIONS.items() for e in catalog(p) if e.type not in exceptions]


def curve(photo: Image, preset: str, type_: str) -> list[float]:
    if type_ == "denoise":  # a smaller part, for the time it takes
        photo = photo[40:200, 60:260]
    fixed = {name: FIXED[name] for name in find(type_, preset).drawn}
    made = [distort(photo, type_, severity, seed=3, preset=preset, **fixed) for severity in range(1, 6)]
    return [min(psnr(photo, out), 99.0) for out in made]


@pytest.mark.slow
@pytest.mark.parametrize(("preset", "type_"), STEADY)
def test_psnr_falls_with_severity_on_every_photo(preset: str, type_: str) -> None:
    for name, photo in natural_photos().items():
        assert np.all(np.diff(curve(photo, preset, type_)) < SLACK), name


@pytest.mark.parametrize(
    ("preset", "type_"), [(p, type_) for p, exceptions in EXCEPTIONS.items() for type_ in exceptions]
)
def test_the_exceptions_are_exceptions(preset: str, type_: str) -> None:
    curves = np.array([curve(photo, preset, type_) for photo in natural_photos().values()])
    assert np.any(np.diff(curves) > SLACK), "no longer an exception: take it off the list"
    if type_ not in ("mean_shift", "contrast_change"):  # whose levels go from one direction to the other
        assert curves[:, 0].mean() > curves[:, 4].mean() + 0.5
