"""Where a photo's bytes lie when it is no file of its own: inside a tar or a Parquet table, or at a URL.

A tar is read in place, by the offsets of its members; of a Parquet table one row group is in memory at a time. What
lies at a URL is fetched through fsspec into a cache of bounded size, so that a bucket may be larger than the disk.
"""

from __future__ import annotations

import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO

from perception20k.core.errors import ItemError, TransientError
from perception20k.core.files import sha256, written_aside
from perception20k.storage import parquet

ARCHIVE_SUFFIXES = {".tar", ".parquet"}

CACHE_BYTES = 10 << 30
"""Files of URLs that are kept on this disk at a time; those used longest ago go first."""


@dataclass(frozen=True)
class Remote:
    """A file at a URL that fsspec understands, such as ``s3://bucket/photo.jpg``."""

    url: str
    size: int
    version: str
    """What the server says that changes with the file: an ETag, a digest, or a time."""

    @property
    def suffix(self) -> str:
        """The suffix of its name."""
        return PurePosixPath(self.url.partition("?")[0]).suffix

    def __str__(self) -> str:
        return self.url

    def read_bytes(self) -> bytes:
        """All its bytes."""
        return self.fetched().read_bytes()

    def fetched(self) -> Path:
        """The file on this disk, fetched if it is not there yet.

        Raises:
            TransientError: it could not be fetched.
        """
        import fsspec

        path = cache_folder() / (sha256(f"{self.url} {self.size} {self.version}".encode())[:32] + self.suffix)
        try:
            os.utime(path)  # used now
            return path
        except FileNotFoundError:
            pass
        _make_room(path.parent, self.size)
        try:
            with written_aside(path) as aside:
                fsspec.core.url_to_fs(self.url)[0].get_file(self.url, str(aside))
        except Exception as error:  # every protocol has its own
            raise TransientError(f"could not be fetched: {type(error).__name__}: {str(error)[:200]}") from None
        return path


@dataclass(frozen=True)
class Member:
    """A photo inside a tar or a Parquet table, or a video inside a tar."""

    archive: Path | Remote
    name: str
    first: int
    """The offset of its bytes in a tar; its row group in a Parquet table."""
    second: int
    """How many bytes it has in a tar; its row in the row group."""

    @property
    def suffix(self) -> str:
        """The suffix of its name; in a table it may have none."""
        return PurePosixPath(self.name).suffix

    def __str__(self) -> str:
        return f"{self.archive}/{self.name}"

    def read_bytes(self) -> bytes:
        """All its bytes.

        Raises:
            ItemError: the table has no bytes in this row, or cannot be read.
        """
        archive = on_disk(self.archive)
        if self.archive.suffix.lower() == ".tar":
            with archive.open("rb") as stream:
                stream.seek(self.first)
                return stream.read(self.second)
        try:
            value = parquet.row_group(archive, archive.stat().st_mtime_ns, self.first)[self.second].as_py()
        except (OSError, ValueError, IndexError) as error:  # Arrow's errors are ValueErrors
            raise ItemError(f"the table cannot be read: {str(error).splitlines()[0]}") from None
        data = parquet.image_bytes(value)
        if data is None:
            raise ItemError("the row holds no image bytes")
        return data


Place = Path | Remote | Member
"""Where a source lies. All have ``suffix`` and ``read_bytes``."""


def on_disk(place: Place) -> Path:
    """The file on this disk that a place is, or that it lies in."""
    if isinstance(place, Member):
        return on_disk(place.archive)
    return place.fetched() if isinstance(place, Remote) else place


def version_of(place: Place) -> list[Any]:
    """What changes with the bytes at a place.

    Raises:
        OSError, ValueError: there is no such file.
    """
    if isinstance(place, Remote):
        return [place.size, place.version]
    if isinstance(place, Member):
        return [*version_of(place.archive), place.first, place.second]
    status = place.stat()
    return [status.st_size, status.st_mtime_ns]


def members(archive: Path | Remote, suffixes: set[str]) -> Iterator[Member]:
    """The photos inside a tar or a Parquet table, in their order; of a table without a column of images none.

    Raises:
        ItemError: it is no tar that can be read in place, or no Parquet table.
    """
    try:
        with opened(archive) as stream:
            if archive.suffix.lower() == ".tar":
                yield from _in_tar(archive, stream, suffixes)
            else:
                yield from (Member(archive, row.name, row.group, row.place) for row in parquet.rows(stream))
    except tarfile.TarError as error:
        raise ItemError(f"not a tar without compression: {error}") from None
    except (OSError, ValueError) as error:
        raise ItemError(f"cannot be read: {str(error).splitlines()[0]}") from None


@contextmanager
def opened(archive: Path | Remote) -> Iterator[BinaryIO]:
    """For listing: of a remote archive only the parts that are asked for are fetched."""
    if isinstance(archive, Path):
        with archive.open("rb") as stream:
            yield stream
        return
    import fsspec

    with fsspec.open(archive.url, "rb") as remote:
        yield remote


def cache_folder() -> Path:
    """Where files of URLs are kept: ``perception20k/fetched`` in the user's cache folder."""
    home = os.environ.get("XDG_CACHE_HOME") or Path("~/.cache").expanduser()
    return Path(home) / "perception20k" / "fetched"


def _in_tar(archive: Path | Remote, stream: BinaryIO, suffixes: set[str]) -> Iterator[Member]:
    with tarfile.open(fileobj=stream, mode="r:") as tar:
        while (found := tar.next()) is not None:
            if found.isreg() and not found.issparse() and PurePosixPath(found.name).suffix.lower() in suffixes:
                yield Member(archive, found.name, found.offset_data, found.size)
            tar.members = []  # type: ignore[attr-defined]  # it would remember all of them


def _make_room(folder: Path, size: int) -> None:
    """Remove what was used longest ago until ``size`` more bytes fit into the cache."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = []
    for path in folder.iterdir():
        try:
            status = path.stat()
        except FileNotFoundError:  # another worker removed it
            continue
        kept.append((status.st_mtime_ns, status.st_size, path))
    total = sum(length for _, length, _ in kept)
    for _, length, path in sorted(kept):
        if total + size <= CACHE_BYTES:
            break
        path.unlink(missing_ok=True)
        total -= length
