"""Rows of exported shards: the text columns held in memory, the images read when a row is drawn."""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
from PIL import Image

from perception20k.core.errors import UserError
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import RFT_SCHEMA
from trainer.data.boxes import Grid, scale_box
from trainer.data.rows import Row, make_row

_TAKEN = ("task", "mode", "solution", "object", "distortion", "severity_label")


class ShardRows:
    """The RFT samples of one part of a dataset (``DATASET/shards/PART-*.parquet``).

    The text columns are held in memory; images are read by row group, where a source's rows lie together.

    Raises:
        UserError: no shards, a file that is not Parquet, or columns that are not ours.
    """

    def __init__(self, dataset: Path, part: str, grid: Grid) -> None:
        folder = Layout(dataset).shards
        files = sorted(folder.glob(f"{part}-*.parquet"))
        if not files:
            hint = "Build a dataset first: perception20k build"
            raise UserError(f"{dataset}: no {part} shards in {folder}", hint)
        self.dataset, self.part, self.grid = dataset, part, grid
        self._rows: list[Row] = []
        self._places: list[tuple[Path, int, int]] = []
        light = [name for name in RFT_SCHEMA.names if name != "images"]
        for path in files:
            reader = _opened(path)
            for group in range(reader.num_row_groups):
                rows = reader.read_row_group(group, columns=light).to_pylist()
                self._rows += rows
                self._places += [(path, group, i) for i in range(len(rows))]
        self.datasets: Sequence[str] = [str(dataset)] * len(self._rows)
        scenes = _scenes(Layout(dataset).sources)
        self.scenes: Sequence[str] = [scenes.get(row["image_id"]) or row["image_id"] for row in self._rows]

    def __getitem__(self, index: int) -> Row:
        row, (path, group, place) = self._rows[index], self._places[index]
        images = [_decode(data) for data in _images_of(path, group)[place]]
        frame = self.grid.frame(self.grid.fit(*images[-1].size))
        box = scale_box(row["box"], images[-1].size, frame)
        if row["task"] == "grounding":
            row = {**row, "solution": ",".join(str(round(side)) for side in box)}
        return make_row(
            prompt=_conversation(row["prompt"]),
            images=[self.grid.resize(image) for image in images],
            row_id=row["rft_id"],
            dataset=self.datasets[index],
            scene=self.scenes[index],
            box=box,
            frame=frame,
            **{key: row[key] for key in _TAKEN},
        )

    def prompts(self) -> Iterable[list[dict[str, Any]]]:
        """Those of the samples."""
        return (_conversation(row["prompt"]) for row in self._rows)

    def __reduce__(self) -> tuple[type[ShardRows], tuple[Path, str, Grid]]:
        """What it is made from: `datasets` hashes every transform by pickling it, which would copy all rows."""
        return ShardRows, (self.dataset, self.part, self.grid)

    def originals(self) -> dict[str, int]:
        """Every source image that the shards show, as image_id to the first row that shows it."""
        shown: dict[str, int] = {}
        for index, row in enumerate(self._rows):
            if row["mode"] == "fr":
                shown.setdefault(row["image_id"], index)
        return shown

    def original(self, index: int) -> Image.Image:
        """The source image of a full-reference row, RGB at its own size."""
        path, group, place = self._places[index]
        return _decode(_images_of(path, group)[place][0])


def _scenes(sources: Path) -> dict[str, str]:
    """The scene of every source image, as far as the dataset's table of sources tells it."""
    if not sources.is_file() or "scene" not in pq.read_schema(sources).names:
        return {}
    table = pq.read_table(sources, columns=["image_id", "scene"])
    return dict(zip(table["image_id"].to_pylist(), table["scene"].to_pylist(), strict=True))


def _conversation(stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A prompt without the keys that only fill up the Parquet struct."""
    contents = [[{key: part[key] for key in part if part[key] is not None} for part in m["content"]] for m in stored]
    return [{"role": message["role"], "content": c} for message, c in zip(stored, contents, strict=True)]


def _decode(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


@lru_cache(maxsize=4)
def _images_of(path: Path, group: int) -> list[list[bytes]]:
    """The image bytes of one row group, row by row."""
    column = pq.ParquetFile(path).read_row_group(group, columns=["images"])["images"]
    return [[image["bytes"] for image in images] for images in column.to_pylist()]


def _opened(path: Path) -> pq.ParquetFile:
    try:
        reader = pq.ParquetFile(path)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not a Parquet file: {error}") from None
    lacking = [name for name in RFT_SCHEMA.names if name not in reader.schema_arrow.names]
    if lacking:
        raise UserError(f"{path}: not a shard of this project, it lacks {', '.join(lacking)}")
    return reader
