"""Contact sheets: pictures in a grid with captions, and every distortion at every severity on one photo.

Drawn with Pillow and the font it carries, so a sheet looks the same on every machine.
"""

from __future__ import annotations

import functools
from bisect import bisect_left
from collections.abc import Sequence

import cv2
import numpy as np
from PIL import Image, ImageDraw, ImageFont

from distortions import DEFAULT_PRESET, SEVERITIES, SEVERITY_LEVELS, Distortion, catalog, distort, groups
from perception20k.imaging.images import Array

Size = tuple[int, int]
"""Width and height in pixels."""

_PAPER, _INK, _FAINT, _BAND = "#ffffff", "#1b1f24", "#6a737d", "#24405e"
_GAP = 6
_CAPTION = 13
"""Height of a caption's letters in pixels."""

_LABEL, _BAR, _BLOCKS = 248, 32, 2
"""The catalogue sheet's column of names and the height of a group's head, in pixels; its groups lie in two columns."""


def contact_sheet(cells: Sequence[tuple[Array, str]], columns: int, cell: Size) -> Array:
    """Pictures in rows from left to right, each with a caption below.

    Args:
        cells: pictures (uint8 RGB, any size) with captions. A picture is shrunk to fit its cell, never enlarged; a
            caption is cut with an ellipsis where it is longer than the cell.
        columns: cells a row.
        cell: width and height of a picture's place in pixels; the caption's line comes on top of that.

    Returns:
        The sheet, uint8 RGB on white.

    Raises:
        ValueError: no cells, or fewer than one column.
    """
    if not cells or columns < 1:
        raise ValueError("a contact sheet needs at least one cell and one column")
    width, height = cell
    columns = min(columns, len(cells))
    step_x, step_y = width + _GAP, height + _GAP + 2 * _CAPTION
    rows = -(-len(cells) // columns)
    sheet = Image.new("RGB", (columns * step_x + _GAP, rows * step_y + _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    for index, (picture, caption) in enumerate(cells):
        x, y = _GAP + index % columns * step_x, _GAP + index // columns * step_y
        fitted = _fitted(picture, cell)
        left, top = x + (width - fitted.shape[1]) // 2, y + (height - fitted.shape[0]) // 2
        sheet.paste(Image.fromarray(fitted), (left, top))
        draw.text((x + width / 2, y + height + _CAPTION), _cut(caption, width), _INK, _font(_CAPTION), "mm")
    return np.array(sheet)


def catalog_sheet(photo: Array, *, preset: str = DEFAULT_PRESET, seed: int = 0, cell: Size = (176, 132)) -> Array:
    """Every type of a preset at every severity on one photo, group by group.

    The photo is first scaled and cropped to the cell, then distorted, so that each pixel of the sheet is a pixel of
    a distortion.

    Args:
        photo: uint8 RGB, any size.
        preset: the parameter set, and with it the types.
        seed: the key of the random types.
        cell: width and height of each picture in pixels.
    """
    width, height = cell
    source = _cropped(photo, cell)
    block = _LABEL + len(SEVERITIES) * (width + _GAP) + 4 * _GAP
    labels = groups(preset)
    types = {group: [entry for entry in catalog(preset) if entry.group == group] for group in labels}
    parts = _split(types)
    tall = max(sum(_BAR + len(types[group]) * (height + _GAP) for group in part) for part in parts)
    head = height + 8 * _GAP
    sheet = Image.new("RGB", (_BLOCKS * block, head + tall + _GAP), _PAPER)
    draw = ImageDraw.Draw(sheet)
    sheet.paste(Image.fromarray(source), (2 * _GAP, 2 * _GAP))
    x, y = width + 5 * _GAP, height // 2
    title = f"{len(catalog(preset))} distortions in {len(labels)} groups, {len(SEVERITIES)} severities"
    draw.text((x, y - 8), title, _INK, _font(28), "lm")
    note = f"left: the photo, {width}x{height} px; preset {preset}, seed {seed}"
    draw.text((x, y + 24), note, _FAINT, _font(16), "lm")
    for column, part in enumerate(parts):
        x, y = 2 * _GAP + column * block, head
        for i, word in enumerate(SEVERITIES):
            centre = x + _LABEL + i * (width + _GAP) + width / 2
            draw.text((centre, y - 2 * _GAP), f"{i + 1}  {word}", _INK, _font(16), "mm")
        for group in part:
            draw.rectangle((x, y, x + block - 5 * _GAP, y + _BAR - _GAP), _BAND)
            title = group if labels[group] == group else f"{group}   “{labels[group]}”"
            draw.text((x + 2 * _GAP, y + (_BAR - _GAP) / 2), title, _PAPER, _font(16), "lm")
            y += _BAR
            for entry in types[group]:
                _draw_row(sheet, source, entry, preset, seed, (x, y))
                y += height + _GAP
    return np.array(sheet)


def _draw_row(sheet: Image.Image, source: Array, entry: Distortion, preset: str, seed: int, at: Size) -> None:
    """The name of a type with its parameters, then its five severities."""
    x, y = at
    width = source.shape[1]
    draw = ImageDraw.Draw(sheet)
    draw.text((x, y + 14), entry.type, _INK, _font(16), "lm")
    rows = [f"{key} {' '.join(f'{v:.3g}' for v in row)}" for key, row in entry.parameters[preset].items()]
    rows += [f"{key} {low:g} to {high:g}" for key, (low, high) in entry.drawn.items()]
    for i, row in enumerate(rows):
        draw.text((x, y + 38 + 18 * i), row, _FAINT, _font(13), "lm")
    for severity in SEVERITY_LEVELS:
        cell = Image.fromarray(distort(source, entry.type, severity, seed=seed, preset=preset))
        sheet.paste(cell, (x + _LABEL + (severity - 1) * (width + _GAP), y))


def _split(types: dict[str, list[Distortion]]) -> list[list[str]]:
    """The groups in order, in parts of about equal length."""
    parts: list[list[str]] = [[] for _ in range(_BLOCKS)]
    done, total = 0.0, sum(len(mine) + 0.3 for mine in types.values())
    for group, mine in types.items():
        length = len(mine) + 0.3
        parts[min(int((done + length / 2) / total * _BLOCKS), _BLOCKS - 1)].append(group)
        done += length
    return parts


def _fitted(picture: Array, size: Size) -> Array:
    """Shrunk to fit into ``size``; unchanged if it fits already."""
    height, width = picture.shape[:2]
    scale = min(size[0] / width, size[1] / height, 1.0)
    if scale == 1.0:
        return picture
    return _resized(picture, (max(1, round(width * scale)), max(1, round(height * scale))))


def _cropped(picture: Array, size: Size) -> Array:
    """Scaled to cover ``size``, the middle kept."""
    height, width = picture.shape[:2]
    scale = max(size[0] / width, size[1] / height)
    covering = _resized(picture, (max(size[0], round(width * scale)), max(size[1], round(height * scale))))
    left, top = (covering.shape[1] - size[0]) // 2, (covering.shape[0] - size[1]) // 2
    return np.ascontiguousarray(covering[top : top + size[1], left : left + size[0]])


def _resized(picture: Array, size: Size) -> Array:
    smaller = size[0] <= picture.shape[1]
    return np.asarray(cv2.resize(picture, size, interpolation=cv2.INTER_AREA if smaller else cv2.INTER_CUBIC))


@functools.cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _cut(text: str, width: int) -> str:
    """As much of a caption as fits, with an ellipsis for the rest."""
    length = _font(_CAPTION).getlength
    if length(text) <= width:
        return text
    fits = bisect_left(range(len(text)), True, key=lambda end: length(text[:end] + "…") > width)
    return text[: max(fits - 1, 0)].rstrip() + "…"
