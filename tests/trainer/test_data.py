"""What --data names, and what a recipe makes of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from perception20k.errors import UserError
from trainer import data
from trainer.boxes import Grid
from trainer.mos import MosTable
from trainer.recipe import load

GRID = Grid(28, 28 * 28, 4 * 28 * 28)


def test_sources_are_told_apart(built_dataset: Path, ratings: list[str]) -> None:
    assert data.read_source(str(built_dataset)) == built_dataset
    table = data.read_source(ratings[0])
    assert isinstance(table, MosTable)
    assert (table.dataset, table.rows[0].low, table.rows[0].high) == ("first", 1, 5)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere", "--data nowhere: no such directory"),
        ("konik-10k:/x", "unknown dataset 'konik-10k'. Did you mean 'koniq-10k'?"),
        ("own.csv", "the scale of its MOS is not given. Write own.csv:0-100"),
        ("none.csv:0-100", "none.csv: no such file"),
    ],
)
def test_a_source_that_is_not_there_is_refused(source: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        data.read_source(source)
    assert message in str(error.value)


def test_a_recipe_takes_its_own_kind_of_data_alone(built_dataset: Path, ratings: list[str]) -> None:
    table = data.read_source(ratings[0])
    with pytest.raises(UserError, match="trains on a dataset with shards, and none is given"):
        data.training_rows(load("refine-iqa-stage1"), [], GRID)
    with pytest.raises(UserError, match="does not train on a dataset with shards"):
        data.training_rows(load("refine-iqa-stage2"), [table, built_dataset], GRID)
    with pytest.raises(UserError, match="trains on a MOS table, and none is given"):
        data.training_rows(load("q-insight"), [built_dataset], GRID)


def test_only_the_train_part_is_trained_on(ratings: list[str]) -> None:
    rows = data.training_rows(load("refine-iqa-stage2"), [data.read_source(text) for text in ratings], GRID)
    assert [len(part.datasets) for part in rows] == [8, 8]


def test_the_dataset_gives_every_row_when_asked_and_each_image_once(built_dataset: Path, ratings: list[str]) -> None:
    sources = [built_dataset, data.read_source(ratings[0])]
    dataset, names = data.as_dataset(data.training_rows(load("q-insight"), sources, GRID))
    assert len(dataset) == len(names)
    assert {"first", "degradation"} == set(names)
    assert {dataset[0]["task"], dataset[len(dataset) - 1]["task"]} == {"degradation", "score"}
    batch = dataset[[0, 0, 1]]
    assert batch["images"][0] is batch["images"][1]
    assert batch["row_id"][0] == batch["row_id"][1] != batch["row_id"][2]
