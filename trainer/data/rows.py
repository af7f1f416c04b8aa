"""The rows that training draws from, and those of rated images.

Exported shards are in :mod:`trainer.data.shards`, images distorted on the spot in :mod:`trainer.data.degradation`.
Every kind of row gives the same columns, so that they can be mixed in one batch: ``COLUMNS``, None where a column does
not apply. Images come at the size the model sees (:class:`trainer.data.boxes.Grid`), boxes in that frame.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from trainer.data import prompts
from trainer.data.boxes import Grid
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
        self.datasets: Sequence[str] = [table.dataset] * len(table.rows)
        self.scenes: Sequence[str] = [row.content for row in table.rows]

    def __getitem__(self, index: int) -> Row:
        row = self.table.rows[index]
        mos = row.mos if self.mos_range is None else row.scaled(*self.mos_range)
        (prompt,) = self.prompts()
        return make_row(
            prompt=prompt,
            images=[self.grid.resize(read_image(row.image))],
            row_id=f"{self.table.dataset}/{index}/{row.image.name}",  # names repeat, in folders and in a table
            dataset=self.table.dataset,
            scene=row.content,
            task="score",
            mode=self.mode,
            solution=f"{mos:.2f}",
            mos=mos,
        )

    def prompts(self) -> Iterable[list[dict[str, Any]]]:
        """The one that all images share."""
        return [prompts.ask(self.prompt, system=self.system)]


def with_images(row: Row, fill: Callable[[Any], dict[str, Any]]) -> list[dict[str, Any]]:
    """A row's prompt, each of its image parts replaced by what ``fill`` makes of the image."""
    images = iter(row["images"])

    def filled(parts: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [fill(next(images)) if part["type"] == "image" else part for part in parts]

    return [{"role": message["role"], "content": filled(message["content"])} for message in row["prompt"]]


def make_row(**values: Any) -> Row:
    """A row with every column of ``COLUMNS``, None where no value is given."""
    return {column: values.get(column) for column in COLUMNS}
