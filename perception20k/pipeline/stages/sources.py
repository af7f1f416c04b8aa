"""The sources stage: find photos and videos, decode them once, and give each image its identity.

Of a video, evenly spaced frames are taken; of frames that look alike only the first is kept. Identical pixels are kept
once, the first in the order of discovery. Whatever cannot be read becomes a row of the quarantine.
"""

from __future__ import annotations

import io
import stat
from base64 import b64encode
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

from PIL import Image

from perception20k.core.errors import ItemError, TransientError
from perception20k.core.extras import require
from perception20k.core.files import digest, sha256
from perception20k.dataset.layout import image_file
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import Source
from perception20k.execution.stage import Outcome, Stage, to_outcome
from perception20k.imaging import images, video
from perception20k.imaging.credit import exif_credit
from perception20k.imaging.fingerprint import fingerprint
from perception20k.imaging.images import ImageFormat
from perception20k.imaging.plugins import EXTRA, PLUGINS
from perception20k.pipeline.stages.discover import VIDEO_SUFFIXES, SourceFile
from perception20k.storage.places import ARCHIVE_SUFFIXES, Member, Place, Remote, members, version_of

_SUFFIXES = {
    "JPEG": ".jpg",
    "MPO": ".jpg",
    "PNG": ".png",
    "WEBP": ".webp",
    "TIFF": ".tif",
    "BMP": ".bmp",
    "GIF": ".gif",
}
"""Formats, by Pillow's names, that every reader of a dataset can be expected to open."""


@dataclass(frozen=True)
class Candidate:
    """A source image in the pipeline: its record, and the place its pixels are read from."""

    path: Place
    source: Source
    fingerprint: str = ""
    """Of its pixels (:mod:`perception20k.imaging.fingerprint`), in base64, until its scene is known."""


@dataclass(frozen=True)
class Ingest(Stage[SourceFile]):
    """Decode a file and identify its image, or its keyframes.

    An item's key is the file's name, size and modification time, as in ``make``: hashing hundreds of gigabytes of
    video at every start would cost more than the stage itself, and a folder may move. The pixels are checked against
    ``image_id`` when they are distorted.
    """

    max_frames: int
    max_side: int | None = None
    flat: bool = False
    """All source images lie in one folder; see :func:`perception20k.dataset.layout.image_file`."""
    image_format: ImageFormat = "webp"
    """Of frames, and of photos whose own bytes are not kept."""
    name = "sources"
    place = "isolated"
    batch_size = 4
    max_alike = 1000  # whole folders of damaged copies are nothing unusual

    def key(self, item: SourceFile) -> str:
        """See :class:`Stage`."""
        about: list[Any] | str
        try:
            about = version_of(item.path)
        except (OSError, ValueError) as error:
            about = type(error).__name__
        version = 8 if item.path.suffix.lower() in VIDEO_SUFFIXES else 7
        kind = [] if self.image_format == "webp" else [self.image_format]  # as it was before there were two
        return digest([self.name, version, item.name, about, self.max_frames, self.max_side, self.flat, *kind])

    def process(self, batch: list[SourceFile]) -> list[Outcome]:
        """See :class:`Stage`."""
        return [to_outcome(self.process_one, item) for item in batch]

    def process_one(self, item: SourceFile) -> list[dict[str, Any]]:
        """One record a photo or keyframe: the fields of :class:`Source` known so far.

        A frame that looks like an earlier one of its video is recorded with its ``origin`` and why it is ``dropped``.
        """
        check_file(item.path)
        if item.path.suffix.lower() in VIDEO_SUFFIXES:
            return self._keyframes(item)
        data = item.path.read_bytes()
        whole = images.decode(data)
        pixels = self._within_limit(whole)
        kept, suffix = _to_keep(data, pixels, pixels is not whole, self.image_format)
        licence, author = exif_credit(data)
        record = self._record(whole, pixels, kept, suffix, item.name)
        return [{**record, "licence": licence, "author": author}]

    def _within_limit(self, image: images.Array) -> images.Array:
        height, width = image.shape[:2]
        return images.scaled(image, *images.size_within(width, height, self.max_side))

    def _record(
        self, whole: images.Array, pixels: images.Array, data: bytes, suffix: str, origin: str
    ) -> dict[str, Any]:
        """What is known of a source image; ``whole`` is what the file holds, ``pixels`` what the dataset does."""
        image_id = images.image_id(pixels)
        return {
            "image_id": image_id,
            "file": image_file("source", image_id, suffix, flat=self.flat),
            "file_sha256": sha256(data),
            "width": pixels.shape[1],
            "height": pixels.shape[0],
            "original_width": whole.shape[1],
            "original_height": whole.shape[0],
            "origin": origin,
            "fingerprint": b64encode(fingerprint(pixels).tobytes()).decode(),
        }

    def _keyframes(self, item: SourceFile) -> list[dict[str, Any]]:
        records: list[dict[str, Any]] = []
        for frame, twin in video.with_twins(video.keyframes(item.path, self.max_frames)):
            origin = f"{item.name}#frame={frame.index}"
            if twin is not None:
                records.append({"origin": origin, "dropped": f"looks like frame {twin}"})
                continue
            pixels = self._within_limit(frame.pixels)
            record = self._record(frame.pixels, pixels, *images.encode(pixels, self.image_format), origin)
            records.append({**record, "frame": frame.index, "timestamp": frame.seconds})
        if not records:
            raise ItemError("the video has no frames")
        return records


def check_decoders(files: Iterable[SourceFile]) -> None:
    """Refuse files whose decoders are not installed, before the first one is opened.

    Raises:
        UserError: names a file, and the extra that reads it.
    """
    needed = {suffix: (plugin.title, EXTRA, plugin.package) for plugin in PLUGINS for suffix in plugin.suffixes}
    needed |= dict.fromkeys(VIDEO_SUFFIXES, ("a video", "video", "decord"))
    first: dict[tuple[str, str, str], str] = {}
    for file in files:
        if decoder := needed.get(file.path.suffix.lower()):
            first.setdefault(decoder, file.name)
    for (title, extra, package), name in first.items():
        require(f"{name}, {title},", extra, package)


def check_file(path: Place) -> None:
    """Refuse anything but a regular file of a sane size before opening it: reading a pipe could block forever."""
    if isinstance(path, Member):
        if path.archive.suffix.lower() == ".tar" and path.suffix.lower() not in VIDEO_SUFFIXES:
            _check_size(path.second)
        return
    if path.suffix.lower() in ARCHIVE_SUFFIXES:
        next(members(path, set()), None)  # tells why it could not be opened
        raise ItemError("an archive without photos")
    if isinstance(path, Remote):
        if path.suffix.lower() not in VIDEO_SUFFIXES:
            _check_size(path.size)
        return
    try:
        status = path.stat()
    except FileNotFoundError:
        raise ItemError("a dangling link" if path.is_symlink() else "no such file") from None
    except OSError as error:
        raise ItemError(f"cannot be opened: {error.strerror}") from None
    except ValueError:
        raise ItemError("not a valid file name") from None
    if stat.S_ISDIR(status.st_mode):
        raise ItemError("a folder that cannot be listed, or that a list names as a file")
    if not stat.S_ISREG(status.st_mode):
        raise ItemError("not a regular file but a device, pipe or socket")
    if path.suffix.lower() not in VIDEO_SUFFIXES:
        _check_size(status.st_size)


def _check_size(size: int) -> None:
    if size > images.MAX_BYTES:
        raise ItemError(f"{size / 1e9:.1f} GB is too large for a photo")


def load_source(candidate: Candidate) -> tuple[bytes, images.Array]:
    """The bytes for ``images/source`` and the RGB pixels of a source image.

    Raises:
        TransientError: the file is gone, damaged, or no longer holds the identified image. A file that was being copied
            may be whole for the next run.
    """
    source = candidate.source
    image_format = images.format_of(source.file)
    try:
        if source.frame is not None:
            pixels = images.scaled(video.read_frame(candidate.path, source.frame), source.width, source.height)
            data, _ = images.encode(pixels, image_format)
        else:
            data = candidate.path.read_bytes()
            whole = images.decode(data)
            pixels = images.scaled(whole, source.width, source.height)
            data, _ = _to_keep(data, pixels, pixels is not whole, image_format)
    except FileNotFoundError:
        raise TransientError("the file is gone") from None
    except ItemError as error:  # it was decodable before
        raise TransientError(str(error)) from None
    if images.image_id(pixels) != source.image_id:
        raise TransientError("the file has changed since it was first read")
    return data, pixels


def duplicates(candidates: Iterable[Candidate]) -> Iterator[tuple[Candidate, Reason | None]]:
    """Each candidate with the reason if it is a duplicate; None for the first of each image."""
    first: dict[int, str] = {}
    for candidate in candidates:
        source = candidate.source
        earlier = first.setdefault(int(source.image_id, 16), source.origin)
        first_one = earlier is source.origin
        yield candidate, None if first_one else Reason("duplicate", f"the same pixels as {earlier}")


def candidates_of(item: SourceFile, records: list[dict[str, Any]]) -> list[Candidate]:
    """The stage's result as candidates."""
    found = []
    for record in records:
        if "dropped" not in record:
            fields = dict(record)
            mark = fields.pop("fingerprint")
            found.append(Candidate(item.path, Source(**fields), mark))
    return found


def with_source(candidate: Candidate, **changes: Any) -> Candidate:
    """The candidate with fields of its record replaced."""
    return replace(candidate, source=replace(candidate.source, **changes))


def _to_keep(data: bytes, pixels: images.Array, was_scaled: bool, image_format: ImageFormat) -> tuple[bytes, str]:
    """A photo's bytes in the dataset, and the suffix of their true format, whatever the file was called.

    The file's own bytes if every reader decodes them to these pixels; otherwise the pixels encoded anew, or a trainer
    might compare a distorted image with a reference of another orientation or other colours. The same for formats that
    not every reader opens, and for a photo that was scaled down.
    """
    if was_scaled:
        return images.encode(pixels, image_format)
    with Image.open(io.BytesIO(data)) as image:
        kept = _SUFFIXES.get(image.format or "")
    return (data, kept) if kept and images.is_plain(data) else images.encode(pixels, image_format)
