import io
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms

from perception20k.imaging import images


def encoded(image: Image.Image, kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def gradient(width: int = 40, height: int = 30) -> np.ndarray:
    y, x = np.mgrid[:height, :width]
    return np.dstack([x * 6, y * 8, (x + y) * 3]).astype(np.uint8)


def test_lossless_encoding_gives_the_same_pixels_back(photos: Path) -> None:
    pixels = images.decode((photos / "salon.png").read_bytes())
    data, suffix = images.encode(pixels)
    assert suffix == ".webp"
    assert np.array_equal(images.decode(data), pixels)


def test_an_image_too_wide_for_webp_becomes_png() -> None:
    wide = np.zeros((2, 16384, 3), np.uint8)
    data, suffix = images.encode(wide)
    assert suffix == ".png"
    assert np.array_equal(images.decode(data), wide)


@pytest.mark.parametrize("image_format", ["webp", "png"])
def test_an_encoded_file_is_of_the_format_its_name_says(image_format: images.ImageFormat) -> None:
    data, suffix = images.encode(gradient(), image_format)
    with Image.open(io.BytesIO(data)) as image:
        assert image.format == image_format.upper()
    assert images.format_of(f"images/distorted/ab/abcd{suffix}") == image_format
    assert np.array_equal(images.decode(data), gradient())


def test_exif_orientation_is_applied() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # rotate 90 degrees clockwise to show
    turned = images.decode(encoded(Image.fromarray(gradient()), "PNG", exif=exif))
    assert np.array_equal(turned, np.rot90(gradient(), -1))


def test_transparency_is_laid_over_white() -> None:
    image = Image.new("RGBA", (2, 1), (10, 20, 30, 255))
    image.putpixel((1, 0), (10, 20, 30, 0))
    assert images.decode(encoded(image, "PNG")).tolist() == [[[10, 20, 30], [255, 255, 255]]]


def test_transparent_palette_is_laid_over_white() -> None:
    image = Image.new("P", (2, 1), 0)
    image.putpalette([10, 20, 30, 40, 50, 60])
    image.putpixel((1, 0), 1)
    assert images.decode(encoded(image, "PNG", transparency=1)).tolist() == [[[10, 20, 30], [255, 255, 255]]]


def test_16_bit_grey_keeps_its_high_byte() -> None:
    values = np.array([[0x0000, 0x12FF, 0xFF00]], np.uint16)
    decoded = images.decode(encoded(Image.fromarray(values), "PNG"))
    assert decoded[0, :, 0].tolist() == [0x00, 0x12, 0xFF]


def test_grey_and_cmyk_become_rgb() -> None:
    grey = images.decode(encoded(Image.fromarray(gradient()).convert("L"), "PNG"))
    assert grey.shape == (30, 40, 3) and np.array_equal(grey[..., 0], grey[..., 2])
    cmyk = images.decode(encoded(Image.new("CMYK", (4, 4), (0, 0, 0, 255)), "JPEG"))
    assert cmyk.shape == (4, 4, 3) and cmyk.max() < 8


def test_a_colour_profile_is_converted_to_srgb() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    plain = Image.fromarray(gradient())
    assert np.array_equal(images.decode(encoded(plain, "PNG", icc_profile=srgb)), gradient())
    # the same profile under another name, its red and blue primaries exchanged
    other = srgb.replace("sRGB".encode("utf-16-be"), "xRGB".encode("utf-16-be"))
    other = other.replace(b"rXYZ", b"temp").replace(b"bXYZ", b"rXYZ").replace(b"temp", b"bXYZ")
    red = np.zeros((2, 2, 3), np.uint8)
    red[..., 0] = 200
    for picture in (Image.fromarray(red), Image.fromarray(red).quantize(8)):
        converted = images.decode(encoded(picture, "PNG", icc_profile=other))
        assert converted[0, 0, 2] > 150 > converted[0, 0, 0]


def linear_profile(name: str) -> bytes:
    """sRGB's primaries without its curve: a gamma of 1."""
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    start = int.from_bytes(next(srgb[i + 4 : i + 8] for i in range(132, 400, 12) if srgb[i : i + 4] == b"rTRC"))
    curve = b"curv" + bytes(4) + (0).to_bytes(4)
    profile = srgb[:start] + curve + srgb[start + len(curve) :]
    return profile.replace("sRGB".encode("utf-16-be"), name.encode("utf-16-be"))


def test_a_profile_is_known_by_what_it_does_and_not_by_its_name() -> None:
    grey = Image.new("RGB", (4, 4), (100, 100, 100))
    named = [images.decode(encoded(grey, "PNG", icc_profile=linear_profile(name))) for name in ("sRGB", "xRGB")]
    assert np.array_equal(*named)
    assert named[0][0, 0, 0] > 150


def naive(data: bytes) -> np.ndarray:
    return np.array(Image.open(io.BytesIO(data)).convert("RGB"))


def test_plain_is_what_every_reader_sees_alike() -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    turned = Image.Exif()
    turned[0x0112] = 6
    photo = Image.fromarray(gradient())
    pictures = {
        "png": (encoded(photo, "PNG"), True),
        "jpeg": (encoded(photo, "JPEG"), True),
        "srgb": (encoded(photo, "PNG", icc_profile=srgb), True),
        "grey": (encoded(photo.convert("L"), "PNG"), True),
        "palette": (encoded(photo.quantize(8), "PNG"), True),
        "linear": (encoded(photo, "PNG", icc_profile=linear_profile("sRGB")), False),
        "turned": (encoded(photo, "JPEG", exif=turned), False),
        "transparent": (encoded(Image.new("RGBA", (4, 4), (9, 9, 9, 9)), "PNG"), False),
        "16 bit": (encoded(Image.fromarray(np.full((4, 4), 4000, np.uint16)), "PNG"), False),
        "16 bit colour": (cv2.imencode(".png", np.full((4, 4, 3), 4000, np.uint16))[1].tobytes(), False),
        "16 bit colour, tiff": (cv2.imencode(".tif", np.full((4, 4, 3), 4000, np.uint16))[1].tobytes(), False),
        "cmyk": (encoded(photo.convert("CMYK"), "JPEG"), False),
    }
    assert {name: images.is_plain(data) for name, (data, _) in pictures.items()} == {
        name: plain for name, (_, plain) in pictures.items()
    }
    for data, plain in pictures.values():
        assert not plain or np.array_equal(naive(data), images.decode(data))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "empty"),
        (b"not an image at all", "not an image"),
        (encoded(Image.fromarray(gradient(400, 300)), "PNG")[:900], "damaged"),
        (encoded(Image.fromarray(gradient(400, 300)), "JPEG")[:900], "damaged"),
        (encoded(Image.new("1", (20_000, 20_000)), "PNG"), "over 100 megapixels"),
        (encoded(Image.new("F", (3, 3)), "TIFF"), "floating-point"),
    ],
)
def test_what_cannot_be_used_is_refused_with_the_reason(data: bytes, reason: str) -> None:
    with pytest.raises(images.ImageError, match=reason):
        images.decode(data)


def test_image_id_depends_on_pixels_and_size_only() -> None:
    pixels = gradient()
    again = images.decode(encoded(Image.fromarray(pixels), "BMP"))
    assert images.image_id(pixels) == images.image_id(again)
    assert len(images.image_id(pixels)) == 16
    assert images.image_id(pixels) != images.image_id(pixels.reshape(40, 30, 3))


@pytest.mark.parametrize(
    ("size", "max_side", "expected"),
    [
        ((6000, 4000), 2048, (2048, 1365)),
        ((4000, 6000), 2048, (1365, 2048)),
        ((2048, 2048), 2048, (2048, 2048)),
        ((16000, 2), 2048, (2048, 1)),
        ((6000, 4000), None, (6000, 4000)),
    ],
)
def test_a_size_is_limited_by_its_longer_side(
    size: tuple[int, int], max_side: int | None, expected: tuple[int, int]
) -> None:
    assert images.size_within(*size, max_side) == expected


def test_a_scaled_image_keeps_what_it_shows() -> None:
    image = np.zeros((60, 90, 3), np.uint8)
    image[:, 45:] = (200, 100, 50)
    small = images.scaled(image, 30, 20)
    assert small.shape == (20, 30, 3)
    assert (small[:, :12] == 0).all() and (small[:, 18:] == (200, 100, 50)).all()
    assert images.scaled(image, 90, 60) is image
