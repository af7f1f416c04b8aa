"""Parquet tables with a column of encoded images, as the hub's datasets are; a few rows are in memory at a time."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Any, BinaryIO, NamedTuple

_BATCH = 100
"""Rows read at a time."""


class Row(NamedTuple):
    """A row with an image."""

    name: str
    """The image's, without folders; the row's number where the table has none."""
    group: int
    """Its row group."""
    place: int
    """Its place in the row group."""
    values: dict[str, Any]
    """Of the columns asked for."""


def image_column(schema: Any) -> str | None:
    """The column that holds encoded images: ``image`` if it can, else the first that can."""
    import pyarrow as pa

    can = [
        field.name
        for field in schema
        if _has_field(field.type, "bytes") or pa.types.is_binary(field.type) or pa.types.is_large_binary(field.type)
    ]
    return "image" if "image" in can else next(iter(can), None)


def rows(stream: BinaryIO, columns: Sequence[str] = ()) -> Iterator[Row]:
    """The rows of a table in their order; none of a table without a column of images.

    Raises:
        OSError, ValueError: it cannot be read, or is no Parquet table.
    """
    from pyarrow import parquet

    table = parquet.ParquetFile(stream)
    column = image_column(table.schema_arrow)
    if column is None:
        return
    asked = [*columns, f"{column}.path"] if _has_field(table.schema_arrow.field(column).type, "path") else [*columns]
    number = 0
    for group in range(table.num_row_groups):
        count = table.metadata.row_group(group).num_rows
        batches = table.iter_batches(_BATCH, row_groups=[group], columns=asked)
        found = (row for batch in batches for row in batch.to_pylist()) if asked else ({} for _ in range(count))
        for place, values in enumerate(found):
            path = (values.get(column) or {}).get("path")
            yield Row(PurePosixPath(path).name if path else f"{number:06d}", group, place, values)
            number += 1


@lru_cache(maxsize=1)
def row_group(path: Path, changed: int, group: int) -> Any:
    """The images of one row group; the last one asked for is kept, because neighbours come one after the other.

    Args:
        path: of the table.
        changed: when it changed last, so that another table is not taken for it.
        group: number of the row group.
    """
    from pyarrow import parquet

    table = parquet.ParquetFile(path)
    return table.read_row_group(group, columns=[image_column(table.schema_arrow)]).column(0)


def image_bytes(value: Any) -> bytes | None:
    """The encoded image in a cell of a column of images."""
    data = value["bytes"] if isinstance(value, dict) else value
    return data if isinstance(data, bytes) else None


def _has_field(kind: Any, name: str) -> bool:
    import pyarrow as pa

    return bool(pa.types.is_struct(kind) and kind.get_field_index(name) >= 0)
