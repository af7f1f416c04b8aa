"""Match entries of a user's table or annotation file to photos: by name, and never by guessing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from perception20k.dataset.quarantine import Reason


class Names:
    """Names in a user's file, matched to origins of photos.

    A name matches the photo with that origin, or whose origin ends in it by whole path components: ``a/b.jpg`` matches
    ``x/a/b.jpg`` but not ``xa/b.jpg``. Of several names that match a photo the longest counts. Names that still match
    more than one photo are ambiguous and are ignored.

    Args:
        names: as the file spells them; see :func:`plain`.
        origins: of all photos.
    """

    def __init__(self, names: Iterable[str], origins: Iterable[str] = ()) -> None:
        self._names = {plain(name) for name in names}
        self._claimed: dict[str, str] = {}
        self._shared: dict[str, tuple[str, str]] = {}
        for origin in origins:
            name = self._longest(origin)
            if name and self._claimed.setdefault(name, origin) != origin:
                self._shared.setdefault(name, (self._claimed[name], origin))

    def find(self, origin: str) -> str | Reason | None:
        """The name that matches this photo, or the reason if it is ambiguous; None if there is no name."""
        name = self._longest(origin)
        if name in self._shared:
            one, other = self._shared[name]
            return Reason("ambiguous_name", f"ambiguous: '{name}' matches {one} and {other}")
        return name

    def unmatched(self) -> set[str]:
        """Names that no photo has."""
        return self._names - self._claimed.keys()

    def _longest(self, origin: str) -> str | None:
        return next((name for name in _ends(origin) if name in self._names), None)


def video_of(origin: str) -> str:
    """The name of a keyframe's video; a photo's own."""
    return origin.partition("#frame=")[0]


def with_videos(origins: Iterable[str]) -> Iterator[str]:
    """Every origin, and for keyframes their video too: for tables in which one entry may stand for all its frames."""
    return (name for origin in origins for name in {origin, video_of(origin)})


def plain(name: str) -> str:
    """A name without redundant dots and slashes.

    >>> plain("./a//b.jpg")
    'a/b.jpg'
    """
    return PurePosixPath(name).as_posix()


def _ends(origin: str) -> Iterator[str]:
    """The origin, then without its first folder, and so on down to its last component."""
    while origin:
        yield origin
        origin = origin.partition("/")[2]
