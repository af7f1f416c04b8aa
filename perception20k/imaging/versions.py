"""Versions of what shapes pixels, recorded with every sample: when a digest differs one day, they say why."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from types import MappingProxyType

import cv2
import numpy as np
import PIL
from PIL import features

import distortions
from perception20k import __version__


@cache
def pixel_versions() -> Mapping[str, str]:
    """Name to version: ours, the distortions', and those of the libraries that decode and compute, if they are here."""
    codecs = {"libjpeg-turbo": "libjpeg_turbo", "openjpeg": "jpg_2000"}
    of_extras = {}
    for name in ("decord2", "pillow-heif", "pillow-jxl-plugin"):
        with suppress(PackageNotFoundError):
            of_extras[name] = version(name)
    return MappingProxyType(
        {
            "perception20k": __version__,
            "distortions": distortions.__version__,
            "numpy": np.__version__,
            "opencv": cv2.__version__,
            "pillow": PIL.__version__,
            **{name: features.version(feature) or "none" for name, feature in codecs.items()},
            **of_extras,
        }
    )


def different(made_with: Mapping[str, str]) -> str:
    """How the versions that made a sample differ from those here, in a few words.

    >>> different({**pixel_versions(), "numpy": "1.0"})  # doctest: +ELLIPSIS
    'made with numpy 1.0, here ...'
    """
    if not made_with:
        return "the recipe does not say with which versions it was made"
    here = pixel_versions()
    changes = [
        f"{name} {before}, here {here.get(name, 'none')}"
        for name, before in made_with.items()
        if here.get(name) != before
    ]
    return f"made with {'; '.join(changes)}" if changes else "made with the same versions"
