"""How a run speaks to people: lines on standard output, progress on standard error.

In a terminal progress is a bar; in a log file or a cluster's output it is a line a minute.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import click
from tqdm import tqdm

MINUTE = 60.0
"""Seconds between two lines of progress where there is no terminal."""


class Reporter:
    """Where a run's lines and progress go.

    Args:
        write: takes a line.
        progress: whether progress is shown.
        clock: seconds, from any beginning.
    """

    def __init__(
        self,
        write: Callable[[str], object] = click.echo,
        *,
        progress: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._write, self._progress, self._clock = write, progress, clock

    def line(self, text: str) -> None:
        """Tell one thing that has happened."""
        self._write(text)

    @contextmanager
    def progress(self, title: str, total: int | None = None, unit: str = "item") -> Iterator[Callable[[int], object]]:
        """Show progress while the block runs; the block calls what it is given with the number of items just done."""
        if self._progress and not sys.stderr.isatty():
            yield _Lines(title, total, unit, self._clock)
            return
        with tqdm(total=total, desc=f"{title:>9}", unit=unit, disable=not self._progress, leave=False) as bar:
            yield bar.update


class _Lines:
    """Progress as lines, one a minute; work that takes less says nothing."""

    def __init__(self, title: str, total: int | None, unit: str, clock: Callable[[], float]) -> None:
        self._title, self._total, self._unit, self._clock = title, total, unit, clock
        self._done = 0
        self._start = self._told = clock()

    def __call__(self, count: int) -> None:
        """Count items that were done, and tell if it is time to."""
        self._done += count
        now = self._clock()
        if now - self._told < MINUTE:
            return
        self._told, took = now, now - self._start
        share = left = ""
        if self._total and self._done:
            share = f" of {self._total} ({100 * self._done // self._total} %)"
            left = f", {tqdm.format_interval(took * (self._total / self._done - 1))} left"
        click.echo(f"{self._title}: {self._done}{share} {self._unit}s in {tqdm.format_interval(took)}{left}", err=True)


SILENT = Reporter(lambda text: None, progress=False)
"""Says nothing."""
