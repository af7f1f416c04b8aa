"""What an annotation file says about one image, in the same form whatever the format."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from perception20k.core.errors import UserError
from perception20k.storage.places import Remote

Corners = tuple[float, float, float, float]
"""x1, y1, x2, y2 as the file has them, from the image's top left."""


class LabelledBox(NamedTuple):
    """A box and the name of what is in it, neither cleaned nor checked against the image."""

    name: str
    corners: Corners


@dataclass(frozen=True, slots=True)
class AnnotatedImage:
    """What an annotation file says about one image."""

    file: str
    """Its name as the file spells it, with forward slashes; without suffix in formats that are ``by_stem``."""
    boxes: tuple[LabelledBox, ...]
    width: int | None = None
    """Pixels; None where the format does not say."""
    height: int | None = None
    relative: bool = False
    """Whether the boxes are shares of width and height, in 0..1, instead of pixels."""
    licence: str = ""
    author: str = ""


def corners(values: Iterable[object]) -> Corners:
    """Four finite numbers.

    Raises:
        ValueError: they are not.
    """
    given = list(values)
    try:
        x1, y1, x2, y2 = (float(value) for value in given)  # type: ignore[arg-type]
    except (TypeError, ValueError, OverflowError):
        pass
    else:
        if math.isfinite(x1 + y1 + x2 + y2):
            return x1, y1, x2, y2
    raise ValueError(f"box {repr(given)[1:-1][:80]} is not four finite numbers")


def around(points: Iterable[tuple[float, float]]) -> Corners:
    """The upright box around the corners of a polygon or of a turned box.

    >>> around([(1, 5), (4, 2), (3, 3)])
    (1.0, 2.0, 4.0, 5.0)
    """
    xs, ys = zip(*points, strict=True)
    return corners((min(xs), min(ys), max(xs), max(ys)))


def turned(box: Corners, degrees: float, pivot: tuple[float, float]) -> Corners:
    """The upright box around a box that is turned clockwise about a point.

    >>> [round(side) for side in turned((0, 0, 4, 2), 90, (0, 0))]
    [-2, 0, 0, 4]
    """
    if not degrees:
        return box
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    x1, y1, x2, y2 = box
    px, py = pivot
    around_pivot = [(x - px, y - py) for x, y in ((x1, y1), (x2, y1), (x2, y2), (x1, y2))]
    return around((px + x * cosine - y * sine, py + x * sine + y * cosine) for x, y in around_pivot)


@contextmanager
def reading(path: Path | Remote) -> Iterator[None]:
    """Turn what goes wrong while an annotation file is read into one line that names it.

    A reader raises ``ValueError`` with the place in the file and what is wrong there.

    Raises:
        UserError: the file is missing or unreadable, is not UTF-8, or is not what its format asks for.
    """
    try:
        yield
    except FileNotFoundError:
        raise UserError(f"{path}: no such annotation file", "Check the config's 'annotations'") from None
    except OSError as error:
        raise UserError(f"{path}: cannot be read: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UserError(f"{path}: not UTF-8 text", "Save it as UTF-8") from None
    except ValueError as error:
        raise UserError(f"{path}: {str(error).partition(chr(10))[0]}") from None  # Arrow's errors have several lines
