"""The records of the dataset and their Parquet schemas: sources, samples, and RFT rows.

``annotate_app`` and ``trainer`` meet the pipeline only through these tables and :mod:`perception20k.dataset.layout`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, get_args, get_type_hints

import pyarrow as pa
import pyarrow.parquet as pq

from perception20k.core.errors import UserError
from perception20k.dataset.boxes import Box

_OBJECT = pa.struct([("name", pa.string()), ("box", pa.list_(pa.int32())), ("score", pa.float64())])
_SCORE = pa.struct([("metric", pa.string()), ("value", pa.float64())])


@dataclass(frozen=True)
class SceneObject:
    """A short phrase naming one subject of a source image, with one box."""

    name: str
    box: Box
    score: float | None = None
    """The detector's confidence in 0..1, None for annotations."""


WHOLE_IMAGE = "whole image"
"""Stands for an object where a dataset has none: its box is the image."""


@dataclass(frozen=True)
class Source:
    """A pristine photo or keyframe."""

    image_id: str
    """First 16 hex digits of the SHA-256 of its decoded RGB pixels and size."""
    file: str
    """Path inside the dataset, with forward slashes."""
    file_sha256: str
    width: int
    height: int
    origin: str
    """Where it came from: a file's name below its source root; ``name#frame=N`` for a keyframe."""
    frame: Annotated[int | None, pa.int64()] = None
    timestamp: float | None = None
    """Seconds into the video, for a keyframe."""
    licence: str = ""
    author: str = ""
    scores: Annotated[dict[str, float], pa.list_(_SCORE)] = field(default_factory=dict)
    """Metric name to quality in 0..100, 100 the best."""
    objects: Annotated[tuple[SceneObject, ...], pa.list_(_OBJECT)] = ()
    scene: str = ""
    """``image_id`` of the first source image of its scene: frames of one video, near-duplicates, crops of one photo."""
    original_width: int | None = None
    """Of the file, before it was scaled down to ``max_side``; None in datasets of before 0.2."""
    original_height: int | None = None


@dataclass(frozen=True)
class Sample:
    """One locally distorted image: source image + object + type + severity + seed."""

    sample_id: str
    image_id: str
    origin: str
    width: int
    height: int
    object: str
    objects: Annotated[tuple[str, ...], pa.list_(pa.string())]
    """Every recorded object of the source image: the candidates of the description task. Empty where the whole image
    is distorted; ``object`` is then ``WHOLE_IMAGE``."""
    box: Annotated[Box, pa.list_(pa.int32())]
    group: str
    type: str
    severity: Annotated[int, pa.int8()]
    seed: Annotated[int, pa.int64()]
    preset: str
    params: Annotated[dict[str, Any], pa.string()]
    """Every parameter the distortion used, drawn ones included; in the table JSON, because they differ by type."""
    psnr: float
    """Inside the box, dB."""
    ssim: float
    """Inside the box."""
    delta_e: float
    """Mean CIEDE2000 inside the box."""
    file: str
    """Path inside the dataset, with forward slashes."""
    file_sha256: str
    pixels_sha256: str
    """SHA-256 of the decoded RGB pixels, which outlives a change of encoder."""
    split: str = ""
    """``train`` or ``test``; empty for a sample that review deleted."""

    @property
    def is_whole(self) -> bool:
        """Whether the whole image is distorted, not one object's box."""
        return not self.objects

    made_with: Annotated[dict[str, str], pa.string()] = field(default_factory=dict)
    """Version of whatever shaped the pixels, by name, in the table JSON; empty in datasets of before 0.2."""


_ROWS = 10_000
"""Rows in memory at a time."""

_COLUMNS = {str: pa.string(), int: pa.int32(), float: pa.float64()}


def schema_of(kind: type) -> pa.Schema:
    """The columns of a record's table: its fields, by their Python type or by the Arrow type that annotates them."""
    columns = []
    for name, hint in get_type_hints(kind, include_extras=True).items():
        plain, *given = get_args(hint) or (hint,)  # of a union the first member
        is_annotated = hasattr(hint, "__metadata__")
        columns.append((name, given[0] if is_annotated else _COLUMNS[plain]))
    return pa.schema(columns)


SOURCE_SCHEMA = schema_of(Source)
"""Columns of ``sources.parquet``."""

SAMPLE_SCHEMA = schema_of(Sample)
"""Columns of ``recipe.parquet``."""

_PART = pa.struct([("type", pa.string()), ("text", pa.string())])
_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.list_(_PART))])
_IMAGE = pa.struct([("bytes", pa.binary()), ("path", pa.string())])

RFT_SCHEMA = pa.schema(
    [
        ("rft_id", pa.string()),  # sample_id-task-mode
        ("sample_id", pa.string()),
        ("image_id", pa.string()),
        ("task", pa.string()),  # description or grounding
        ("mode", pa.string()),  # fr: original then distorted image; nr: distorted image alone
        ("prompt", pa.list_(_MESSAGE)),
        ("images", pa.list_(_IMAGE)),
        ("solution", pa.string()),  # what a perfect answer holds between its tags
        ("object", pa.string()),
        ("objects", pa.list_(pa.string())),
        ("group", pa.string()),
        ("type", pa.string()),
        ("distortion", pa.string()),  # the group's label, as prompts and answers say it
        ("severity", pa.int8()),
        ("severity_label", pa.string()),
        ("box", pa.list_(pa.int32())),  # pixels of the image as stored
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("prompt_version", pa.string()),
    ]
)
"""Columns of the shards, without their Hugging Face features."""


def source_row(source: Source) -> dict[str, Any]:
    """A :class:`Source` as a row of :data:`SOURCE_SCHEMA`."""
    row = {**vars(source), "objects": [asdict(item) for item in source.objects]}
    row["scores"] = [{"metric": name, "value": value} for name, value in sorted(source.scores.items())]
    return row


def source_from_row(row: dict[str, Any]) -> Source:
    """The inverse of :func:`source_row`."""
    scores = {score["metric"]: score["value"] for score in row["scores"]}
    objects = tuple(SceneObject(o["name"], _box(o["box"]), o["score"]) for o in row["objects"])
    return Source(**{**row, "scores": scores, "objects": objects})


def sample_row(sample: Sample) -> dict[str, Any]:
    """A :class:`Sample` as a row of :data:`SAMPLE_SCHEMA`."""
    texts = {name: json.dumps(getattr(sample, name), sort_keys=True) for name in ("params", "made_with")}
    return {**vars(sample), **texts}


def sample_from_row(row: dict[str, Any]) -> Sample:
    """The inverse of :func:`sample_row`."""
    box, objects = _box(row["box"]), tuple(row["objects"])
    made_with = json.loads(row.get("made_with") or "{}")
    params = json.loads(row["params"])
    return Sample(**{**row, "box": box, "objects": objects, "params": params, "made_with": made_with})


def read_sources(path: Path) -> list[Source]:
    """All sources of a ``sources.parquet``; see :func:`each_source`."""
    return list(each_source(path))


def read_samples(path: Path) -> list[Sample]:
    """All samples of a ``recipe.parquet``, in its order; see :func:`each_sample`."""
    return list(each_sample(path))


def each_sample(path: Path) -> Iterator[Sample]:
    """The samples of a ``recipe.parquet`` in its order, without holding them all.

    Raises:
        UserError: it is damaged, or something else.
        FileNotFoundError: there is none.
    """
    with _readable(path, "recipe"):
        for batch in pq.ParquetFile(path).iter_batches(_ROWS):
            yield from map(sample_from_row, batch.to_pylist())


def each_source(path: Path) -> Iterator[Source]:
    """The sources of a ``sources.parquet`` in its order, without holding them all; see :func:`each_sample`."""
    with _readable(path, "table of sources"):
        for batch in pq.ParquetFile(path).iter_batches(_ROWS):
            yield from map(source_from_row, batch.to_pylist())


@contextmanager
def _readable(path: Path, what: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, KeyError, TypeError, ValueError) as error:
        hint = "If it is a dataset's, delete it and run the same build again"
        raise UserError(f"{path}: not a {what}, or damaged: {str(error).splitlines()[0]}", hint) from None


def write_samples(path: Path, samples: Iterable[Sample]) -> None:
    """Write a ``recipe.parquet``, in row groups of 10,000."""
    _write(path, SAMPLE_SCHEMA, map(sample_row, samples))


def write_sources(path: Path, sources: Iterable[Source]) -> None:
    """Write a ``sources.parquet``, in row groups of 10,000."""
    _write(path, SOURCE_SCHEMA, map(source_row, sources))


def _write(path: Path, schema: pa.Schema, rows: Iterator[dict[str, Any]]) -> None:
    with pq.ParquetWriter(path, schema) as writer:
        while batch := list(islice(rows, _ROWS)):
            writer.write_table(pa.Table.from_pylist(batch, schema=schema))


def _box(values: Iterable[int]) -> Box:
    x1, y1, x2, y2 = values
    return x1, y1, x2, y2
