"""A word cloud, the frequent words large and in the middle, drawn with the font that Pillow carries."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from math import cos, sin, sqrt

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from perception20k.imaging.images import Array

_INKS = ("#24405e", "#1f6f78", "#4878a8", "#8a4f7d", "#b05a2c", "#5b7f3a")
_SMALLEST, _LARGEST = 14, 90
"""Heights of letters in pixels."""
_GAP = 4
_MOST = 200


def word_cloud(words: Mapping[str, int], size: tuple[int, int]) -> Array:
    """Draw words by their number: the letters' height grows with its square root.

    The 200 most frequent words take the first free place on a spiral from the middle; one that finds none is left out.

    Args:
        words: how often each occurs, at least one.
        size: width and height in pixels.

    Returns:
        The picture, uint8 RGB on white; the same for the same words in any order.
    """
    width, height = size
    sheet = Image.new("RGB", size, "#ffffff")
    draw = ImageDraw.Draw(sheet)
    taken = np.zeros((height, width), bool)
    ranked = sorted(words.items(), key=lambda item: (-item[1], item[0]))[:_MOST]
    largest = min(
        _LARGEST, max(_SMALLEST, round(sqrt(width * height / (3 * sum(len(word) for word, _ in ranked))))) * 3
    )
    for rank, (word, count) in enumerate(ranked):
        font = ImageFont.load_default(max(_SMALLEST, round(largest * sqrt(count / ranked[0][1]))))
        left, top, right, bottom = (round(edge) for edge in draw.textbbox((0, 0), word, font=font))
        wide, tall = right - left + 2 * _GAP, bottom - top + 2 * _GAP
        for x, y in _spiral(width - wide, height - tall):
            if not taken[y : y + tall, x : x + wide].any():
                taken[y : y + tall, x : x + wide] = True
                draw.text((x + _GAP - left, y + _GAP - top), word, _INKS[rank % len(_INKS)], font)
                break
    return np.array(sheet)


def _spiral(width: int, height: int) -> Iterator[tuple[int, int]]:
    """Places from the middle of a field outwards, in steps of about 6 px; none if the field is less than nothing."""
    if min(width, height) < 0:
        return
    angle = 0.0
    while angle < 160:  # past the corners
        radius = angle / 160
        x, y = round(width * (0.5 + radius * cos(angle))), round(height * (0.5 + radius * sin(angle)))
        if 0 <= x <= width and 0 <= y <= height:
            yield x, y
        angle += 0.4 / max(1.0, angle / 8)
