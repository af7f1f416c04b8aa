"""Croissant metadata (JSON-LD, version 1.0) of a dataset: its files with digests, and the fields of their rows."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from perception20k import __version__
from perception20k.core.files import file_sha256
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import RFT_SCHEMA, SAMPLE_SCHEMA, SOURCE_SCHEMA

_WORDS = """
citeAs column equivalentProperty extract field fileObject fileProperty fileSet format
includes isLiveDataset jsonPath key md5 parentField path recordSet references regex repeated replace samplingRate
separator source subField transform
"""
_CONTEXT: dict[str, Any] = {
    **{word: f"cr:{word}" for word in _WORDS.split()},
    "@language": "en",
    "@vocab": "https://schema.org/",
    "conformsTo": "dct:conformsTo",
    "cr": "http://mlcommons.org/croissant/",
    "data": {"@id": "cr:data", "@type": "@json"},
    "dataType": {"@id": "cr:dataType", "@type": "@vocab"},
    "dct": "http://purl.org/dc/terms/",
    "examples": {"@id": "cr:examples", "@type": "@json"},
    "rai": "http://mlcommons.org/croissant/RAI/",
    "sc": "https://schema.org/",
}
"""The context that Croissant 1.0 prescribes: most words are of its own vocabulary."""


def croissant(name: str, layout: Layout, shards: Sequence[Path], licences: Sequence[str]) -> dict[str, Any]:
    """The metadata of a dataset as a JSON-able value."""
    tables = {"recipe": (layout.recipe, SAMPLE_SCHEMA), "sources": (layout.sources, SOURCE_SCHEMA)}
    files = [_file(layout, path) for path in [layout.recipe, layout.sources, *shards]]
    file_set = {
        "@type": "cr:FileSet",
        "@id": "shards",
        "encodingFormat": "application/x-parquet",
        "includes": "shards/*.parquet",
    }
    records = [
        _records(key, schema, {"fileObject": {"@id": path.relative_to(layout.root).as_posix()}})
        for key, (path, schema) in tables.items()
    ]
    if shards:
        files.append(file_set)
        records.append(_records("rft", RFT_SCHEMA, {"fileSet": {"@id": "shards"}}))
    return {
        "@context": _CONTEXT,
        "@type": "sc:Dataset",
        "conformsTo": "http://mlcommons.org/croissant/1.0",
        "name": name,
        "description": "Locally distorted images for image quality perception: object, distortion, severity and box.",
        "version": __version__,
        "license": list(licences) or ["not stated"],
        "citeAs": "Refine-IQA: Multi-Stage Reinforcement Finetuning for Perceptual Image Quality Assessment",
        "distribution": files,
        "recordSet": records,
    }


def _file(layout: Layout, path: Path) -> dict[str, Any]:
    name = path.relative_to(layout.root).as_posix()
    return {
        "@type": "cr:FileObject",
        "@id": name,
        "name": name,
        "contentUrl": name,
        "contentSize": f"{path.stat().st_size} B",
        "encodingFormat": "application/x-parquet",
        "sha256": file_sha256(path),
    }


def _records(key: str, schema: pa.Schema, origin: dict[str, Any]) -> dict[str, Any]:
    """A record set with the plain columns of a table, lists of plain values marked as repeated."""
    fields = []
    for column in schema:
        kind, repeated = (column.type.value_type, True) if pa.types.is_list(column.type) else (column.type, False)
        if pa.types.is_struct(kind):
            continue  # nested values are described by the Parquet schema itself
        field = {
            "@type": "cr:Field",
            "@id": f"{key}/{column.name}",
            "name": column.name,
            "dataType": _data_type(kind),
            "source": {**origin, "extract": {"column": column.name}},
        }
        fields.append({**field, "repeated": True} if repeated else field)
    return {"@type": "cr:RecordSet", "@id": key, "name": key, "field": fields}


def _data_type(kind: pa.DataType) -> str:
    if pa.types.is_floating(kind):
        return "sc:Float"
    return "sc:Integer" if pa.types.is_integer(kind) else "sc:Text"
