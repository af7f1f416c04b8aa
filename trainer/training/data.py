"""The rows that a recipe trains on, as the dataset that TRL draws from."""

from __future__ import annotations

import math
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from perception20k.core.errors import UserError
from trainer.data.boxes import Grid
from trainer.data.degradation import DegradationRows
from trainer.data.mos import MosTable
from trainer.data.prompts import Message
from trainer.data.rows import COLUMNS, MosRows, Row, TrainingRows
from trainer.data.shards import ShardRows
from trainer.models import visual_tokens
from trainer.training.held_out import hold_out, some
from trainer.training.recipe_keys import CommonRecipe, Recipe

if TYPE_CHECKING:
    from datasets import Dataset

_HELD_PIXELS = 100_000_000
"""Pixels kept decoded (300 MB): TRL asks for a batch again at every backward pass of a step."""


def with_held_out(
    recipe: CommonRecipe, sources: Sequence[MosTable | Path], grid: Grid
) -> tuple[list[TrainingRows], list[TrainingRows]]:
    """What the recipe trains on, and what it is evaluated on meanwhile: nothing without ``evaluate_every``.

    Held out are prompts of a table's validation part, or where it has none, or it is trained on, whole scenes of what
    would be trained on; drawn by a key, so that they are the same in every run.

    Raises:
        UserError: the recipe's kind of data is not among the sources, or another kind is.
    """
    parts = _parts(recipe, sources, grid)
    if recipe.evaluate_every is None:
        return [rows for rows, _ in parts], []
    each = math.ceil(recipe.evaluate_on / len(parts))
    pairs = [(rows, some(spare, each)) if spare else hold_out(rows, each) for rows, spare in parts]
    return [rows for rows, _ in pairs], [held for _, held in pairs]


def _parts(
    recipe: CommonRecipe, sources: Sequence[MosTable | Path], grid: Grid
) -> list[tuple[TrainingRows, TrainingRows | None]]:
    """The rows of each source that are trained on, and those of its validation part if there are any to spare."""
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
    parts: list[tuple[TrainingRows, TrainingRows | None]] = []
    for folder in folders:
        shards = ShardRows(folder, "train", grid)
        parts.append((shards if "rft" in recipe.data else DegradationRows(shards, grid, recipe.seed), None))
    mode = "think" if isinstance(recipe, Recipe) and recipe.think else "no-think"
    names = [table.dataset for table in tables]
    for number, table in enumerate(tables):
        whole = table.with_split()
        if table.dataset in names[:number]:  # another table's name: its scores are not to be compared with these
            free = (f"{table.dataset} ({k})" for k in count(2))
            names[number] = next(name for name in free if name not in names)
            whole = replace(whole, dataset=names[number])
        splits = [("train", "validation"), ()] if recipe.use_validation else [("train",), ("validation",)]
        train, spare = (
            MosRows(whole.part(*split), grid, recipe.prompt or "", recipe.mos_range, recipe.system, mode)
            for split in splits
        )
        parts.append((train, spare if spare.datasets else None))
    return parts


Completer = Callable[[Row], list[Message]]
"""Writes the answer that a row is to be learnt with."""


class Lookup:
    """Turns the indices that TRL's sampler draws into rows; each distinct row is made once."""

    def __init__(self, rows: Sequence[TrainingRows], complete: Completer | None = None) -> None:
        self.rows, self.complete = rows, complete
        self.places = [(source, i) for source, part in enumerate(rows) for i in range(len(part.datasets))]
        self.datasets = [name for part in rows for name in part.datasets]
        self._held: OrderedDict[int, Row] = OrderedDict()
        self._pixels = 0

    def __call__(self, batch: dict[str, list[int]]) -> dict[str, list[Any]]:
        """A batch ``{"index": [...]}`` as a batch of rows."""
        rows = [self._row(index) for index in batch["index"]]
        columns = {column: [row[column] for row in rows] for column in COLUMNS}
        return columns if self.complete is None else {**columns, "completion": [self.complete(row) for row in rows]}

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


def longest_prompt(rows: Sequence[TrainingRows], processor: Any) -> int:
    """No prompt of ``rows`` has more tokens than this.

    Its bytes, of which every token has at least one, and its images as large as the processor allows: a bound that
    needs no image read.
    """
    visual = visual_tokens(processor)
    most = 0
    for part in rows:
        for asked in part.prompts():
            text = processor.apply_chat_template(asked, tokenize=False, add_generation_prompt=True)
            images = sum(piece["type"] == "image" for message in asked for piece in message["content"])
            most = max(most, len(text.encode()) + images * visual)
    return most


def as_dataset(rows: Sequence[TrainingRows], complete: Completer | None = None) -> tuple[Dataset, list[str]]:
    """The rows as the kind of dataset TRL takes, and the dataset name of each.

    Only the indices are stored; images are decoded when a row is drawn. ``complete`` adds a column ``completion``.
    """
    from datasets import Dataset

    lookup = Lookup(rows, complete)
    indices = Dataset.from_dict({"index": list(range(len(lookup.places)))})
    return indices.with_transform(lookup), lookup.datasets
