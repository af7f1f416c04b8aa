"""Videos through decord: frames by index, without decoding everything in between.

A video inside a tar is read in place, as the piece of the tar that it is.
"""

from __future__ import annotations

import re
import struct
import sys
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from os import SEEK_END
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from perception20k.core.errors import ItemError
from perception20k.core.extras import require
from perception20k.imaging.images import MAX_PIXELS, Array
from perception20k.storage.places import Member, Place, on_disk

MAX_HASH_DISTANCE = 3
"""Perceptual hashes of 64 bits that differ in at most so many show the same view, as from a camera at rest."""


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


_COSINES = np.cos(np.pi / 64 * np.outer(np.arange(8), 2 * np.arange(32) + 1))
"""The lowest 8 of 32 rows of the discrete cosine transform."""


def perceptual_hash(image: Array) -> NDArray[np.bool_]:
    """64 bits that images of the same view share (phash), shape (8, 8): is a low frequency above their median?

    The bits of ``imagehash.phash``: grey, 32x32, cosine transform. A flat image's are all False but the first.
    """
    grey = np.asarray(Image.fromarray(image).convert("L").resize((32, 32), Image.Resampling.LANCZOS), np.float64)
    frequencies = (_COSINES @ grey @ _COSINES.T).round(6)  # what rounding leaves of a zero must not decide
    return np.asarray(frequencies > np.median(frequencies))


def with_twins(frames: Iterable[Frame]) -> Iterator[tuple[Frame, int | None]]:
    """Each frame with the index of an earlier one that it looks like, by their perceptual hashes; None if none does."""
    seen: list[tuple[int, NDArray[np.bool_]]] = []
    for frame in frames:
        mark = perceptual_hash(frame.pixels)
        alike = (index for index, other in seen if np.count_nonzero(mark != other) <= MAX_HASH_DISTANCE)
        twin = next(alike, None)
        if twin is None:
            seen.append((frame.index, mark))
        yield frame, twin


def keyframes(place: Place, most: int) -> Iterator[Frame]:
    """Up to ``most`` frames of a video, evenly spread, with their times.

    Raises:
        ItemError: decord cannot open the video or decode a frame.
        OSError: its file cannot be read.
    """
    video = _Video(place)
    for index in frame_indexes(len(video), most):
        yield Frame(index, video.seconds(index), video.pixels(index))


def read_frame(place: Place, index: int) -> Array:
    """One frame as an RGB array of shape (height, width, 3), dtype uint8; by index, counted from 0."""
    return _Video(place).pixels(index)


class _Video:
    """A video that decord has opened.

    To reach a frame, decord seeks by the times that the container states. An AVI states none, its index marks frames as
    key frames that are not, and where frames refer to later ones decord gives another frame than the one asked for. In
    an AVI, and in whatever has no increasing times, frames are therefore counted from the first.
    """

    def __init__(self, place: Place) -> None:
        self._path = on_disk(place)
        self._path.open("rb").close()  # an unreadable file is reported as such, and tried again
        first, size = (place.first, place.second) if isinstance(place, Member) else (0, None)
        if _is_cut_off(self._path, first, size):
            raise ItemError("the video is truncated")
        self._reader = _open(self._path, first, size)
        starts = self._reader.get_frame_timestamp(range(len(self)))[:, 0]
        self._timed = len(self) > 0 and bool(abs(starts[0]) < _DAY and (np.diff(starts) > 0).all())
        self._seeks = self._timed and not _is_avi(self._path, first)
        self._next = 0  # the frame that the reader stands at, if it does not seek

    def __len__(self) -> int:
        return len(self._reader)

    def seconds(self, index: int) -> float:
        """When a frame is shown; in a video without times of its own, at its rate."""
        if not self._timed:
            return round(index / float(self._reader.get_avg_fps()), 6)
        return round(float(self._reader.get_frame_timestamp(index)[0]), 6)

    def pixels(self, index: int) -> Array:
        """A frame as an RGB array. Frames are asked for in their order."""
        decord = load_decord()
        try:
            pixels: Array = np.ascontiguousarray(
                (self._reader[index] if self._seeks else self._counted(index)).asnumpy()
            )
        except (decord.DECORDError, IndexError, RuntimeError, StopIteration) as error:
            reason = _plain(error, self._path)
            raise ItemError(f"{self._path.name}: frame {index} cannot be decoded: {reason}") from None
        if pixels.shape[0] * pixels.shape[1] > MAX_PIXELS:
            raise ItemError(f"frames of {pixels.shape[1]}x{pixels.shape[0]} are over {MAX_PIXELS // 10**6} megapixels")
        return pixels

    def _counted(self, index: int) -> Any:
        """A frame that is reached by reading all before it."""
        frame = None
        while self._next <= index:
            frame = self._reader.next()
            self._next += 1
        return frame


_DAY = 86_400
"""Seconds; no video starts later, and what has no time is said to start millions of years ago."""


def _is_avi(path: Path, first: int) -> bool:
    with path.open("rb") as stream:
        stream.seek(first)
        head = stream.read(12)
    return head[:4] == b"RIFF" and head[8:] == b"AVI "


def _is_cut_off(path: Path, first: int, size: int | None) -> bool:
    """Whether an MP4 or QuickTime file ends before its media data does, as a copy that was interrupted.

    decord reads ahead of the frame that it is asked for: it depends on the machine's load whether the damaged end then
    fails a frame before it, and a dataset must not. ISO/IEC 14496-12, 4.2: a box begins with its size in 4 bytes and
    its type in 4; size 1 means that 8 bytes with the size follow, and 0 that the box reaches to the end.
    """
    with path.open("rb") as stream:
        end = stream.seek(0, SEEK_END) if size is None else first + size
        begin = first
        while begin + 16 <= end:
            stream.seek(begin)
            length, kind, longer = struct.unpack(">I4sQ", stream.read(16))
            if begin == first and kind != b"ftyp":
                return False
            length = longer if length == 1 else length or end - begin
            if kind == b"mdat" and begin + length > end:
                return True
            begin += max(length, 8)
    return False


_importing = threading.Lock()


def load_decord() -> Any:
    """decord, prevented from loading NVIDIA's libraries globally at import.

    We decode on the CPU and need none of them; with libnvblas loaded, torch crashes in its next matrix product.

    Raises:
        UserError: decord is not installed.
    """
    require("reading a video", "video", "decord")
    with _importing:
        if "decord" not in sys.modules:
            nvidia = sys.modules.pop("nvidia", None)
            sys.modules["nvidia"] = None  # type: ignore[assignment]  # Python's mark for a module that does not exist
            try:
                import decord
            finally:
                del sys.modules["nvidia"]
                if nvidia is not None:
                    sys.modules["nvidia"] = nvidia
            decord.logging.set_level(decord.logging.QUIET)
        return sys.modules["decord"]


def _open(path: Path, first: int, size: int | None) -> Any:
    """A reader of a file, or of so many bytes from the first on, for which FFmpeg has a protocol."""
    decord = load_decord()
    try:
        with _utf8(path) as name:
            part = "" if size is None else f"subfile,,start,{first},end,{first + size},,:"
            return decord.VideoReader(part + name, num_threads=1)
    except (decord.DECORDError, RuntimeError) as error:
        raise ItemError(f"decord cannot open the video: {_plain(error, path)}") from None


@contextmanager
def _utf8(path: Path) -> Iterator[str]:
    """The path as decord accepts it: a link to it where its bytes are not UTF-8."""
    try:
        str(path).encode()
    except UnicodeEncodeError:
        with TemporaryDirectory() as folder:
            link = Path(folder, f"video{path.suffix}")
            link.symlink_to(path.absolute())
            yield str(link)
    else:
        yield str(path)


def _plain(error: Exception, path: Path) -> str:
    """The first line of decord's message without times and places, so that the same error has the same text."""
    line = str(error).strip().split("\n", 1)[0].replace(str(path), path.name)
    return re.sub(r"\[\d\d:\d\d:\d\d\] \S+:\d+: |subfile,,\S+?,,:", "", line)[:200] or type(error).__name__
