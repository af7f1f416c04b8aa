"""Shards: self-contained Parquet files of RFT samples, image bytes inside, ready for ``datasets`` and TRL.

A source image and its samples repeat in up to ``4 x 3`` rows. Parquet's dictionary encoding stores a repeated
value once within a row group, so a source's rows stay together and the dictionary may grow as large as a group.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from perception20k.core.errors import UserError
from perception20k.core.files import written_aside
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import RFT_SCHEMA, Sample, Source, sample_from_row
from perception20k.dataset.rft import kinds_of, rft_row

GROUP_BYTES = 64 << 20
"""Image bytes, repeats counted, after which a row group is closed: what a reader, and the writer, hold in memory."""
SHARD_BYTES = 512 << 20
"""Distinct image bytes after which a shard is closed."""
SHARD_SAMPLES = 20_000
"""Samples after which a shard is closed, so that small images are written by several workers too."""


@dataclass(frozen=True)
class Shard:
    """One file to be written, from a range of the recipe's rows."""

    file: str
    """Path inside the dataset, with forward slashes."""
    split: str
    """Only samples of this part are written."""
    first: int
    """Its first row in the recipe, from 0."""
    end: int
    """The row after its last."""
    distinct: int
    """Bytes of its distinct images: about its size."""


def plan_shards(layout: Layout, split: str, samples: Iterable[Sample], sources: Iterable[Source]) -> Iterator[Shard]:
    """The shards of one split: ``shards/<split>-00000.parquet`` and so on, of whole source images.

    Args:
        layout: the dataset.
        split: ``train`` or ``test``.
        samples: all rows of the recipe, those of one source image next to each other.
        sources: the source images, in the order of their samples.
    """
    number = first = end = 0
    distinct = count = 0
    rest = iter(sources)
    for image_id, group in groupby(samples, key=lambda s: s.image_id):
        rows = list(group)
        source_file = next(source.file for source in rest if source.image_id == image_id)
        mine = [sample.file for sample in rows if sample.split == split]
        size = sum(_present(layout.root / name).stat().st_size for name in [source_file, *mine]) if mine else 0
        if distinct and mine and (distinct + size > SHARD_BYTES or count + len(mine) > SHARD_SAMPLES):
            yield Shard(f"shards/{split}-{number:05d}.parquet", split, first, end, distinct)
            number, first, distinct, count = number + 1, end, 0, 0
        distinct, count, end = distinct + size, count + len(mine), end + len(rows)
    if distinct:
        yield Shard(f"shards/{split}-{number:05d}.parquet", split, first, end, distinct)


def write_shard(layout: Layout, shard: Shard, *, rft_per_sample: float, seed: int) -> int:
    """Write one shard from the recipe, the table of sources and the images; the same rows give the same bytes.

    Returns:
        The number of RFT samples in it.
    """
    part = [s for s in _rows_of(layout.recipe, shard.first, shard.end) if s.split == shard.split]
    ids = pa.array(sorted({s.image_id for s in part}))
    table = pq.read_table(layout.sources, columns=["image_id", "file"], filters=pc.field("image_id").isin(ids))
    source_files = dict(zip(table["image_id"].to_pylist(), table["file"].to_pylist(), strict=True))
    count = 0
    how: dict[str, Any] = {"compression": "snappy", "dictionary_pagesize_limit": 1 << 30}
    with written_aside(layout.root / shard.file) as aside, pq.ParquetWriter(aside, _schema(), **how) as writer:
        rows: list[dict[str, Any]] = []
        weight = 0
        for image_id, group in groupby(part, key=lambda s: s.image_id):
            source = _image(layout, source_files[image_id])
            new: list[dict[str, Any]] = []
            for sample in group:
                images = source, _image(layout, sample.file)
                new += [rft_row(sample, *kind, images) for kind in kinds_of(sample, rft_per_sample, seed)]
            size = sum(len(image["bytes"]) for row in new for image in row["images"])
            if rows and weight + size > GROUP_BYTES:
                writer.write_table(pa.Table.from_pylist(rows, schema=_schema()))
                rows, weight = [], 0
            rows += new
            weight += size
            count += len(new)
        if rows:
            writer.write_table(pa.Table.from_pylist(rows, schema=_schema()))
    return count


def _rows_of(recipe: Path, first: int, end: int) -> Iterator[Sample]:
    """The samples of a range of the recipe's rows."""
    file = pq.ParquetFile(recipe)
    start = 0
    for group in range(file.num_row_groups):
        count = file.metadata.row_group(group).num_rows
        if start < end and start + count > first:
            table = file.read_row_group(group)
            yield from map(sample_from_row, table.slice(max(first - start, 0), end - max(first, start)).to_pylist())
        start += count


def _image(layout: Layout, file: str) -> dict[str, Any]:
    path = _present(layout.root / file)
    return {"bytes": path.read_bytes(), "path": path.name}


def _present(path: Path) -> Path:
    if not path.is_file():
        raise UserError(f"{path}: the image is missing", "Make it again: run the same build")
    return path


def _schema() -> pa.Schema:
    """The schema with Hugging Face features, so that ``datasets`` decodes the images."""
    features: dict[str, Any] = {field.name: _feature(field.type) for field in RFT_SCHEMA}
    features["images"] = [{"_type": "Image"}]
    info = json.dumps({"info": {"features": features}}, sort_keys=True)
    return RFT_SCHEMA.with_metadata({"huggingface": info})


def _feature(kind: pa.DataType) -> dict[str, Any] | list[Any]:
    """A feature as ``datasets`` writes it; a list in JSON's brackets, which versions 3, 4 and 5 read alike."""
    if pa.types.is_list(kind):
        return [_feature(kind.value_type)]
    if pa.types.is_struct(kind):
        return {field.name: _feature(field.type) for field in kind}
    if pa.types.is_binary(kind):
        return {"dtype": "binary", "_type": "Value"}
    return {"dtype": str(kind), "_type": "Value"}
