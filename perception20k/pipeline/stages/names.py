"""Which photo an entry of the user's own table or annotation file means: by name, and never by guessing."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath


class Names:
    """Names in a user's file, matched to origins of photos.

    A name means the photo whose origin it is, or whose origin ends in it by whole components: ``a/b.jpg`` means
    ``x/a/b.jpg`` and not ``xa/b.jpg``. Of several names for one photo the longest counts. A name that is then left
    for more than one photo is given to none.

    Args:
        names: as the file spells them; see :func:`plain`.
        origins: of all photos there are.
    """

    def __init__(self, names: Iterable[str], origins: Iterable[str] = ()) -> None:
        self._names = {plain(name) for name in names}
        self._claimed: dict[str, str] = {}
        self._shared: dict[str, tuple[str, str]] = {}
        for origin in origins:
            name = self._longest(origin)
            if name and self._claimed.setdefault(name, origin) != origin:
                self._shared.setdefault(name, (self._claimed[name], origin))

    def find(self, origin: str) -> tuple[str | None, str]:
        """The name that means this photo, or None and why, if there is one but it is not for sure this photo's."""
        name = self._longest(origin)
        if name in self._shared:
            one, other = self._shared[name]
            return None, f"ambiguous: '{name}' may mean {one} or {other}"
        return name, ""

    def _longest(self, origin: str) -> str | None:
        return next((name for name in _ends(origin) if name in self._names), None)


def plain(name: str) -> str:
    """A name with the dots and doubled slashes left out that change nothing.

    >>> plain("./a//b.jpg")
    'a/b.jpg'
    """
    return PurePosixPath(name).as_posix()


def _ends(origin: str) -> Iterator[str]:
    """The origin, then without its first folder, and so on to its last component."""
    while origin:
        yield origin
        origin = origin.partition("/")[2]
