"""The stamp of a finished build: what it was made from, so that the same build again has nothing to do but look.

As in ``make``, a file is known by its name, size and time of change; reading a million photos to find that nothing has
changed would take hours, and asking the journal for each sample minutes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from perception20k import __version__
from perception20k.config import Config, Describe, Detect, Objects, located
from perception20k.core.extras import installed
from perception20k.core.files import digest_of, write_json
from perception20k.dataset.decisions import read_review
from perception20k.dataset.layout import Layout
from perception20k.imaging.versions import pixel_versions
from perception20k.models.weights import local_revision
from perception20k.pipeline.stages.discover import SourceFile, discover
from perception20k.publish.provenance import metric_notes
from perception20k.saved_config import dump_config, portable
from perception20k.storage.places import Place, version_of


def inputs_of(config: Config, layout: Layout) -> str:
    """Digest of a build's configuration, sources, tables, models, review and versions.

    Raises:
        UserError: a source does not exist.
    """
    review = read_review(layout.decisions)
    decided = [sorted(ids) for ids in (review.kept, review.deleted, review.unverified)]
    on_hub = [part for part in _models(config) if not Path(part.model).is_dir()]
    commits = [local_revision(part.model, part.revision) for part in on_hub]
    here = [__version__, dict(pixel_versions()), installed("matplotlib")]
    about = [*here, dump_config(portable(config)), decided, commits]
    unread: list[SourceFile] = []
    found = discover(config.sources, without=layout.root, unread=unread.append)
    files = ((file.name, file.path) for file in found)
    sizes = ([name, *_status(path)] for name, path in chain(files, _named(config)))
    return digest_of(chain([about, metric_notes(config.score)], sizes, (file.name for file in unread)))


def written_by(layout: Layout) -> str:
    """Digest of the names and sizes of a dataset's files."""
    names = ((name, path) for name, path in _below(layout.root) if not name.startswith((".", "review/")))
    return digest_of([name, os.stat(path).st_size] for name, path in names)  # noqa: PTH116 - a million of them


def write_stamp(layout: Layout, inputs: str, result: dict[str, Any]) -> None:
    """Note what a finished build was made from, what it has written, and its figures."""
    write_json(layout.stamp, {"inputs": inputs, "written": written_by(layout), "result": result})


def read_stamp(layout: Layout, inputs: str) -> dict[str, Any] | None:
    """The figures of the last finished build, if it was made from the same and its files are there; else None."""
    try:
        value = json.loads(layout.stamp.read_text(encoding="utf-8"))
        same = value["inputs"] == inputs and value["written"] == written_by(layout)
        return dict(value["result"]) if same else None
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _named(config: Config) -> Iterator[tuple[str, Path]]:
    """Files that the configuration names beside the sources: tables, annotations, models; of a folder, all in it."""
    specs = [config.split, config.scenes, config.credits.table, *(score.table for score in config.score or ())]
    if config.annotations is not None:
        specs.append(config.annotations.given[1])
    specs += [part.model for part in _models(config) if Path(part.model).is_dir()]
    for spec in filter(None, specs):
        path = located(spec)
        if path.is_dir():
            yield from ((f"{path.name}/{name}", Path(below)) for name, below in _below(path))
        else:
            yield path.name, path


def _models(config: Config) -> list[Describe | Detect | Objects]:
    parts = (config.describe, config.detect, config.objects)
    return [part for part in parts if isinstance(part, Describe | Detect | Objects)]


def _below(folder: Path) -> Iterator[tuple[str, str]]:
    """Every file below a folder, its name there and its path, in sorted order."""
    waiting = [""]
    while waiting:
        inside = waiting.pop()
        with os.scandir(folder / inside) as entries:
            found = sorted((entry.name, entry.path, entry.is_dir(follow_symlinks=False)) for entry in entries)
        for name, path, is_folder in found:
            if is_folder:
                waiting.append(f"{inside}{name}/")
            else:
                yield f"{inside}{name}", path


def _status(place: Place) -> list[Any]:
    try:
        return version_of(place)
    except (OSError, ValueError) as error:
        return [type(error).__name__]
