"""The rows that a recipe trains on, as the dataset that TRL draws from."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Sequence
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perception20k.core.errors import UserError
from trainer.data.boxes import Grid
from trainer.data.mos import MosTable
from trainer.data.rows import COLUMNS, DegradationRows, MosRows, Row, Rows, ShardRows
from trainer.training.recipe import Recipe

if TYPE_CHECKING:
    from datasets import Dataset

_HELD_PIXELS = 100_000_000
"""Pixels kept decoded (300 MB): TRL asks for a batch again at every backward pass of a step."""


def training_rows(recipe: Recipe, sources: Sequence[MosTable | Path], grid: Grid) -> list[Rows]:
    """The train part of the sources as the recipe uses them.

    Raises:
        UserError: the recipe's kind of data is not among the sources, or another kind is.
    """
    tables = [source for source in sources if isinstance(source, MosTable)]
    folders = [source for source in sources if isinstance(source, Path)]
    wants_mos, wants_shards = "mos" in recipe.data, recipe.data != "mos"
    for wanted, found, what, how in (
        (wants_mos, tables, "a MOS table", "--data koniq-10k:DIR or --data FILE.csv:LOW-HIGH"),
        (wants_shards, folders, "a dataset with shards", "--data DATASET"),
    ):
        if wanted and not found:
            raise UserError(f"{recipe.name} trains on {what}, and none is given", f"Add {how}", code=2)
        if found and not wanted:
            raise UserError(f"{recipe.name} does not train on {what}", f"Leave out {how}", code=2)
    rows: list[Rows] = []
    for folder in folders:
        shards = ShardRows(folder, "train", grid)
        rows.append(shards if recipe.data == "rft" else DegradationRows(shards, grid, recipe.seed))
    names = [table.dataset for table in tables]
    for number, table in enumerate(tables):
        mode = "think" if recipe.think else "no-think"
        train = table.with_split().part("train", *(["validation"] if recipe.use_validation else []))
        if table.dataset in names[:number]:  # another table's name: its scores are not to be compared with these
            free = (f"{table.dataset} ({k})" for k in count(2))
            names[number] = next(name for name in free if name not in names)
            train = train.renamed(names[number])
        rows.append(MosRows(train, grid, recipe.prompt or "", recipe.mos_range, recipe.system, mode))
    return rows


class Lookup:
    """Turns the indices that TRL's sampler draws into rows; each distinct row is made once."""

    def __init__(self, rows: Sequence[Rows]) -> None:
        self.rows = rows
        self.places = [(source, i) for source, part in enumerate(rows) for i in range(len(part.datasets))]
        self.datasets = [name for part in rows for name in part.datasets]
        self._held: OrderedDict[int, Row] = OrderedDict()
        self._pixels = 0

    def __call__(self, batch: dict[str, list[int]]) -> dict[str, list[Any]]:
        """A batch ``{"index": [...]}`` as a batch of rows."""
        rows = [self._row(index) for index in batch["index"]]
        return {column: [row[column] for row in rows] for column in COLUMNS}

    def _row(self, index: int) -> Row:
        if index in self._held:
            return self._held[index]
        source, place = self.places[index]
        row = self._held[index] = self.rows[source][place]
        self._pixels += _pixels(row)
        while self._pixels > _HELD_PIXELS and len(self._held) > 1:
            self._pixels -= _pixels(self._held.popitem(last=False)[1])
        return row


def _pixels(row: Row) -> int:
    return sum(image.width * image.height for image in row["images"])


def as_dataset(rows: Sequence[Rows]) -> tuple[Dataset, list[str]]:
    """The rows as the kind of dataset TRL takes, and the dataset name of each.

    Only the indices are stored; images are decoded when a row is drawn.
    """
    from datasets import Dataset

    lookup = Lookup(rows)
    if not lookup.places:
        raise UserError("nothing to train on: the train part is empty")
    indices = Dataset.from_dict({"index": list(range(len(lookup.places)))})
    return indices.with_transform(lookup), lookup.datasets
