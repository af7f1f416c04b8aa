"""Parameters by severity: the table that stands on the first line of every distortion.

``@by_severity(radius=levels(1, 2, 4, 6, 8, depictqa_v2=(2, 3, 4, 6, 8), within=(0, 64)))`` gives one value a
severity, a row for each preset that has the function, and the range that a caller may fix by name. ``drawn(-90, 90)``
marks a parameter that is drawn uniformly from the key instead.
"""

from __future__ import annotations

import functools
import inspect
import math
import numbers
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from distortions.errors import DistortionError
from distortions.pixels import Image

DEFAULT_PRESET = "refine-iqa"
PRESETS = (DEFAULT_PRESET, "depictqa-v2", "kadid-10k")
"""The parameter sets: the paper's values (the default) and those of the code it builds on, both for the 35 types; and
KADID-10k's values for its own 25 types."""

SEVERITIES = ("slight", "noticeable", "relatively obvious", "severe", "catastrophic")
"""The words for severity 1 to 5 (Refine-IQA supplement, prompts)."""

SEVERITY_LEVELS = range(1, len(SEVERITIES) + 1)
"""The severities, 1 to 5."""

Number = int | float


@dataclass(frozen=True)
class Levels:
    """A parameter with one value a severity. Whole-number tables take whole numbers only."""

    values: Mapping[str, tuple[Number, ...]]
    """Five values by preset, for the presets that have the parameter."""
    low: Number
    high: Number

    @property
    def whole(self) -> bool:
        """True when the parameter is an integer."""
        return all(isinstance(value, int) for values in self.values.values() for value in values)


@dataclass(frozen=True)
class Drawn:
    """A parameter drawn uniformly from ``low`` to ``high``."""

    low: float
    high: float
    whole: bool = False


Parameter = Levels | Drawn


def levels(
    *values: Number,
    within: tuple[Number, Number],
    depictqa_v2: tuple[Number, ...] = (),
    kadid_10k: tuple[Number, ...] = (),
) -> Levels:
    """Values for severities 1 to 5 by preset, and the range that a caller may fix by name.

    Those without a name are ``refine-iqa``'s, and ``depictqa-v2``'s unless it has its own. A preset without values does
    not have the function.
    """
    rows = dict(zip(PRESETS, (values, depictqa_v2 or values, kadid_10k), strict=True))
    return Levels({preset: row for preset, row in rows.items() if row}, *within)


def drawn(low: float, high: float) -> Drawn:
    """A parameter drawn uniformly from ``low`` to ``high``."""
    return Drawn(low, high)


def accept(name: str, parameter: Parameter, value: object) -> Number:
    """A value given by name, as a plain int or float.

    Raises:
        DistortionError: not a finite number, not whole where it must be, or out of range.
    """
    kind = "a whole number" if parameter.whole else "a number"
    wanted = f"{name} must be {kind} from {parameter.low} to {parameter.high}, not {value!r}"
    if isinstance(value, bool) or not isinstance(value, numbers.Real) or not math.isfinite(value):
        raise DistortionError(wanted)
    number = float(value)
    if not parameter.low <= number <= parameter.high or (parameter.whole and not number.is_integer()):
        raise DistortionError(wanted)
    return int(number) if parameter.whole else number


@dataclass(frozen=True)
class Operation:
    """A distortion function with its severity table.

    Called as ``operation(image, **parameters)``, or ``operation(image, rng, **parameters)`` if it draws a field.
    """

    function: Callable[..., Image]
    parameters: Mapping[str, Parameter]
    reach: Callable[..., int] | None
    """Parameters to the pixels read around each pixel; None when a box is distorted by itself."""
    grid: int
    """Side of the blocks that a window around a box is widened to."""

    @property
    def name(self) -> str:
        """The function's name, which is the distortion type unless a family calls it otherwise."""
        return self.function.__name__

    @functools.cached_property
    def draws_field(self) -> bool:
        """True when the function takes a generator."""
        return "rng" in inspect.signature(self.function).parameters

    def __call__(self, image: Image, *args: Any, **parameters: Any) -> Image:
        """Run the function."""
        return self.function(image, *args, **parameters)


def by_severity(
    *, reach: Callable[..., int] | None = None, grid: int = 1, **parameters: Parameter
) -> Callable[[Callable[..., Image]], Operation]:
    """Put a severity table at the head of a distortion function."""

    def attach(function: Callable[..., Image]) -> Operation:
        return Operation(function, parameters, reach, grid)

    return attach
