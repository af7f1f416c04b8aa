"""Apply a type to a whole image: settle its parameters, key its randomness, run it."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from distortions.catalog import Distortion, find
from distortions.draws import generator
from distortions.errors import DistortionError, unknown
from distortions.parameters import DEFAULT_PRESET, SEVERITY_LEVELS, Drawn, Number, accept
from distortions.pixels import Image


def resolve(
    type: str, severity: int, *, seed: int = 0, preset: str = DEFAULT_PRESET, **fixed: Number
) -> dict[str, Number]:
    """Every parameter that a distortion will use, drawn ones included, as plain numbers.

    Args:
        type: a distortion type of the preset, see :func:`distortions.catalog`.
        severity: 1 to 5.
        seed: the key, 0 <= seed < 2**128.
        preset: ``refine-iqa`` (the paper's values), ``depictqa-v2`` (the reference code's) or ``kadid-10k``, which has
            types of its own.
        fixed: parameters to set by name instead.

    Returns:
        Name to number. Given back as ``fixed`` with the same seed, they make the same bytes.

    Raises:
        DistortionError: an unknown type, preset or parameter, or a value out of range.
    """
    return _settled(find(type, preset), severity, seed, preset, fixed)


def distort(
    image: Image, type: str, severity: int, *, seed: int = 0, preset: str = DEFAULT_PRESET, **fixed: Number
) -> Image:
    """Distort a whole image.

    Args:
        image: uint8 RGB, shape (height, width, 3), any size from 1x1 up; never written to.
        type: a distortion type of the preset, see :func:`distortions.catalog`.
        severity: 1 to 5.
        seed: the key of all randomness, 0 <= seed < 2**128.
        preset: ``refine-iqa`` (the paper's values), ``depictqa-v2`` (the reference code's) or ``kadid-10k``, which has
            types of its own.
        fixed: parameters to set by name, such as ``angle=37.0`` (degrees) for ``blur_motion``.

    Returns:
        A new uint8 RGB array of the same shape. The same arguments give the same bytes.

    Raises:
        DistortionError: a wrong image, an unknown type, preset or parameter, or a value out of range.
    """
    check_image(image)
    entry = find(type, preset)
    parameters = _settled(entry, severity, seed, preset, fixed)
    return run(entry, image, severity, seed, parameters)


def run(entry: Distortion, image: Image, severity: int, seed: int, parameters: Mapping[str, Number]) -> Image:
    """A type with settled parameters on an image (or a window of one), the field of noise keyed."""
    image = np.ascontiguousarray(image)
    if entry.operation.draws_field:
        return entry.operation(image, generator(seed, entry.type, severity), **parameters)
    return entry.operation(image, **parameters)


def check_image(image: object) -> None:
    """Refuse anything but a uint8 RGB array.

    Raises:
        DistortionError: another type, dtype or shape, or an empty image.
    """
    if not isinstance(image, np.ndarray) or image.dtype != np.uint8:
        got = f"{image.dtype} array" if isinstance(image, np.ndarray) else type(image).__name__
        raise DistortionError(f"image must be a uint8 array, not {got}")
    if image.ndim != 3 or image.shape[2] != 3 or image.size == 0:
        raise DistortionError(f"image must have shape (height, width, 3), not {image.shape}")


def _settled(
    entry: Distortion, severity: int, seed: int, preset: str, fixed: Mapping[str, Number]
) -> dict[str, Number]:
    if not _is_int(severity) or severity not in SEVERITY_LEVELS:
        lowest, highest = SEVERITY_LEVELS[0], SEVERITY_LEVELS[-1]
        raise DistortionError(f"severity must be a whole number from {lowest} to {highest}, not {severity!r}")
    if not _is_int(seed) or not 0 <= seed < 2**128:
        raise DistortionError(f"seed must be a whole number from 0 to 2**128 - 1, not {seed!r}")
    table = entry.operation.parameters
    for name in fixed:
        if name not in table:
            raise unknown(f"parameter of {entry.type}", name, table)
    settled: dict[str, Number] = {}
    for name, parameter in table.items():
        if name in fixed:
            settled[name] = accept(name, parameter, fixed[name])
        elif isinstance(parameter, Drawn):
            # a stream of its own, so that fixing one parameter changes no other draw
            draw = generator(seed, entry.type, severity, name)
            settled[name] = float(draw.uniform(parameter.low, parameter.high))
        else:
            settled[name] = parameter.values[preset][severity - 1]
    return settled


def _is_int(value: object) -> bool:
    return isinstance(value, (int, np.integer)) and not isinstance(value, bool)
