"""The rows that training draws from: exported shards, rated images, and images distorted on the spot.

Every kind of row gives the same columns, so that they can be mixed in one batch: ``COLUMNS``, None where a
column does not apply. Images come at the size the model sees (:class:`trainer.data.boxes.Grid`), boxes in that
frame.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import pyarrow.parquet as pq
from PIL import Image

from distortions import catalog, distort
from perception20k.core.errors import UserError
from perception20k.core.seeding import key_int
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import RFT_SCHEMA
from trainer.data import prompts
from trainer.data.boxes import Grid, scale_box
from trainer.data.degradation import CLASSES, LEVELS
from trainer.data.images import read_image
from trainer.data.mos import MosTable

Row = dict[str, Any]

COLUMNS = (
    "prompt",  # a conversation with image and text parts
    "images",  # as many PIL images as the prompt has image parts, RGB, on the grid
    "row_id",  # the same for all rollouts of one prompt, different for different prompts
    "dataset",  # what a comparison batch is drawn from
    "scene",  # the same for all rows about one source image, content or prompt
    "task",  # description, grounding, score or degradation
    "mode",  # fr or nr; think or no-think for the other tasks
    "solution",  # what a perfect answer says; a box in the frame of the images
    "object",
    "distortion",
    "severity_label",
    "box",  # in the frame that the model answers in
    "frame",  # (width, height) of that frame: the images', or 1000 x 1000
    "mos",  # on the recipe's scale
)
"""Columns of every row, whatever it was made from."""


_TAKEN = ("task", "mode", "solution", "object", "distortion", "severity_label")


class Rows(Protocol):
    """A sequence of rows, each made on access."""

    datasets: Sequence[str]
    """The dataset of each row."""

    def __getitem__(self, index: int) -> Row:
        """One row, with every column of ``COLUMNS``."""


class TrainingRows(Rows, Protocol):
    """Rows that a model is trained on."""

    scenes: Sequence[str]
    """The scene of each row."""

    def prompts(self) -> Iterable[list[dict[str, Any]]]:
        """Every conversation that a row asks, without making the row; one that many rows ask may come once."""


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
            _check_columns(path)
            reader = pq.ParquetFile(path)
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
        return _row(
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


class MosRows:
    """Rated images, all with one prompt that asks for a score."""

    def __init__(
        self,
        table: MosTable,
        grid: Grid,
        prompt: str,
        mos_range: tuple[float, float] | None,
        system: str | None = None,
        mode: str = "think",
    ) -> None:
        self.table, self.grid, self.prompt, self.system = table, grid, prompt, system
        self.mos_range, self.mode = mos_range, mode
        self.datasets: Sequence[str] = [row.dataset for row in table.rows]
        self.scenes: Sequence[str] = [row.content for row in table.rows]

    def __getitem__(self, index: int) -> Row:
        row = self.table.rows[index]
        mos = row.mos if self.mos_range is None else row.scaled(*self.mos_range)
        (prompt,) = self.prompts()
        return _row(
            prompt=prompt,
            images=[self.grid.resize(read_image(row.image))],
            row_id=f"{row.dataset}/{index}/{row.image.name}",  # names repeat, in folders and in a table
            dataset=row.dataset,
            scene=row.content,
            task="score",
            mode=self.mode,
            solution=f"{mos:.2f}",
            mos=mos,
        )

    def prompts(self) -> Iterable[list[dict[str, Any]]]:
        """The one that all images share."""
        return [prompts.ask(self.prompt, system=self.system)]


class DegradationRows:
    """Q-Insight's degradation task: whole source images with one of our distortions, or none.

    Every source image gives one row for each of the five classes, so that they are balanced; type and severity
    are drawn by a key of seed, image and class.
    """

    def __init__(self, shards: ShardRows, grid: Grid, seed: int) -> None:
        self.shards, self.grid, self.seed = shards, grid, seed
        self._originals = list(shards.originals().items())
        if not self._originals:
            raise UserError("the shards hold no full-reference rows", "Export with more rft_per_sample")
        self.datasets: Sequence[str] = ["degradation"] * (len(self._originals) * len(CLASSES))
        self.scenes: Sequence[str] = [shards.scenes[shown] for _, shown in self._originals for _ in CLASSES]

    def __getitem__(self, index: int) -> Row:
        image_id, shown = self._originals[index // len(CLASSES)]
        image = self.shards.original(shown)
        name = CLASSES[index % len(CLASSES)]
        level = "null"
        if name != "null":
            types = [entry.type for entry in catalog() if entry.group == name]
            draw = key_int("degradation", self.seed, image_id, name)
            severity = draw % 5 + 1
            level = LEVELS[severity - 1]
            pixels = distort(np.asarray(image), types[draw // 5 % len(types)], severity, seed=draw)
            image = Image.fromarray(pixels)
        (prompt,) = self.prompts()
        return _row(
            prompt=prompt,
            images=[self.grid.resize(image)],
            row_id=f"{image_id}/{name}",
            dataset="degradation",
            scene=self.scenes[index],
            task="degradation",
            mode="think",
            solution=f'{{"distortion_class": "{name}", "severity": "{level}"}}',
            distortion=name,
            severity_label=level,
        )

    def prompts(self) -> Iterable[list[dict[str, Any]]]:
        """The one that all images share."""
        return [prompts.ask("q-insight-degradation.v1", system="q-insight-system.v1")]


def _scenes(sources: Path) -> dict[str, str]:
    """The scene of every source image, as far as the dataset's table of sources tells it."""
    if not sources.is_file() or "scene" not in pq.read_schema(sources).names:
        return {}
    table = pq.read_table(sources, columns=["image_id", "scene"])
    return dict(zip(table["image_id"].to_pylist(), table["scene"].to_pylist(), strict=True))


def _row(**values: Any) -> Row:
    return {column: values.get(column) for column in COLUMNS}


def _conversation(stored: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """A prompt without the keys that only fill up the Parquet struct."""

    def part(content: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in content.items() if value is not None}

    return [{"role": message["role"], "content": [part(c) for c in message["content"]]} for message in stored]


def _decode(data: bytes) -> Image.Image:
    return Image.open(io.BytesIO(data)).convert("RGB")


@lru_cache(maxsize=4)
def _images_of(path: Path, group: int) -> list[list[bytes]]:
    """The image bytes of one row group, row by row."""
    column = pq.ParquetFile(path).read_row_group(group, columns=["images"])["images"]
    return [[image["bytes"] for image in images] for images in column.to_pylist()]


def _check_columns(path: Path) -> None:
    try:
        found = set(pq.read_schema(path).names)
    except (OSError, ValueError) as error:
        raise UserError(f"{path}: not a Parquet file: {error}") from None
    lacking = [name for name in RFT_SCHEMA.names if name not in found]
    if lacking:
        raise UserError(f"{path}: not a shard of this project, it lacks {', '.join(lacking)}")
