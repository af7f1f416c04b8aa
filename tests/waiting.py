"""Waiting for something that comes for certain; how soon is up to the machine."""

from __future__ import annotations

import time
from collections.abc import Callable

DEADLINE = 300.0
"""Seconds after which a test gives up: so many that only a defect makes it wait so long."""


def until(true: Callable[[], bool], pause: Callable[[], object] = lambda: time.sleep(0.02)) -> None:
    """Wait for something to become true; ``pause`` passes the time between two looks."""
    end = time.monotonic() + DEADLINE
    while not true():
        if time.monotonic() > end:
            raise TimeoutError
        pause()
