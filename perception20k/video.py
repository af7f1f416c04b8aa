"""Videos through decord: keyframes by index, without decoding everything between them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from perception20k.errors import ItemError
from perception20k.images import Array


@dataclass(frozen=True)
class Frame:
    """One frame of a video."""

    index: int
    seconds: float
    pixels: Array


def frame_indexes(count: int, most: int) -> list[int]:
    """At most ``most`` indexes spread evenly over ``count`` frames: the middles of equal parts.

    >>> frame_indexes(45, 3)
    [7, 22, 37]
    """
    parts = min(count, most)
    return [int((k + 0.5) * count / parts) for k in range(parts)]


def keyframes(path: Path, most: int) -> Iterator[Frame]:
    """Up to ``most`` frames of a video, evenly spread, with their times.

    Raises:
        ItemError: decord cannot open the video or decode a frame.
    """
    reader = _open(path)
    for index in frame_indexes(len(reader), most):
        start, _ = reader.get_frame_timestamp(index)
        yield Frame(index, round(float(start), 6), _pixels(reader, index, path))


def read_frame(path: Path, index: int) -> Array:
    """One frame as an RGB array of shape (height, width, 3), dtype uint8."""
    return _pixels(_open(path), index, path)


def _open(path: Path) -> Any:
    import decord

    if not path.exists():
        raise FileNotFoundError(path)
    try:
        return decord.VideoReader(str(path), num_threads=1)
    except (decord.DECORDError, RuntimeError) as error:
        raise ItemError(f"decord cannot open the video: {_first_line(error)}") from None


def _pixels(reader: Any, index: int, path: Path) -> Array:
    try:
        return np.ascontiguousarray(reader[index].asnumpy())
    except (IndexError, RuntimeError) as error:
        raise ItemError(f"{path.name}: frame {index} cannot be decoded: {_first_line(error)}") from None


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0][:200] if str(error).strip() else type(error).__name__
