"""BRISQUE: how far an image's local statistics are from those of natural photos; light, without torch.

A. Mittal, A. K. Moorthy and A. C. Bovik, "No-Reference Image Quality Assessment in the Spatial Domain", IEEE
Transactions on Image Processing 21 (2012); equation numbers are theirs. The features are worked out here; the
regression that turns them into a score is the one that the package ``brisque`` 0.2.0 carries (Apache-2.0), as arrays in
``brisque.npz``: that package itself cannot be installed without a C++ compiler.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from importlib.resources import files
from math import exp, inf, isfinite, lgamma, nan, sqrt

import cv2
import numpy as np
from numpy.typing import NDArray

from perception20k.core.errors import ItemError
from perception20k.imaging.images import Array

Floats = NDArray[np.float64]

_WINDOW = cv2.getGaussianKernel(7, 7 / 6, cv2.CV_64F)
_GREY = np.array([[0.2125, 0.7154, 0.0721]]) / 255
_STABILISER = 1 / 255
_ROUNDING = 1e-9
_SHAPES = (0.05, 50.0)
"""Shapes of a generalised Gaussian that are looked for, from a spike to a box."""


def load(name: str, commit: str = "") -> Callable[[Sequence[Array]], list[float]]:
    """The scorer; neither argument is needed. Lower is better, from about 0 to 100; NaN for a flat image."""
    with (files(__package__) / "brisque.npz").open("rb") as file:
        model = dict(np.load(file))

    def score(image: Array) -> float:
        scaled = 2 * (features(image) - model["lowest"]) / (model["highest"] - model["lowest"]) - 1
        distances = ((model["vectors"] - scaled) ** 2).sum(axis=1)
        return float(model["weights"] @ np.exp(-model["gamma"] * distances) + model["offset"])

    return lambda images: [score(image) for image in images]


def features(image: Array) -> Floats:
    """The 36 features of an RGB image: 18 at its size and 18 at half of it, in the paper's order (table I).

    Raises:
        ItemError: the image is one pixel wide or high, which leaves no half of it.
    """
    if min(image.shape[:2]) < 2:
        raise ItemError("BRISQUE needs an image of at least 2x2 pixels")
    grey = np.asarray(cv2.transform(image.astype(np.float64), _GREY))
    half = np.asarray(cv2.resize(grey, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_CUBIC))
    return np.array([*_statistics(grey), *_statistics(half)])


def _statistics(grey: Floats) -> Iterator[float]:
    normal = _normalised(grey)
    shape, _, left, right = _fit(normal)
    yield from (shape, (left + right) / 2)
    yield from _fit(normal[:, :-1] * normal[:, 1:])
    yield from _fit(normal[:-1] * normal[1:])
    yield from _fit(normal[:-1, :-1] * normal[1:, 1:])
    yield from _fit(normal[1:, :-1] * normal[:-1, 1:])


def _normalised(grey: Floats) -> Floats:
    """Each pixel less its neighbourhood's mean, over its deviation (Eq. 1 to 3); black beyond the border.

    In a flat area it is 0, so that what rounding leaves there does not decide on which side of 0 its pixels lie.
    """
    mean = _blurred(grey)
    deviation = np.sqrt(np.abs(_blurred(grey * grey) - mean * mean))
    contrast = grey - mean
    contrast[np.abs(contrast) < _ROUNDING] = 0
    return contrast / (deviation + _STABILISER)


def _blurred(values: Floats) -> Floats:
    blurred = cv2.sepFilter2D(values, cv2.CV_64F, _WINDOW, _WINDOW, borderType=cv2.BORDER_CONSTANT)
    return np.asarray(blurred)


def _fit(values: Floats) -> tuple[float, float, float, float]:
    """Shape, mean, left and right variance of the asymmetric generalised Gaussian that fits the values (Eq. 7 to 11).

    All NaN if no value lies on one of the sides.
    """
    below, above = values[values < 0], values[values >= 0]
    if not below.size or not above.size:
        return nan, nan, nan, nan
    left, right = float(np.mean(below**2)), float(np.mean(above**2))
    skew = sqrt(left / right) if right else inf
    peak = float(np.mean(np.abs(values)) ** 2 / np.mean(values**2))
    shape = _shape(peak * (skew**3 + 1) * (skew + 1) / (skew**2 + 1) ** 2) if isfinite(skew) else nan
    spread = exp((lgamma(1 / shape) - lgamma(3 / shape)) / 2 + lgamma(2 / shape) - lgamma(1 / shape))
    return shape, (sqrt(right) - sqrt(left)) * spread, left, right


def _shape(ratio: float) -> float:
    """The shape a with G(2/a)^2 / (G(1/a) G(3/a)) = ratio, which grows with a; by bisection to the last digit."""
    low, high = _SHAPES
    while low < (middle := (low + high) / 2) < high:
        value = exp(2 * lgamma(2 / middle) - lgamma(1 / middle) - lgamma(3 / middle))
        low, high = (middle, high) if value < ratio else (low, middle)
    return high
