from importlib.metadata import PackageNotFoundError

import pytest

from perception20k.imaging import versions as module
from perception20k.imaging.versions import different, pixel_versions


def test_without_the_extra_for_videos_its_decoder_has_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(name: str) -> str:
        raise PackageNotFoundError(name)

    monkeypatch.setattr(module, "version", missing)
    assert "decord2" not in pixel_versions.__wrapped__()
    assert "numpy" in pixel_versions.__wrapped__()


def test_everything_that_shapes_pixels_has_a_version() -> None:
    versions = pixel_versions()
    assert {"perception20k", "distortions", "numpy", "opencv", "pillow", "openjpeg"} <= set(versions)
    assert all(version and version != "none" for version in versions.values())


def test_only_the_versions_that_differ_are_named() -> None:
    before = {**pixel_versions(), "opencv": "4.13.0", "gone": "1"}
    text = different(before)
    assert text == f"made with opencv 4.13.0, here {pixel_versions()['opencv']}; gone 1, here none"


def test_the_same_versions_and_unknown_ones_are_told_apart() -> None:
    assert different(pixel_versions()) == "made with the same versions"
    assert different({}) == "the recipe does not say with which versions it was made"
