"""How a run speaks to people: lines on standard output, progress bars on standard error."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from tqdm import tqdm


class Reporter:
    """Where a run's lines and bars go.

    Args:
        write: takes a line.
        progress: whether bars are shown.
    """

    def __init__(self, write: Callable[[str], object] = click.echo, *, progress: bool = True) -> None:
        self._write, self._progress = write, progress

    def line(self, text: str) -> None:
        """Tell one thing that has happened."""
        self._write(text)

    @contextmanager
    def progress(self, title: str, total: int | None = None, unit: str = "item") -> Iterator[Callable[[int], object]]:
        """Show a bar while the block runs; the block calls what it is given with the number of items just done."""
        with tqdm(total=total, desc=f"{title:>9}", unit=unit, disable=not self._progress, leave=False) as bar:
            yield bar.update


SILENT = Reporter(lambda text: None, progress=False)
"""Says nothing."""
