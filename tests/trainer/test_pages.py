"""Pictures inside pages."""

from __future__ import annotations

import base64
import io

from PIL import Image

from trainer import pages


def shown(url: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(url.split(",")[1])))


def test_a_large_picture_is_shrunk_and_its_boxes_with_it() -> None:
    image = Image.new("RGB", (1280, 640))
    small = shown(pages.picture(image, (640, 320, 1280, 640), longest=320))
    assert small.size == (320, 160)
    red, green, blue = small.getpixel((161, 120))  # the left edge of the true box, at half the width
    assert green > 90 > red and green > blue
    assert image.size == (1280, 640) and image.getbbox() is None  # not drawn on


def test_a_box_in_thousandths_is_drawn_in_its_place() -> None:
    image = Image.new("RGB", (200, 100))
    in_pixels = pages.picture(image, (20, 10, 100, 50), [(40, 20, 120, 90)])
    in_thousandths = pages.picture(image, (100, 100, 500, 500), [(200, 200, 600, 900)], frame=(1000, 1000))
    assert in_thousandths == in_pixels != pages.picture(image)


def test_a_box_without_area_is_left_out() -> None:
    plain = pages.picture(Image.new("RGB", (64, 64)))
    assert pages.picture(Image.new("RGB", (64, 64)), None, [None, (40, 40, 10, 50)]) == plain
