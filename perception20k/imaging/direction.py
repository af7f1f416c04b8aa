"""Whether the pixels bear a label out: the measured change in a box has the label's sign, and its size.

A distortion can do the opposite of its name: a stretch about the mean lowers the contrast of what is black and white
already, and turns a dark frame bright. Groups without a direction (noise, compression, quantization) pass.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log

import cv2
import numpy as np

from perception20k.imaging.images import Array

_GRID = 256
"""Chroma is taken on a grid of at most 256x256 pixels of the box."""


@dataclass(frozen=True)
class Measures:
    """What the labels speak of, of one patch."""

    luma: float
    """Mean, 0..255."""
    contrast: float
    """Standard deviation of the luma."""
    chroma: float
    """Mean distance from grey, as the largest less the smallest channel."""
    detail: float
    """Mean absolute Laplacian of the luma."""
    flat: float
    """Share of horizontal neighbours with the same luma, 0..1."""


DIRECTIONS: dict[str, tuple[str, int]] = {
    "brighten": ("brightness", 1),
    "darken": ("brightness", -1),
    "contrast_strengthen": ("contrast", 1),
    "contrast_weaken": ("contrast", -1),
    "saturate_strengthen": ("saturation", 1),
    "saturate_weaken": ("saturation", -1),
    "oversharpen": ("sharpness", 1),
    "blur": ("sharpness", -1),
    "pixelate": ("blockiness", 1),
}
"""The effect that a group names, and its sign."""

UNDIRECTED = {"blur_jitter"}
"""Types without their group's direction: jitter scatters pixels, which smooths nothing."""

RIVALS = {"contrast": ("brightness",), "brightness": (), "saturation": ("brightness",)}
"""Effects that would give a sample another label if they dominated the one it has."""

DOMINATES = 3.0
"""A rival's effect dominates when it is so many times the label's own."""


def measure(patch: Array) -> Measures:
    """The measures of an RGB patch of shape (height, width, 3), dtype uint8."""
    luma = cv2.cvtColor(patch, cv2.COLOR_RGB2GRAY)
    step_y, step_x = (-(-size // _GRID) for size in patch.shape[:2])
    red, green, blue = cv2.split(patch[::step_y, ::step_x])
    mean, deviation = cv2.meanStdDev(luma)
    detail = cv2.mean(cv2.absdiff(cv2.Laplacian(luma, cv2.CV_16S), 0))[0]
    flat = float(np.mean(luma[:, 1:] == luma[:, :-1])) if luma.shape[1] > 1 else 1.0
    chroma = float((cv2.max(cv2.max(red, green), blue) - cv2.min(cv2.min(red, green), blue)).mean())
    return Measures(float(mean[0, 0]), float(deviation[0, 0]), chroma, detail, flat)


def effects(before: Array, after: Array) -> dict[str, float]:
    """What changed from one patch to another of its size.

    Each effect is a multiple of the least change that counts; negative where it fell.
    """
    a, b = measure(before), measure(after)
    return {
        "brightness": (b.luma - a.luma) / 3,
        "contrast": log((b.contrast + 1) / (a.contrast + 1)) / log(1.03),
        "saturation": log((b.chroma + 1) / (a.chroma + 1)) / log(1.05),
        "sharpness": log((b.detail + 0.5) / (a.detail + 0.5)) / log(1.05),
        "blockiness": (b.flat - a.flat) / 0.05,
    }


def denied(group: str, type_: str, before: Array, after: Array) -> str:
    """Why two patches deny a group's label; empty where they bear it out, or where it has no direction."""
    if group not in DIRECTIONS or type_ in UNDIRECTED:
        return ""
    name, sign = DIRECTIONS[group]
    found = effects(before, after)
    own = sign * found[name]
    if own < 1:
        return f"{name} changed {sign * own:+.2f} times the least change that counts, for a label that says {sign:+d}"
    for rival in RIVALS.get(name, ()):
        if abs(found[rival]) > DOMINATES * own:
            return f"{rival} changed more than {name}: {found[rival]:+.1f} against {sign * own:+.1f}"
    return ""
