"""What `perception20k annotate` is about: which photos, under which rules, and where its log is."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from perception20k.config import Config, Filters, load_config, located
from perception20k.core.errors import UserError
from perception20k.core.lock import held

LOG_NAME = "annotations.sqlite"
"""Of a folder's log, in the folder."""


@dataclass(frozen=True)
class Job:
    """Photos to draw on, and everything that is fixed before the first is shown."""

    sources: tuple[str, ...]
    log: Path
    frames: int = Config.max_frames_per_video
    """Most keyframes of a video."""
    max_side: int | None = Config.max_side
    """Longest side of a photo as it is shown, and as a build takes it."""
    limits: Filters = Filters()  # noqa: RUF009 - frozen
    config: Config | None = None
    """The build's configuration, if that is what was given."""

    @contextmanager
    def alone(self) -> Iterator[None]:
        """Nobody else writes the log while the block runs.

        Raises:
            UserError: somebody does, or nothing can be written there.
        """
        folder = self.log.parent
        if folder.is_dir() and not os.access(folder, os.W_OK):
            raise UserError(f"{folder}: cannot be written", "Name a place for the log with --log")
        with held(self.log.with_suffix(".lock"), str(self.log)):
            yield


def job_of(photos: Sequence[str], log: Path | None = None) -> Job:
    """The job that a command line means.

    Args:
        photos: folders, files or globs of photos and videos; or one build's YAML, whose sources, keyframes and filters
            are taken.
        log: where the log is; by default in the first folder, or beside the YAML.

    Raises:
        UserError: the YAML is wrong.
    """
    first = Path(photos[0])
    if len(photos) == 1 and first.suffix.lower() in (".yaml", ".yml"):
        config = load_config(first)
        beside = log or first.with_name(f"{first.stem}.{LOG_NAME}")
        return Job(config.sources, beside, config.max_frames_per_video, config.max_side, config.filters, config)
    place = located(photos[0])
    folder = next(path for path in (place, *place.absolute().parents) if path.is_dir())
    return Job(tuple(photos), log or folder / LOG_NAME)
