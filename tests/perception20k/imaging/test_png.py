import io
import struct
import zlib
from collections.abc import Iterator

import cv2
import numpy as np
import pytest
from PIL import Image

from perception20k.imaging.png import encode_png

SIZES = [(1, 1), (1, 300), (300, 1), (2, 3), (37, 53)]


def noise(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), np.uint8)


def chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Kind and content of each chunk; the checksums are compared on the way."""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    place = 8
    while place < len(data):
        (length,) = struct.unpack_from(">I", data, place)
        kind, content = data[place + 4 : place + 8], data[place + 8 : place + 8 + length]
        (checksum,) = struct.unpack_from(">I", data, place + 8 + length)
        assert checksum == zlib.crc32(kind + content)
        yield kind, content
        place += 12 + length


@pytest.mark.parametrize("size", SIZES)
def test_pillow_and_opencv_read_the_same_pixels_back(size: tuple[int, int]) -> None:
    pixels = noise(*size)
    data = encode_png(pixels)
    with Image.open(io.BytesIO(data)) as image:
        assert (image.format, image.mode) == ("PNG", "RGB")
        assert np.array_equal(np.asarray(image), pixels)
    assert np.array_equal(cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)[..., ::-1], pixels)


def test_a_part_of_a_larger_image_is_written_as_it_is_seen() -> None:
    part = noise(40, 60)[5:25:2, ::-1]  # no longer one piece of memory
    assert np.array_equal(np.asarray(Image.open(io.BytesIO(encode_png(part)))), part)


def test_the_chunks_say_what_is_in_them_and_their_checksums_are_right() -> None:
    (header, about), (data, packed), (end, nothing) = chunks(encode_png(np.array([[[1, 2, 3]], [[9, 2, 1]]], np.uint8)))
    assert (header, data, end, nothing) == (b"IHDR", b"IDAT", b"IEND", b"")
    assert about == struct.pack(">II", 1, 2) + bytes([8, 2, 0, 0, 0])  # width, height; 8 bits of RGB
    # each row: the filter "up", then its difference from the row above
    assert zlib.decompress(packed) == bytes([2, 1, 2, 3, 2, 8, 0, 254])
