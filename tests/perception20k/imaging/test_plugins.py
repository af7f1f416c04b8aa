import io
import sys

import numpy as np
import pytest
from PIL import Image

from perception20k.imaging import images
from perception20k.imaging.plugins import PLUGINS, load, plugin_for


def picture() -> Image.Image:
    """Wider than high, and bright at its left."""
    values = np.zeros((32, 64, 3), np.uint8)
    values[:, :32] = 200
    return Image.fromarray(values)


def encoded(title: str, **options: object) -> bytes:
    plugin = next(plugin for plugin in PLUGINS if plugin.title == title)
    load(plugin)
    buffer = io.BytesIO()
    picture().save(buffer, {"HEIC": "HEIF", "JPEG XL": "JXL"}[title], **options)
    return buffer.getvalue()


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.title)
def test_a_photo_of_the_format_is_decoded_and_turned_as_its_exif_says(plugin) -> None:  # type: ignore[no-untyped-def]
    turned = Image.Exif()
    turned[0x0112] = 6  # a quarter to the right: the left side is on top
    data = encoded(plugin.title, exif=turned.tobytes(), quality=95)
    assert plugin_for(data) is plugin
    pixels = images.decode(data)
    assert pixels.shape == (64, 32, 3)
    assert pixels[4:28].min() > 180 and pixels[36:60].max() < 20


@pytest.mark.parametrize("plugin", PLUGINS, ids=lambda plugin: plugin.title)
def test_without_the_package_the_line_to_type_is_said(plugin, monkeypatch: pytest.MonkeyPatch) -> None:  # type: ignore[no-untyped-def]
    data = encoded(plugin.title)
    load.cache_clear()
    monkeypatch.setitem(sys.modules, plugin.package, None)  # Python's mark for a module that does not exist
    with pytest.raises(images.ImageError, match=r"pip install 'perception20k\[formats\]'"):
        images.decode(data)


@pytest.mark.parametrize("kind", ["AVIF", "JPEG", "PPM", "PNG"])
def test_what_pillow_reads_by_itself_needs_no_plugin(kind: str) -> None:
    buffer = io.BytesIO()
    picture().save(buffer, kind)
    assert plugin_for(buffer.getvalue()) is None
    assert images.decode(buffer.getvalue()).shape == (32, 64, 3)


def test_what_says_it_is_of_the_format_and_is_not_is_refused() -> None:
    with pytest.raises(images.ImageError, match=r"not an image|damaged"):
        images.decode(encoded("HEIC")[:100])
