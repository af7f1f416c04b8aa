"""What a picture starts with: objects of an annotation file or of a model, to be accepted, corrected or dropped."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from annotate_app.annotate.job import Job
from annotate_app.annotate.pictures import Opened, Picture
from annotate_app.annotate.rules import DrawnObject
from perception20k.annotations import FORMATS, KNOWN
from perception20k.annotations.near import format_of
from perception20k.config import Config, load_config
from perception20k.core.errors import UserError
from perception20k.core.reporting import Reporter
from perception20k.dataset.layout import Layout
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import SceneObject, Source
from perception20k.execution.local import LocalExecutor
from perception20k.pipeline.chain import Chain
from perception20k.pipeline.scope import BuildScope
from perception20k.pipeline.stages.annotate import AnnotatedPhotos

Find = Callable[[Picture, Opened], tuple[DrawnObject, ...] | None]
"""The objects of a picture; None if nothing is known of it."""


def nothing(picture: Picture, opened: Opened) -> tuple[DrawnObject, ...] | None:
    """No proposals."""
    return None


def proposals_of(job: Job, given: Path | None, pictures: Sequence[Picture], reporter: Reporter) -> Find:
    """Where the proposals of a job come from.

    Args:
        job: if it is a build's YAML, what that takes objects from.
        given: an annotation file, or a build's YAML whose model is asked; it counts more than the job's own.
        pictures: what may be shown.
        reporter: shows a bar while a model is asked, which is before the first picture is shown.

    Raises:
        UserError: a file that is missing or is something else, or a model that cannot be used.
    """
    config = job.config
    if given is not None:
        if not _is_config(given):
            return from_file(given, pictures)
        config = replace(load_config(given), sources=job.sources, max_side=job.max_side)
        config = replace(config, max_frames_per_video=job.frames)
    if config is not None and config.annotations is not None:
        return _from(AnnotatedPhotos(*config.annotations.given, [picture.origin for picture in pictures]))
    if config is not None and (config.detector is not None or config.describe is not None):
        return from_models(config, job.log.with_suffix(".work"), reporter)
    return nothing


def from_file(path: Path, pictures: Iterable[Picture]) -> Find:
    """The objects of an annotation file, matched to pictures by name as a build matches them.

    Raises:
        UserError: the file is in none of the formats of :mod:`perception20k.annotations`.
    """
    form = FORMATS["voc"] if path.is_dir() else format_of(path)
    if form is None:
        raise UserError(f"{path}: not an annotation file", f"Known: {KNOWN}")
    return _from(AnnotatedPhotos(form.key, path, [picture.origin for picture in pictures]))


def from_models(config: Config, work: Path, reporter: Reporter) -> Find:
    """The objects that a build's own models find.

    Args:
        config: of the build.
        work: a folder where the models' answers are kept, so that the next start asks only for what is new.
        reporter: shows bars.
    """
    with LocalExecutor(min(os.cpu_count() or 1, 16)) as executor:
        chain = Chain(config, Layout(work), executor, BuildScope(), reporter)
        try:
            sources = [candidate.source for candidate in chain.with_objects(chain.find_sources())]
        finally:
            chain.journal.close()
    found = {source.origin: inside(source.objects, source.width, source.height) for source in sources}
    return lambda picture, opened: found.get(picture.origin)


def inside(objects: Iterable[SceneObject], width: int, height: int) -> tuple[DrawnObject, ...]:
    """Objects as they can be drawn: cut at the edges of the picture; without what lies outside."""
    drawn = []
    for item in objects:
        x1, y1, x2, y2 = item.box
        box = max(0, x1), max(0, y1), min(width, x2), min(height, y2)
        if box[0] < box[2] and box[1] < box[3]:
            drawn.append(DrawnObject(item.name, box))
    return tuple(drawn)


def _from(annotations: AnnotatedPhotos) -> Find:
    def find(picture: Picture, opened: Opened) -> tuple[DrawnObject, ...] | None:
        source = Source("", "", "", opened.width, opened.height, picture.origin)
        source = replace(source, original_width=opened.original_width, original_height=opened.original_height)
        found = annotations.objects_of(source)
        return None if isinstance(found, Reason) else inside(found[0].objects, opened.width, opened.height)

    return find


def _is_config(path: Path) -> bool:
    """Whether a file is a build's YAML; YOLO's annotations begin with a YAML too."""
    return path.suffix.lower() in (".yaml", ".yml") and format_of(path) is None
