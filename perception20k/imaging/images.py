"""Decode photos to RGB arrays by one rule; encode arrays losslessly.

The rule: EXIF orientation is applied; an embedded colour profile is converted to sRGB, unless it moves no colour
by more than 2 levels; 16-bit samples keep their high 8 bits; palette, grey and CMYK become RGB; transparency is blended
with white; of an animation the first frame is taken. A truncated file, a file that is not an image, and an image of
more than ``MAX_PIXELS`` or longer than ``MAX_SIDE`` are refused with the reason.
"""

from __future__ import annotations

import hashlib
import io
import warnings
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms, ImageOps, UnidentifiedImageError

from perception20k.core.errors import ItemError
from perception20k.core.extras import missing
from perception20k.imaging.plugins import EXTRA, load, plugin_for
from perception20k.imaging.png import encode_png

MAX_PIXELS = 100_000_000
"""Larger images are refused: they are decompression bombs, or panoramas too large for any model."""

MAX_SIDE = 16384
"""Longer images are refused: strips and scrolls, not photos."""

MAX_BYTES = 1 << 30
"""Larger files are not read: 100 megapixels of 16-bit RGB are 600 MB."""

_WEBP_LIMIT = 16383  # pixels a side, the format's own

_ORIENTATION = 0x0112  # EXIF
_ROUNDING = 2  # grey levels between a true sRGB profile and the one it is converted to

Array = NDArray[np.uint8]
ImageFormat = Literal["webp", "png"]


class ImageError(ItemError):
    """The bytes are not an image we can use; the message says why."""


def decode(data: bytes) -> Array:
    """Decode an image file's bytes to an RGB array of shape (height, width, 3), dtype uint8.

    Raises:
        ImageError: empty, unknown, truncated or damaged data, or more than ``MAX_PIXELS`` pixels.
    """
    if not data:
        raise ImageError("the file is empty")
    if plugin := plugin_for(data):
        try:
            load(plugin)
        except ImportError:
            raise ImageError(str(missing(f"{plugin.title}, the format of this file,", EXTRA, plugin.package))) from None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Pillow's warnings about odd EXIF and its own, lower, size limit
            with Image.open(io.BytesIO(data)) as image:
                if image.width * image.height > MAX_PIXELS:
                    raise ImageError(f"{image.width}x{image.height} is over {MAX_PIXELS // 10**6} megapixels")
                if max(image.size) > MAX_SIDE:
                    raise ImageError(f"{image.width}x{image.height} is longer than {MAX_SIDE} pixels")
                image.load()
                return np.array(_to_rgb(image))
    except UnidentifiedImageError:
        raise ImageError("not an image in a known format") from None
    except Image.DecompressionBombError:
        raise ImageError(f"over {MAX_PIXELS // 10**6} megapixels") from None
    except (OSError, ValueError, SyntaxError, EOFError, KeyError, ZeroDivisionError) as error:
        raise ImageError(f"damaged image: {error}") from None


def size_within(width: int, height: int, max_side: int | None) -> tuple[int, int]:
    """Width and height scaled down so that neither is over ``max_side``; None is no limit.

    >>> size_within(6000, 4000, 2048), size_within(640, 480, 2048)
    ((2048, 1365), (640, 480))
    """
    longer = max(width, height)
    if max_side is None or longer <= max_side:
        return width, height
    shrunk = [max(1, (2 * side * max_side + longer) // (2 * longer)) for side in (width, height)]
    return shrunk[0], shrunk[1]


def scaled(image: Array, width: int, height: int) -> Array:
    """The image in another size, by Pillow's Lanczos filter, which computes in integers; itself if it has that size."""
    if image.shape[:2] == (height, width):
        return image
    return np.array(Image.fromarray(image).resize((width, height), Image.Resampling.LANCZOS))


def is_plain(data: bytes) -> bool:
    """Whether every reader decodes these bytes of an image to the pixels that :func:`decode` gives.

    Readers differ where there is an orientation or a colour profile to apply, transparency, or more than 8 bits.
    """
    with Image.open(io.BytesIO(data)) as image:
        deep = any(";16" in str(tile[3]) for tile in image.tile)  # Pillow's mode of 16-bit colour is RGB all the same
        turned = image.getexif().get(_ORIENTATION, 1) != 1  # may load the image, which empties its tiles
        if turned or deep or image.mode not in ("1", "L", "P", "RGB") or image.has_transparency_data:
            return False
        profile = image.info.get("icc_profile")
        return not profile or _transform(profile, "RGB" if image.mode == "P" else image.mode) is None


def _to_rgb(image: Image.Image) -> Image.Image:
    profile = image.info.get("icc_profile")
    image = ImageOps.exif_transpose(image)
    if image.mode.startswith(("I", "F")):
        values = np.asarray(image).astype(np.float64)
        if image.mode == "F":
            raise ImageError("floating-point images have no stated range")
        image = Image.fromarray((np.clip(values, 0, 65535).astype(np.uint16) >> 8).astype(np.uint8))
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, "white"), rgba).convert("RGB")
    if image.mode == "P":
        image = image.convert("RGB")
    transform = _transform(profile, image.mode) if profile else None
    if transform is not None:
        return ImageCms.applyTransform(image, transform) or image
    return image.convert("RGB")


def _transform(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """From a profile to sRGB; None if it does not fit the mode, or is sRGB up to rounding."""
    if mode not in ("RGB", "CMYK", "L"):
        return None
    try:
        source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        transform = ImageCms.buildTransform(source, ImageCms.createProfile("sRGB"), mode, "RGB")
        if mode == "RGB":
            steps = np.arange(0, 256, 17, dtype=np.uint8)
            colours = np.stack(np.meshgrid(steps, steps, steps), -1).reshape(1, -1, 3)
            moved = np.asarray(ImageCms.applyTransform(Image.fromarray(colours), transform)).astype(int)
            if np.abs(moved - colours).max() <= _ROUNDING:
                return None
    except (ImageCms.PyCMSError, OSError):
        return None
    return transform


def encode(image: Array, image_format: ImageFormat = "webp") -> tuple[bytes, str]:
    """Encode an RGB array losslessly.

    WebP's lossless mode at its fastest setting is the smaller, PNG the faster (``benchmarks/build.py`` measures both).
    Images beyond WebP's limit of 16383 px a side become PNG.

    Returns:
        The file's bytes and its suffix, dot included.
    """
    if image_format == "png" or max(image.shape) > _WEBP_LIMIT:
        return encode_png(image), ".png"
    buffer = io.BytesIO()
    Image.fromarray(image).save(buffer, "WEBP", lossless=True, quality=0, method=0)
    return buffer.getvalue(), ".webp"


def format_of(file: str) -> ImageFormat:
    """The format of a file that :func:`encode` wrote, by its name."""
    return "png" if file.endswith(".png") else "webp"


def pixels_sha256(image: Array) -> str:
    """SHA-256 over an RGB array's size and pixels, in hex; the identity of an image, independent of its file."""
    height, width = image.shape[:2]
    state = hashlib.sha256(f"{width}x{height}:".encode())
    state.update(np.ascontiguousarray(image).data)
    return state.hexdigest()


def image_id(image: Array) -> str:
    """First 16 hex digits of :func:`pixels_sha256`."""
    return pixels_sha256(image)[:16]
