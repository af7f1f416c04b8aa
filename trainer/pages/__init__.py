"""The HTML pages of training and evaluation: Jinja2 templates, and pictures that go inside them.

A page needs no other file and asks no other host. What models and people write is escaped.
"""

from __future__ import annotations

import base64
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from PIL import Image, ImageDraw

from perception20k.core.files import write_text

TRUTH, ANSWER = "#1a9850", "#f28e2b"
"""Green for true boxes, orange for answered ones."""


def write_page(path: Path, template: str, **content: Any) -> None:
    """Fill ``trainer/pages/TEMPLATE.html`` with ``content`` and write it to ``path``, aside and renamed."""
    pages = Environment(loader=PackageLoader("trainer", "pages"), autoescape=True, undefined=StrictUndefined)
    write_text(path, pages.get_template(f"{template}.html").render(truth=TRUTH, answer=ANSWER, **content))


def picture(
    image: Image.Image,
    truth: Sequence[float] | None = None,
    answers: Iterable[Sequence[float] | None] = (),
    *,
    frame: Sequence[float] | None = None,
    longest: int = 640,
) -> str:
    """An image as a data URL, with boxes drawn on it.

    Args:
        image: it is not drawn on itself.
        truth: the true box ``(x1, y1, x2, y2)``, drawn last.
        answers: answered boxes; one without area is left out, and one that leaves the image is drawn at its edge.
        frame: (width, height) of the frame of the boxes; by default the image's own.
        longest: a larger image is shrunk to this side, in pixels.
    """
    shown = image.convert("RGB")
    shown.thumbnail((longest, longest))
    draw, (width, height) = ImageDraw.Draw(shown), frame or image.size
    scale = (shown.width / width, shown.height / height)
    boxes = [(box, ANSWER) for box in answers if box is not None and box[0] < box[2] and box[1] < box[3]]
    if truth is not None:
        boxes.append((truth, TRUTH))
    for box, colour in boxes:
        corners = [min(max(side * scale[i % 2], 0), shown.size[i % 2] - 1) for i, side in enumerate(box)]
        draw.rectangle(corners, outline="black", width=5)  # a dark line inside, so that it is seen on any image
        draw.rectangle(corners, outline=colour, width=3)
    stream = io.BytesIO()
    shown.save(stream, "JPEG", quality=90)
    return data_url(stream.getvalue(), "jpeg")


def data_url(data: bytes, kind: str) -> str:
    """An image file's bytes as a data URL; ``kind`` is ``png`` or ``jpeg``."""
    return f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
