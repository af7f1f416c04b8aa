"""BRISQUE through the package of that name: light, without torch, part of every install."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from perception20k.imaging.images import Array


def load(name: str, commit: str = "") -> Callable[[Sequence[Array]], list[float]]:
    """The scorer; neither argument is needed."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the package imports scipy's old module names
        from brisque import BRISQUE

    class Brisque(BRISQUE):  # type: ignore[misc]  # the package has no types
        """The package hands one-element arrays to ``float``, which NumPy refuses since 2.4."""

        def scale_features(self, features: Any) -> Any:
            return super().scale_features([np.ravel(feature)[0] for feature in features])

    model = Brisque()
    return lambda images: [float(model.score(image)) for image in images]
