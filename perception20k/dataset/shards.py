"""Shards: self-contained Parquet files of RFT samples, image bytes inside, ready for ``datasets`` and TRL.

A source image and its samples repeat in up to ``4 x 3`` rows. Parquet's dictionary encoding stores a repeated
value once within a row group, so a source's rows stay together and the dictionary may grow as large as a group.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from perception20k.core.errors import UserError
from perception20k.core.files import written_aside
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import RFT_SCHEMA, Sample
from perception20k.dataset.rft import Images, kinds_of, rft_row

GROUP_BYTES = 256 << 20
"""Image bytes, repeats counted, after which a row group is closed."""
SHARD_BYTES = 512 << 20
"""Distinct image bytes after which a shard is closed."""

_HF_TYPES = {"int8": "int8", "int32": "int32", "string": "string"}


def expected_bytes(layout: Layout, samples: Sequence[Sample], source_files: dict[str, str]) -> int:
    """Expected size of the shards: every distinct image once."""
    names = {s.file for s in samples} | {source_files[s.image_id] for s in samples}
    return sum(_present(layout.root / name).stat().st_size for name in names)


def write_shards(
    layout: Layout,
    split: str,
    samples: Sequence[Sample],
    source_files: dict[str, str],
    *,
    rft_per_sample: float,
    seed: int,
) -> list[Path]:
    """Write the shards of one split: ``shards/<split>-00000.parquet`` and so on. The same rows give the same bytes.

    Args:
        layout: the dataset.
        split: ``train`` or ``test``; only its samples are written.
        samples: all samples, those of one source image next to each other.
        source_files: path in the dataset of each source image, by ``image_id``.
        rft_per_sample: see :func:`perception20k.dataset.rft.kinds_of`.
        seed: the dataset's seed.

    Returns:
        The files written, in order; none where the split is empty.
    """
    mine = [s for s in samples if s.split == split]
    paths: list[Path] = []
    for number, part in enumerate(_parts(layout, mine, source_files)):
        path = layout.shards / f"{split}-{number:05d}.parquet"
        with written_aside(path) as aside, _writer(aside) as writer:
            rows: list[dict[str, Any]] = []
            weight = 0
            for image_id, group in groupby(part, key=lambda s: s.image_id):
                new = list(_rows(layout, list(group), source_files[image_id], rft_per_sample, seed))
                size = sum(len(image["bytes"]) for row in new for image in row["images"])
                if rows and weight + size > GROUP_BYTES:
                    writer.write_table(pa.Table.from_pylist(rows, schema=_schema()))
                    rows, weight = [], 0
                rows += new
                weight += size
            if rows:
                writer.write_table(pa.Table.from_pylist(rows, schema=_schema()))
        paths.append(path)
    return paths


def _parts(layout: Layout, samples: list[Sample], source_files: dict[str, str]) -> Iterator[list[Sample]]:
    """The samples of each shard: whole sources, up to ``SHARD_BYTES``."""
    part: list[Sample] = []
    weight = 0
    for _, group in groupby(samples, key=lambda s: s.image_id):
        new = list(group)
        size = expected_bytes(layout, new, source_files)
        if part and weight + size > SHARD_BYTES:
            yield part
            part, weight = [], 0
        part += new
        weight += size
    if part:
        yield part


def _rows(
    layout: Layout, samples: list[Sample], source_file: str, rft_per_sample: float, seed: int
) -> Iterator[dict[str, Any]]:
    source = _image(layout, source_file)
    for sample in samples:
        images = Images(source, _image(layout, sample.file))
        for task, mode in kinds_of(sample, rft_per_sample, seed):
            yield rft_row(sample, task, mode, images)


def _image(layout: Layout, file: str) -> dict[str, Any]:
    path = _present(layout.root / file)
    return {"bytes": path.read_bytes(), "path": path.name}


def _present(path: Path) -> Path:
    if not path.is_file():
        raise UserError(f"{path}: the image is missing", "Make it again: run the same build")
    return path


def _writer(path: Path) -> pq.ParquetWriter:
    return pq.ParquetWriter(path, _schema(), compression="snappy", dictionary_pagesize_limit=1 << 30)


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
    return {"dtype": _HF_TYPES[str(kind)], "_type": "Value"}
