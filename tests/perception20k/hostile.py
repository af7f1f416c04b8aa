"""Three hundred inputs that are broken, lying or hostile, made from real photos, each with the reason to expect."""

from __future__ import annotations

import io
import os
import random
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

from PIL import Image


def make_hostile(folder: Path, photos: Path) -> dict[str, str]:
    """Fill ``folder``; the answer is each input's name and a word of the reason it must be refused with."""
    expected: dict[str, str] = {}
    for name, content, reason in _inputs(photos):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, bytes):
            (folder / name).write_bytes(content)
        else:
            content(folder / name)
        expected[name] = reason
    return expected


def _inputs(photos: Path) -> Iterator[tuple[str, object, str]]:
    rng = random.Random(0)
    photo = (photos / "city.jpg").read_bytes()
    png = (photos / "tulips.png").read_bytes()
    clip = (photos / "dog_indoors.mp4").read_bytes()
    webp = _encoded(Image.open(photos / "nuthatch.jpg").resize((200, 150)), "WEBP")

    for n in range(60):
        yield f"truncated/{n:03d}.jpg", photo[: rng.randrange(1, len(photo) * 9 // 10)], "image"
    for n in range(40):
        yield f"truncated/{n:03d}.png", png[: rng.randrange(1, len(png) * 9 // 10)], "image"
    for n in range(20):
        yield f"truncated/{n:03d}.webp", webp[: rng.randrange(1, len(webp) * 9 // 10)], "image"
    for n in range(20):
        yield f"truncated/{n:03d}.mp4", clip[: rng.randrange(1, len(clip) // 9)], "decord cannot open|cannot be decoded"
    for n in range(20):
        yield f"noise/{n:03d}.jpg", rng.randbytes(rng.randrange(1, 5000)), "not an image"
    for n in range(10):
        yield f"noise/{n:03d}.mp4", rng.randbytes(rng.randrange(1, 5000)), "decord cannot open"
    for n in range(20):
        yield f"beheaded/{n:03d}.png", bytes(8) + png[8 + n :], "not an image"
    for n in range(20):
        torn = bytearray(png)
        torn[rng.randrange(40, len(torn) // 2)] ^= 0xFF
        yield f"flipped/{n:03d}.png", bytes(torn), "image"
    for suffix in ("jpg", "jpeg", "png", "webp", "bmp", "tif", "tiff", "gif", "jp2", "avif"):
        yield f"empty/zero.{suffix}", b"", "the file is empty"
        yield f"renamed/text.{suffix}", b"Dear reader, this is a letter.\n" * 20, "not an image"
    for suffix in ("mp4", "mov", "mkv", "webm", "avi", "m4v"):
        yield f"empty/zero.{suffix}", b"", "decord cannot open"
        yield f"renamed/letter.{suffix}", b"Dear reader, this is a letter.\n" * 20, "decord cannot open"
    yield "renamed/video.jpg", clip, "not an image"
    for n, size in enumerate([(1, 1), (1, 400), (400, 1), (31, 31), (2, 3)]):
        picture = Image.new("RGB", size, (n * 40, 9, 9))
        yield f"tiny/{n}.png", _encoded(picture, "PNG"), "a side under 32"
    for n, (width, height) in enumerate([(20_000, 64), (64, 20_000), (20_001, 900)]):
        yield f"long/{n}.png", _encoded(Image.new("L", (width, height), n), "PNG"), "longer than 16384"
    for n, side in enumerate([20_000, 40_000, 60_000]):
        yield f"bomb/{n}.png", _bomb(side), "over 100 megapixels"
    yield "bomb/text.png", _text_bomb(), "damaged image"
    yield "bomb/sparse.jpg", lambda path: os.truncate(_touched(path), 5 << 30), "too large for a photo"
    for n in range(10):
        yield f"links/nowhere-{n}.jpg", lambda path, n=n: path.symlink_to(f"missing-{n}"), "a dangling link"
    yield "links/self.jpg", lambda path: path.symlink_to(path.name), "cannot be opened"
    yield "links/device.jpg", lambda path: path.symlink_to("/dev/zero"), "not a regular file"
    yield "links/terminal.png", lambda path: path.symlink_to("/dev/null"), "not a regular file"
    yield "links/memory.png", lambda path: path.symlink_to("/proc/self/mem"), "OSError"
    yield "links/folder.mp4", lambda path: path.symlink_to(".."), "a folder"
    yield "pipes/pipe.jpg", os.mkfifo, "not a regular file"
    yield "pipes/pipe.mp4", os.mkfifo, "not a regular file"
    for n in range(15):
        yield f"名前/写真 {n} émoji 🖼.jpg", photo[: 100 + n], "image"
    for n in range(10):
        yield "long names/" + f"{n}" * 240 + ".jpg", photo[: 300 + n], "image"
    for n in range(12):
        yield "/".join(["deep"] * 30) + f"/{n} and 'quotes' \"double\"\tand\nlines.png", png[: 200 + n], "image"
    yield "float.tiff", _encoded(Image.new("F", (64, 64)), "TIFF"), "floating-point"
    for n in range(6):
        yield os.fsdecode(b"bytes/\xff\xfe%d.jpg" % n), photo[: 500 + n], "image"


def _encoded(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def _touched(path: Path) -> Path:
    path.touch()
    return path


def _bomb(side: int) -> bytes:
    """A PNG of a few kilobytes that says it has ``side`` x ``side`` pixels."""
    header = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + _chunk(b"IHDR", header)
        + _chunk(b"IDAT", zlib.compress(bytes(1 << 20)))
        + _chunk(b"IEND", b"")
    )


def _text_bomb() -> bytes:
    """A small PNG whose text unpacks to 200 MB."""
    whole = _encoded(Image.new("RGB", (64, 64)), "PNG")
    text = _chunk(b"zTXt", b"note\0\0" + zlib.compress(bytes(200 << 20), 9))
    return whole[:33] + text + whole[33:]


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
