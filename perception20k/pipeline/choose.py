"""A configuration for photos that come without one: what can be done with them here, and why.

Annotations in or beside the photos come first, then models that are on this machine already. Nothing is downloaded and
nothing that costs money is begun unless a configuration asks for it.
"""

from __future__ import annotations

import glob
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

from perception20k.annotations import FORMATS, KNOWN, Format
from perception20k.annotations.near import annotations_near, format_of
from perception20k.annotations.object_columns import has_objects
from perception20k.annotations.parquet import only_reading
from perception20k.config import Config, config_of
from perception20k.core.errors import UserError
from perception20k.models.metrics.qalign import MODEL as QALIGN
from perception20k.pipeline.stages.annotate import AnnotatedPhotos
from perception20k.pipeline.stages.discover import VIDEO_SUFFIXES, SourceFile, discover
from perception20k.pipeline.surroundings import DETECTORS, GROUNDING_DINO, NAMERS, Surroundings
from perception20k.storage.places import ARCHIVE_SUFFIXES, Member
from perception20k.storage.remote import is_url

WAYS = ("detector", "describe", "whole-image")
"""Sources of objects that can be asked for by name, whether their models are here or not."""

DRAWN = "annotations.sqlite"
"""Where ``perception20k annotate`` keeps the boxes drawn in a folder (docs/formats.md)."""

FEW = 500
"""With fewer photos than this, more than one sample is made of each object."""


@dataclass(frozen=True)
class Choice:
    """A configuration as its YAML file would spell it, with absolute paths, and the reason for each key."""

    values: dict[str, Any]
    reasons: dict[str, str]

    @property
    def config(self) -> Config:
        """The configuration."""
        return config_of(self.values, Path(self.values["sources"][0]))

    @property
    def lines(self) -> list[str]:
        """What will be done and why: photos, objects, quality."""
        objects = next(key for key in ("annotations", "objects", "describe") if key in self.values)
        keys = {"Photos": "sources", "Objects": objects, "Quality": "score"}
        return [f"{word + ':':9}{self.reasons[key]}" for word, key in keys.items()]


def choose(given: Sequence[str], here: Surroundings, way: str | None = None, without: Path | None = None) -> Choice:
    """The configuration for photos.

    Args:
        given: folders, files or globs of photos and videos, or one annotation file.
        here: what this machine has.
        way: one of ``WAYS``, to take objects from there, whatever else there is.
        without: a folder whose files are left out: the dataset, if it lies among the photos.

    Raises:
        UserError: there are no photos, or nothing says what is in them; the latter lists the ways there are.
    """
    objects: tuple[str, Any, str] | None
    annotated = format_of(Path(given[0])) if len(given) == 1 and Path(given[0]).is_file() else None
    if annotated is not None:
        named = Path(given[0])
        places = [str(named.parent), str(named.parent.parent)]
        folder = named.parent if annotated.is_folder else named
        sources, files, path, why = _photos_of(annotated, folder.absolute(), places, without)
        objects = None if way else ("annotations", {annotated.key: path}, why)
        given = [str(Path(source)) for source in sources]
    else:
        sources = [_absolute(spec) for spec in given]
        files = list(discover(tuple(sources), without))
        objects = None if way else _annotations(given, files) or _object_columns(sources, files)
    if objects is None:
        objects = _models(here, way)
    if objects is None:
        raise UserError(_ways(given, files, here))
    key, value, why = objects
    values: dict[str, Any] = {"sources": sources, key: value}
    reasons = {"sources": f"{_count(files)} in {', '.join(given[:3])}{', ...' if len(given) > 3 else ''}", key: why}
    if key == "describe":
        values["detect"], reasons["detect"] = {"model": GROUNDING_DINO}, "boxes what the model named"
    values["score"], reasons["score"] = _quality(here)
    if len(files) < FEW:
        values |= {"samples_per_object": 4, "test_fraction": 0.15}
        reasons["samples_per_object"] = "more than one of each object, because the photos are few"
        reasons["test_fraction"] = "the paper's 0.07 of few photos would leave the test part almost empty"
    return Choice(values, reasons)


def _absolute(spec: str) -> str:
    if "://" in spec:
        return spec
    if not (Path(spec).exists() or glob.has_magic(spec)):
        raise UserError(f"{spec}: no such file or folder", code=2)
    suffixes = {suffix for form in FORMATS.values() for suffix in form.suffixes}
    if Path(spec).is_file() and Path(spec).suffix.lower() in suffixes:
        raise UserError(f"{spec}: not a photo, a video or a known kind of annotation file", f"Known: {KNOWN}")
    return str(Path(spec).absolute())


def _count(files: Sequence[SourceFile]) -> str:
    counts = dict.fromkeys(("photo", "video", "unreadable archive"), 0)
    for file in files:
        suffix = file.path.suffix.lower()
        is_closed = suffix in ARCHIVE_SUFFIXES and not isinstance(file.path, Member)
        counts["video" if suffix in VIDEO_SUFFIXES else "unreadable archive" if is_closed else "photo"] += 1
    return " and ".join(f"{n} {noun}{'s' * (n != 1)}" for noun, n in counts.items() if n)


def _photos_of(
    form: Format, path: Path, places: Sequence[str], without: Path | None
) -> tuple[list[str], list[SourceFile], str, str]:
    """The nearest folder with photos that an annotation file names: as sources, its files, the path, and why."""
    for place in places:
        try:
            files = list(discover((_absolute(place),), without))
        except UserError:  # no photos here
            continue
        if named := _named(form, path, files):
            return [_absolute(place)], files, str(path), _says(form, path, named, files)
    raise UserError(f"{path}: names no photo in {' or '.join(places)}", "Name the photos' folder instead")


def _annotations(given: Sequence[str], files: Sequence[SourceFile]) -> tuple[str, Any, str] | None:
    """The annotations near the photos that name the most of them."""
    folders = {Path(spec) if Path(spec).is_dir() else _fixed(Path(spec)) for spec in given if "://" not in spec}
    best: tuple[int, Format, Path] | None = None
    for form, path in [found for folder in sorted(folders) for found in annotations_near(folder)]:
        try:
            count = _named(form, path, files)
        except UserError:  # it only looked like its format
            continue
        if count > (best[0] if best else 0):
            best = count, form, path
    if best is None:
        return None
    count, form, path = best
    return "annotations", {form.key: str(path)}, _says(form, path, count, files)


def _object_columns(sources: Sequence[str], files: Sequence[SourceFile]) -> tuple[str, Any, str] | None:
    """A column of objects beside that of the images, in the first source with such a table."""
    tables = [str(file.path.archive) for file in files if isinstance(file.path, Member)]
    for source in sources if any(table.endswith(".parquet") for table in tables) else ():
        where = source if is_url(source) or Path(source).exists() else str(_fixed(Path(source)))
        if (is_url(source) or any(table.startswith(where) for table in tables)) and has_objects(where):
            key, why = only_reading(where)
            count = _named(FORMATS[key], where, files)
            return "annotations", {key: where}, f"{why}; it has some for {count} of the {len(files)} files"
    return None


def _fixed(path: Path) -> Path:
    return next(parent for parent in path.absolute().parents if parent.is_dir())


def _named(form: Format, path: Path | str, files: Sequence[SourceFile]) -> int:
    names = [file.name for file in files]
    annotations = AnnotatedPhotos(form.key, path, names)
    return sum(annotations.has_boxes(name) for name in names)


def _says(form: Format, path: Path, count: int, files: Sequence[SourceFile]) -> str:
    return f"boxes from {path.name} ({form.title}), which has some for {count} of the {len(files)} files"


def _models(here: Surroundings, way: str | None) -> tuple[str, Any, str] | None:
    """Models that find the objects: asked for, or on this machine already."""
    if way == "whole-image":
        return "objects", way, "none: whole photos are distorted, for the description task alone"
    namer = next((model for model in NAMERS if model in here.cached), None)
    detector = next((model for model in DETECTORS if model in here.cached), None)
    if way == "describe" and here.keys and not (namer and here.gpus):
        backend = {"OPENAI_API_KEY": {"backend": "openai", "model": "gpt-4.1-mini"}}.get(
            here.keys[0], {"backend": "gemini"}
        )
        return "describe", backend, f"{here.keys[0]} is set; every photo is one request, which costs money"
    if way == "describe" or (way is None and here.models and here.gpus and namer and GROUNDING_DINO in here.cached):
        why = f"named by {namer or NAMERS[0]}, boxed by {GROUNDING_DINO}"
        where = "both are on this machine" if namer and way is None else "downloaded when the build needs them"
        return "describe", {"backend": "local", "model": namer or NAMERS[0]}, f"{why}; {where}"
    if way == "detector" or (here.models and detector):
        model = detector or DETECTORS[0]
        where = "it is on this machine" if detector else "downloaded when the build needs it"
        return "objects", {"model": model}, f"found by the detector {model}; {where}"
    return None


def _quality(here: Surroundings) -> tuple[list[dict[str, Any]], str]:
    if here.gpus and here.models and QALIGN in here.cached:
        return [{"metric": "qalign", "min": 80}], "Q-Align of 80 or more, the first of the paper's three, on the GPU"
    return [{"metric": "brisque", "min": 50}], "BRISQUE of 50 or more of 100, which needs no GPU and no download"


def _ways(given: Sequence[str], files: Sequence[SourceFile], here: Surroundings) -> str:
    """What to do about photos that nothing says anything about, as lines."""
    spec = given[0] if len(given) == 1 else "PHOTOS"
    photos = quote(spec)
    extra = "" if here.models else "   (first: pip install 'perception20k[models]')"
    key = f"{here.keys[0]} is set" if here.keys else "with GEMINI_API_KEY or OPENAI_API_KEY, else a model on a GPU"
    drawn = Path(spec, DRAWN).is_file()
    return "\n".join(
        [
            f"{spec}: {_count(files)}, and nothing that says what is in them. There are five options:",
            f"  existing boxes: put the file in the folder or next to it ({KNOWN}), then run again",
            f"      perception20k build {photos}",
            "  the boxes already drawn by hand: export them, then run again"
            if drawn
            else "  boxes by hand, in the browser",
            f"      perception20k annotate {photos}"
            + (f" --export {quote(str(Path(spec, 'boxes.json')))}" if drawn else ""),
            f"  a small detector, on this machine{extra}",
            f"      perception20k init {photos} --objects detector && perception20k build my.yaml",
            f"  a vision-language model and Grounding DINO ({key}){extra}",
            f"      perception20k init {photos} --objects describe && perception20k build my.yaml",
            "  no objects at all: whole photos are distorted, for the description task alone",
            f"      perception20k init {photos} --objects whole-image && perception20k build my.yaml",
        ]
    )
