"""A sequence on disk, which stages pass on so that memory does not grow with the number of images.

Items are pickled one after another into an unnamed temporary file, which the system removes with the process.
"""

from __future__ import annotations

import io
import os
import pickle
import tempfile
import weakref
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Generic, TypeAlias, TypeVar

T = TypeVar("T")


class SpillList(Generic[T]):
    """Items in order: appended one by one, and iterated any number of times."""

    def __init__(self, items: Iterable[T] = ()) -> None:
        self._file = tempfile.TemporaryFile(prefix="perception20k-")  # noqa: SIM115 - lives as long as the list
        weakref.finalize(self, self._file.close)
        self._count = 0
        for item in items:
            self.append(item)

    def append(self, item: T) -> None:
        """Add an item at the end."""
        with _named_errors():
            pickle.dump(item, self._file)
        self._count += 1

    def __len__(self) -> int:
        return self._count

    def __iter__(self) -> Iterator[T]:
        with _named_errors():
            self._file.flush()
        stream = io.BufferedReader(_FromStart(self._file.fileno()))
        for _ in range(self._count):
            yield pickle.load(stream)


@contextmanager
def _named_errors() -> Iterator[None]:
    """Errors name the folder: it is not the dataset's, and often on another disk, which may be full."""
    try:
        yield
    except OSError as error:
        where = f"{tempfile.gettempdir()} (temporary files, $TMPDIR)"
        raise OSError(error.errno, error.strerror, where) from None


Rereadable: TypeAlias = Sequence[T] | SpillList[T]
"""What can be counted and read from the start any number of times, in memory or not."""


class _FromStart(io.RawIOBase):
    """A read-only view of a file with its own position, so that readers disturb neither each other nor the writer."""

    def __init__(self, file: int) -> None:
        self._file, self._position = file, 0

    def readable(self) -> bool:
        """See :class:`io.RawIOBase`."""
        return True

    def readinto(self, buffer: Any) -> int:
        """See :class:`io.RawIOBase`."""
        count = os.preadv(self._file, [buffer], self._position)
        self._position += count
        return count
