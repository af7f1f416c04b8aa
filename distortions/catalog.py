"""The catalogue: the 12 groups, the 35 types in design order, and what is known of each.

``catalog()`` lists them, ``find(type)`` looks one up. The severity tables stand at the functions themselves, in the
file of each family; this table says which group a function belongs to and where it comes from.
"""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from dataclasses import dataclass, field

from distortions import (
    blur,
    brightness,
    compression,
    contrast,
    noise,
    quantization,
    saturation,
    sharpness,
)
from distortions.errors import unknown
from distortions.parameters import PRESETS, Drawn, Levels, Number, Operation

GROUPS: Mapping[str, str] = {
    "blur": "blur",
    "noise": "noise",
    "compression": "compression",
    "brighten": "overexposure",
    "darken": "underexposure",
    "contrast_strengthen": "high contrast",
    "contrast_weaken": "low contrast",
    "saturate_strengthen": "oversaturate",
    "saturate_weaken": "desaturate",
    "oversharpen": "oversharpen",
    "pixelate": "pixelate",
    "quantization": "quantization",
}
"""The 12 groups, each with the label that prompts and answers use (Refine-IQA supplement, prompts)."""

EASY_GROUPS = ("blur", "noise", "compression", "brighten", "darken")
"""The groups that are prevalent in natural scenes (Refine-IQA, section 4.1); the others are hard."""

_PAPER = "Refine-IQA supplement"
_CODE = "DepictQA-V2"  # the pool that the paper builds on; where the paper gives no values, they are its


@dataclass(frozen=True)
class Distortion:
    """One distortion type."""

    type: str
    group: str
    """A key of :data:`GROUPS`; empty for a type outside the 35."""
    source: str
    operation: Operation = field(repr=False)

    @property
    def label(self) -> str:
        """The group's label in prompts and answers."""
        return GROUPS.get(self.group, "")

    @property
    def summary(self) -> str:
        """What it does, in one line."""
        return (inspect.getdoc(self.operation.function) or "").partition("\n")[0]

    @property
    def parameters(self) -> dict[str, dict[str, tuple[Number, ...]]]:
        """By preset, then by name: the values for severity 1 to 5."""
        tables = self.operation.parameters.items()
        return {p: {n: t.values[p] for n, t in tables if isinstance(t, Levels)} for p in PRESETS}

    @property
    def drawn(self) -> dict[str, tuple[float, float]]:
        """The parameters that are drawn uniformly from the key, with their ranges."""
        tables = self.operation.parameters.items()
        return {name: (table.low, table.high) for name, table in tables if isinstance(table, Drawn)}

    @property
    def random(self) -> bool:
        """True when the result depends on the seed."""
        return self.operation.draws_field or bool(self.drawn)

    @property
    def reads_context(self) -> bool:
        """True when a box is distorted together with what lies around it."""
        return self.operation.reach is not None


# function, group, source
_TABLE: tuple[tuple[Operation, str, str], ...] = (
    (blur.blur_gaussian, "blur", f"{_CODE}; {_PAPER}, Gaussian blur"),
    (blur.blur_motion, "blur", f"{_PAPER}, Motion blur"),
    (blur.blur_glass, "blur", f"{_PAPER}, Glass blur"),
    (blur.blur_lens, "blur", f"{_PAPER}, Lens blur"),
    (blur.blur_zoom, "blur", f"{_CODE}; {_PAPER}, Zoom blur"),
    (blur.blur_jitter, "blur", f"{_PAPER}, Jitter blur"),
    (noise.noise_gaussian_RGB, "noise", f"{_PAPER}, RGB Gaussian noise"),
    (noise.noise_gaussian_YCrCb, "noise", f"{_PAPER}, YCbCr Gaussian noise"),
    (noise.noise_speckle, "noise", f"{_PAPER}, Speckle distortion"),
    (noise.noise_spatially_correlated, "noise", f"{_CODE}; {_PAPER}, Localized correlated noise"),
    (noise.noise_poisson, "noise", f"{_PAPER}, Photon noise"),
    (noise.noise_impulse, "noise", f"{_PAPER}, Bipolar noise"),
    (compression.compression_jpeg, "compression", f"{_PAPER}, JPEG artifacts"),
    (compression.compression_jpeg_2000, "compression", f"{_PAPER}, JPEG2000 artifacts"),
    (brightness.brightness_brighten_shift_HSV, "brighten", f"{_PAPER}, HSV brightness modification"),
    (brightness.brightness_brighten_shift_RGB, "brighten", f"{_PAPER}, RGB brightness modification"),
    (brightness.brightness_brighten_gamma_HSV, "brighten", f"{_PAPER}, Gamma-based brightness"),
    (brightness.brightness_brighten_gamma_RGB, "brighten", _CODE),
    (brightness.brightness_darken_shift_HSV, "darken", f"{_PAPER}, HSV brightness modification"),
    (brightness.brightness_darken_shift_RGB, "darken", f"{_PAPER}, RGB brightness modification"),
    (brightness.brightness_darken_gamma_HSV, "darken", f"{_PAPER}, Gamma-based brightness"),
    (brightness.brightness_darken_gamma_RGB, "darken", _CODE),
    (contrast.contrast_strengthen_scale, "contrast_strengthen", _CODE),
    (contrast.contrast_strengthen_stretch, "contrast_strengthen", _CODE),
    (contrast.contrast_weaken_scale, "contrast_weaken", _CODE),
    (contrast.contrast_weaken_stretch, "contrast_weaken", _CODE),
    (saturation.saturate_strengthen_HSV, "saturate_strengthen", f"{_PAPER}, HSV saturation tuning"),
    (saturation.saturate_strengthen_YCrCb, "saturate_strengthen", f"{_PAPER}, YCbCr saturation tuning"),
    (saturation.saturate_weaken_HSV, "saturate_weaken", f"{_PAPER}, HSV saturation tuning"),
    (saturation.saturate_weaken_YCrCb, "saturate_weaken", f"{_PAPER}, YCbCr saturation tuning"),
    (sharpness.oversharpen, "oversharpen", f"{_PAPER}, Over-sharpen"),
    (sharpness.pixelate, "pixelate", f"{_PAPER}, Pixelate"),
    (quantization.quantization_otsu, "quantization", _CODE),
    (quantization.quantization_median, "quantization", _CODE),
    (quantization.quantization_hist, "quantization", _CODE),
)

_CATALOG = tuple(Distortion(op.name, group, source, op) for op, group, source in _TABLE)
_EXTRA = (Distortion("quantization_uniform", "", f"{_PAPER}, Quantize", quantization.quantization_uniform),)
_BY_TYPE = {entry.type: entry for entry in _CATALOG + _EXTRA}


def catalog(extra: bool = False) -> tuple[Distortion, ...]:
    """The 35 types, group by group; with ``extra`` also the types outside the 35 (quantization_uniform)."""
    return _CATALOG + _EXTRA if extra else _CATALOG


def find(type: str) -> Distortion:
    """The entry of a type.

    Raises:
        DistortionError: no such type; the message names the nearest one.
    """
    entry = _BY_TYPE.get(type) if isinstance(type, str) else None
    if entry is None:
        raise unknown("distortion type", type, _BY_TYPE)
    return entry
