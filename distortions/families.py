"""The families of distortion types: one table each of its groups and types, and of where the types come from.

The severity tables stand at the functions themselves. A function that both families use has a row of values for each.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from distortions import (
    blur,
    brightness,
    color,
    compression,
    contrast,
    kernels,
    noise,
    quantization,
    saturation,
    sharpness,
    spatial,
)
from distortions.errors import unknown
from distortions.parameters import PRESETS, Operation


@dataclass(frozen=True)
class Family:
    """Types that belong together, group by group."""

    title: str
    """The work it is named after."""
    presets: tuple[str, ...]
    """The parameter sets that it has values in."""
    groups: Mapping[str, str]
    """Each group with the label that prompts and answers use."""
    types: tuple[tuple[str, Operation, str, str], ...]
    """Type, function, group, source. A type without a group is left out of datasets unless asked for by name."""


_PAPER = "Refine-IQA supplement"
_CODE = "DepictQA-V2"  # the pool that the paper builds on; where the paper gives no values, they are its
_KADID = "KADID-10k, type"

# function, whose name is the type; group; source
_35_TYPES = (
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
    (quantization.quantization_uniform, "", f"{_PAPER}, Quantize"),
)

REFINE_IQA = Family(
    title="Refine-IQA",
    presets=PRESETS[:2],
    groups={
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
    },
    types=tuple((operation.name, operation, group, source) for operation, group, source in _35_TYPES),
)
"""Refine-IQA's 35 types in 12 groups, and one more outside the groups; labels from its supplement, prompts."""

KADID_10K = Family(
    title="KADID-10k",
    presets=PRESETS[2:],
    groups={
        "blurs": "blur",
        "color": "color distortion",
        "compression": "compression",
        "noise": "noise",
        "brightness": "brightness change",
        "spatial": "spatial distortion",
        "sharpness_contrast": "sharpness and contrast",
    },
    # type; function; group; its number in KADID-10k, which is in the dataset's file names
    types=(
        ("gaussian_blur", blur.blur_gaussian, "blurs", f"{_KADID} 1"),
        ("lens_blur", kernels.lens_blur, "blurs", f"{_KADID} 2"),
        ("motion_blur", kernels.motion_blur, "blurs", f"{_KADID} 3"),
        ("color_diffusion", color.color_diffusion, "color", f"{_KADID} 4"),
        ("color_shift", color.color_shift, "color", f"{_KADID} 5"),
        ("color_quantization", quantization.color_quantization, "color", f"{_KADID} 6"),
        ("color_saturation_1", saturation.color_saturation_1, "color", f"{_KADID} 7"),
        ("color_saturation_2", saturation.color_saturation_2, "color", f"{_KADID} 8"),
        ("jpeg2000", compression.jpeg2000, "compression", f"{_KADID} 9"),
        ("jpeg", compression.compression_jpeg, "compression", f"{_KADID} 10"),
        ("white_noise", noise.noise_gaussian_RGB, "noise", f"{_KADID} 11"),
        ("white_noise_color_component", noise.noise_gaussian_YCrCb, "noise", f"{_KADID} 12"),
        ("impulse_noise", noise.noise_impulse, "noise", f"{_KADID} 13"),
        ("multiplicative_noise", noise.noise_speckle, "noise", f"{_KADID} 14"),
        ("denoise", noise.denoise, "noise", f"{_KADID} 15"),
        ("brighten", brightness.brighten, "brightness", f"{_KADID} 16"),
        ("darken", brightness.darken, "brightness", f"{_KADID} 17"),
        ("mean_shift", brightness.brightness_brighten_shift_RGB, "brightness", f"{_KADID} 18"),
        ("jitter", spatial.jitter, "spatial", f"{_KADID} 19"),
        ("non_eccentricity_patch", spatial.non_eccentricity_patch, "spatial", f"{_KADID} 20"),
        ("pixelate", sharpness.pixelate_nearest, "spatial", f"{_KADID} 21"),
        ("quantization", quantization.quantization_levels, "spatial", f"{_KADID} 22"),
        ("color_block", spatial.color_block, "spatial", f"{_KADID} 23"),
        ("high_sharpen", sharpness.high_sharpen, "sharpness_contrast", f"{_KADID} 24"),
        ("contrast_change", contrast.contrast_change, "sharpness_contrast", f"{_KADID} 25"),
    ),
)
"""KADID-10k's 25 types in 7 groups (Lin, Hosu, Saupe, QoMEX 2019), which are KADIS-700k's too."""

_FAMILIES = {preset: family for family in (REFINE_IQA, KADID_10K) for preset in family.presets}


def family_of(preset: str) -> Family:
    """The family that a preset has values for.

    Raises:
        DistortionError: no such preset.
    """
    if preset not in _FAMILIES:
        raise unknown("preset", preset, PRESETS)
    return _FAMILIES[preset]
