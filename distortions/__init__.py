"""Refine-IQA's 35 and KADID-10k's 25 image distortions at five severities, as pure functions on arrays.

    from distortions import catalog, distort, distort_region
    distort(image, "blur_motion", 3, seed=7)                        # the whole image, a new array
    distort(image, "blur_motion", 3, seed=7, angle=37.0)            # a drawn parameter fixed by name
    distort_region(image, (x1, y1, x2, y2), "blur_motion", 3, seed=7)   # one box, all else untouched
    distort(image, "color_diffusion", 3, preset="kadid-10k")        # KADID-10k's 25 types in their own five levels

Images are uint8 RGB arrays of shape (height, width, 3). Nothing is read but the arguments: the same arguments give
the same bytes. ``python -m distortions`` prints the catalogue as Markdown.
"""

from distortions.apply import distort, resolve
from distortions.catalog import EASY_GROUPS, GROUPS, Distortion, catalog, find, groups
from distortions.errors import DistortionError
from distortions.parameters import DEFAULT_PRESET, PRESETS, SEVERITIES, SEVERITY_LEVELS
from distortions.region import distort_region

__all__ = [
    "DEFAULT_PRESET",
    "EASY_GROUPS",
    "GROUPS",
    "PRESETS",
    "SEVERITIES",
    "SEVERITY_LEVELS",
    "Distortion",
    "DistortionError",
    "catalog",
    "distort",
    "distort_region",
    "find",
    "groups",
    "resolve",
]

__version__ = "0.2.0"
"""The bytes of a distortion change with the second number only."""
