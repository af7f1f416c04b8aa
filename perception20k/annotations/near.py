"""Find annotation files in and beside a folder of photos, by what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from perception20k.annotations import FORMATS, Format

_PLACES = {"annotations", "annotation", "labels", "labelling", "xml", "xmls", "gt"}
"""Names that folders of annotations have, in small letters."""

_MOST = 500
"""Files looked at in one folder."""

_PIECE = 64 * 1024
"""Bytes read of a file's beginning and of its end."""


def format_of(path: Path) -> Format | None:
    """The format of an annotation file by its suffix and a piece of its content; None if it is of none.

    A file of a format that wants a folder counts too.
    """
    likely = [one for one in FORMATS.values() if path.suffix.lower() in one.suffixes]
    try:
        piece = _piece(path) if likely else ""
    except OSError:
        return None
    return next((one for one in likely if one.matches(piece)), None)


def annotations_near(folder: Path) -> list[tuple[Format, Path]]:
    """Annotations in a folder, beside it and in folders there that are called so; the nearest first.

    The path is what the config takes: a file, or the folder of a format that wants one. Nothing is read but a piece of
    each file, so what is found may still turn out not to be of its format.
    """
    home = folder.absolute()
    found: dict[Path, Format] = {}
    for place in [place for above in (home, home.parent, home.parent.parent) for place in (above, *_inside(above))]:
        for file in _files(place):
            if any(
                one.is_folder and file.suffix.lower() in one.suffixes and path == place for path, one in found.items()
            ):
                continue  # one of a folder that was recognised by another of its files
            if one := format_of(file):
                found.setdefault(place if one.is_folder else file, one)
    return [(one, path) for path, one in found.items()]


def _inside(folder: Path) -> Iterator[Path]:
    try:
        yield from sorted(path for path in folder.iterdir() if path.name.lower() in _PLACES and path.is_dir())
    except OSError:
        return


def _files(folder: Path) -> list[Path]:
    suffixes = {suffix for one in FORMATS.values() for suffix in one.suffixes}
    try:
        likely = (path for path in folder.iterdir() if path.suffix.lower() in suffixes)
        return sorted(path for path in islice(likely, _MOST) if path.is_file())
    except OSError:
        return []


def _piece(path: Path) -> str:
    with path.open("rb") as stream:
        head = stream.read(_PIECE)
        size = path.stat().st_size
        stream.seek(max(len(head), size - _PIECE))
        return (head + stream.read()).decode("utf-8-sig", "replace").lstrip()
