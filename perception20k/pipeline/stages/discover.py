"""Find photos and videos: in folders, globs, lists, archives and at URLs, each once and under a name of its own."""

from __future__ import annotations

import glob
import itertools
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from perception20k.config import located
from perception20k.core.errors import ItemError, UserError
from perception20k.imaging.plugins import HEIC_SUFFIXES, JXL_SUFFIXES
from perception20k.storage.places import ARCHIVE_SUFFIXES, Member, Place, members
from perception20k.storage.remote import is_url, listed

PHOTO_SUFFIXES = {
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".bmp", ".tif", ".tiff", ".jp2", ".avif", ".gif"),
    *(".ppm", ".pgm", ".pbm", ".pnm", *HEIC_SUFFIXES, *JXL_SUFFIXES),
}
VIDEO_SUFFIXES = {".mp4", ".mov", ".mkv", ".webm", ".avi", ".m4v"}
UNREAD_SUFFIXES = {
    *(".arw", ".cr2", ".cr3", ".dng", ".nef", ".orf", ".raf", ".raw", ".rw2"),  # raw photos have no pixels of their own
    *(".eps", ".exr", ".hdr", ".j2k", ".jpf", ".jpx", ".psd", ".svg", ".tga"),
    *(".3gp", ".flv", ".m2ts", ".mpeg", ".mpg", ".mts", ".mxf", ".ogv", ".ts", ".vob", ".wmv"),
    *(".7z", ".bz2", ".gz", ".rar", ".tbz2", ".tgz", ".txz", ".xz", ".zip", ".zst"),
}
"""Photos, videos and archives that are not read; somebody who has them among the sources should know."""
_KNOWN = PHOTO_SUFFIXES | VIDEO_SUFFIXES | ARCHIVE_SUFFIXES | UNREAD_SUFFIXES


@dataclass(frozen=True)
class SourceFile:
    """A photo or video, where it lies, and its name below the source it was found in."""

    path: Place
    name: str


def discover(
    specs: tuple[str, ...], without: Path | None = None, unread: Callable[[SourceFile], object] = lambda file: None
) -> Iterator[SourceFile]:
    """Photos and videos of the configured sources, in sorted order, each file once.

    A source is a folder (its whole tree, without following linked folders), a file, a glob, a URL, or a list: a
    ``.txt`` file with one path a line, relative to its own folder. A tar, and a Parquet table with a column of images,
    is a folder of what is in it. Missing files in a list, dangling links and archives that cannot be read are yielded
    too; the stage refuses them with a reason.

    Names are unique, because scores and boxes are matched by name: a name that is taken gets the folders above it.

    Args:
        specs: the configured sources.
        without: a folder whose files are left out: the dataset, if it lies inside a source.
        unread: is called with photos, videos and archives of types that are not read.

    Raises:
        UserError: a source does not exist or matches nothing.
    """
    own = os.path.join(os.path.abspath(without), "") if without else None  # noqa: PTH100, PTH118 - fast, a file each
    seen: set[int] = set()  # hashes, not paths, to save memory
    names: set[int] = set()
    for spec in specs:
        found, skipped = False, ""
        for file in _opened(_expand(spec)):
            if own and isinstance(file.path, Path) and os.path.abspath(file.path).startswith(own):  # noqa: PTH100
                continue
            if why := why_unread(file):
                skipped = why
                unread(file)
                continue
            found = True
            mark = hash(str(file.path))
            if mark not in seen:
                seen.add(mark)
                name = next(name for name in _names(file) if hash(name) not in names)
                names.add(hash(name))
                yield replace(file, name=name)
        if not found:
            raise UserError(f"{spec}: no photo or video found", skipped or "Check the config's 'sources'")


def why_unread(file: SourceFile) -> str:
    """Why a file found among the sources is not read; empty if it is."""
    suffix = file.path.suffix.lower()
    if isinstance(file.path, Member) and suffix in VIDEO_SUFFIXES and file.path.archive.suffix.lower() != ".tar":
        return "A video inside a table is not read: unpack it"
    return f"Files of the type {suffix} are not read: convert or unpack them" if suffix in UNREAD_SUFFIXES else ""


def _names(file: SourceFile) -> Iterator[str]:
    """Possible names of a file: its own, then with more and more folders above it, then numbered."""
    yield file.name
    whole = file.path.absolute() if isinstance(file.path, Path) else PurePosixPath(str(file.path))
    above = whole.parts[1 : -len(Path(file.name).parts)]
    for count in range(1, len(above) + 1):
        yield printable(Path(*above[-count:], file.name))
    yield from (f"{number}/{file.name}" for number in itertools.count(2))


def _opened(files: Iterator[SourceFile]) -> Iterator[SourceFile]:
    """The files, and instead of an archive what is in it."""
    for file in files:
        if isinstance(file.path, Member) or file.path.suffix.lower() not in ARCHIVE_SUFFIXES:
            yield file
            continue
        try:
            for member in members(file.path, _KNOWN):
                yield SourceFile(member, f"{file.name}/{printable(member.name)}")
        except ItemError:
            yield file


def _expand(spec: str) -> Iterator[SourceFile]:
    if is_url(spec):
        for remote, name in listed(spec, _KNOWN):
            yield SourceFile(remote, printable(name))
        return
    path = located(spec)
    if path.is_dir():
        yield from _tree(path, path)
    elif path.suffix.lower() == ".txt" and path.is_file():
        yield from _listed(path)
    elif path.exists():
        yield SourceFile(path, printable(path.name))
    elif glob.has_magic(str(path)):
        folder = next(parent for parent in path.parents if parent.is_dir())
        pattern = str(path.relative_to(folder))
        matches = sorted(glob.glob(pattern, root_dir=folder, recursive=True))  # noqa: PTH207 - Path.glob takes no **/x
        files = (match for match in matches if not (folder / match).is_dir())
        yield from (SourceFile(folder / match, printable(match)) for match in files)
    else:
        raise UserError(
            f"{spec}: no such file or folder",
            "Check the path; of a built dataset's photos that were moved, --sources gives the new location",
        )


def _tree(folder: Path, root: Path) -> Iterator[SourceFile]:
    """Photos and videos by their suffix, in the order of their names."""
    waiting = [(folder, True)]  # no recursion: folders may be nested deeper than Python's stack
    while waiting:
        path, is_folder = waiting.pop()
        if is_folder:
            try:
                with os.scandir(path) as entries:
                    found = sorted((entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries)
            except OSError:
                yield SourceFile(path, printable(path.relative_to(root)))  # the stage refuses it with the reason
                continue
            waiting += [(path / name, below) for name, below in reversed(found)]
        elif path.suffix.lower() in _KNOWN:
            yield SourceFile(path, printable(path.relative_to(root)))


def _listed(path: Path) -> Iterator[SourceFile]:
    with path.open(encoding="utf-8-sig", errors="surrogateescape") as lines:
        for line in lines:
            if is_url(name := line.strip()):
                yield from _expand(name)
            elif name:
                file = path.parent / name
                yield SourceFile(file, printable(file.name if Path(name).is_absolute() else Path(name)))


def printable(path: Path | str) -> str:
    """A path with forward slashes, with bytes that are not UTF-8 escaped."""
    return os.fsencode(Path(path).as_posix()).decode("utf-8", "backslashreplace")
