"""What --data names, and what a recipe makes of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from perception20k.core.errors import UserError
from trainer.data.boxes import Grid
from trainer.data.datasets import read_dataset
from trainer.data.mos import MosTable
from trainer.models import grid_of
from trainer.training import data
from trainer.training.recipe import load
from trainer.training.rewards.thurstone import fidelity

GRID = Grid(28, 28 * 28, 4 * 28 * 28)


def test_sources_are_told_apart(built_dataset: Path, ratings: list[str]) -> None:
    assert read_dataset(str(built_dataset)) == built_dataset
    table = read_dataset(ratings[0])
    assert isinstance(table, MosTable)
    assert (table.dataset, table.rows[0].low, table.rows[0].high) == ("first", 1, 5)


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("nowhere", "--data nowhere: no such directory"),
        ("konik-10k:/x", "unknown dataset 'konik-10k'. Did you mean 'koniq-10k'?"),
        ("own.csv", "the scale of its MOS is not given. Write own.csv:0-100"),
        ("none.csv:0-100", "none.csv: no such file"),
        ("none.csv:3-3", "--data none.csv:3-3: not a scale. Write none.csv:0-100, the low end first"),
        ("none.csv:5-0", "not a scale"),
        ("none.csv:1.2.3-5", "not a scale"),
        ("none.csv:.-5", "not a scale"),
    ],
)
def test_a_source_that_is_not_there_is_refused(source: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        read_dataset(source)
    assert message in str(error.value)


def test_a_recipe_takes_its_own_kind_of_data_alone(built_dataset: Path, ratings: list[str]) -> None:
    table = read_dataset(ratings[0])
    with pytest.raises(UserError, match="trains on a dataset with shards, and none is given"):
        data.with_held_out(load("refine-iqa-stage1"), [], GRID)
    with pytest.raises(UserError, match="does not train on a dataset with shards"):
        data.with_held_out(load("refine-iqa-stage2"), [table, built_dataset], GRID)
    with pytest.raises(UserError, match="trains on a MOS table, and none is given"):
        data.with_held_out(load("q-insight"), [built_dataset], GRID)


def test_only_the_train_part_is_trained_on(ratings: list[str]) -> None:
    rows = data.with_held_out(load("refine-iqa-stage2"), [read_dataset(text) for text in ratings], GRID)[0]
    assert [len(part.datasets) for part in rows] == [8, 8]


def test_the_dataset_gives_every_row_when_asked_and_each_image_once(built_dataset: Path, ratings: list[str]) -> None:
    sources = [built_dataset, read_dataset(ratings[0])]
    dataset, names = data.as_dataset(data.with_held_out(load("q-insight"), sources, GRID)[0])
    assert len(dataset) == len(names)
    assert {"first", "degradation"} == set(names)
    assert {dataset[0]["task"], dataset[len(dataset) - 1]["task"]} == {"degradation", "score"}
    batch = dataset[[0, 0, 1]]
    assert batch["images"][0] is batch["images"][1]
    assert batch["row_id"][0] == batch["row_id"][1] != batch["row_id"][2]


def test_the_validation_part_of_a_table_is_what_is_held_out_where_there_is_one(tmp_path: Path) -> None:
    lines = [f"{i}.png,{i % 5 + 1}" for i in range(1, 41)]
    table = replace(rated(tmp_path, *lines), dataset="mine")
    table = replace(table, rows=tuple(replace(row, split="") for row in table.rows))
    own = {split: {row.image for row in table.with_split().part(split).rows} for split in ("train", "validation")}
    for use_validation, parts in ((False, {"validation"}), (True, {"train", "validation"})):
        changes = ("evaluate_every=100", "evaluate_on=4", f"use_validation={str(use_validation).lower()}")
        (learnt,), (held,) = data.with_held_out(load("refine-iqa-stage2", changes), [table], GRID)
        drawn = [{held[i]["scene"] for i in range(len(held.datasets))}, set(learnt.scenes)]
        assert len(drawn[0]) == 4 and not drawn[0] & drawn[1]
        assert drawn[0] <= {path.name for part in parts for path in own[part]}
    assert data.with_held_out(load("refine-iqa-stage2"), [table], GRID)[1] == []


def test_no_prompt_is_longer_than_is_said_of_them(built_dataset: Path, ratings: list[str], processor: Any) -> None:
    grid = grid_of(processor)
    for name, sources in (("refine-iqa-stage1", [built_dataset]), ("q-insight", [built_dataset, *ratings])):
        rows = data.with_held_out(load(name), [read_dataset(str(source)) for source in sources], grid)[0]
        said = data.longest_prompt(rows, processor)
        dataset, _ = data.as_dataset(rows)
        for row in (dataset[i] for i in (0, len(dataset) // 2, len(dataset) - 1)):
            text = processor.apply_chat_template(row["prompt"], tokenize=False, add_generation_prompt=True)
            tokens = processor(text=[text], images=row["images"])["input_ids"][0]
            assert len(tokens) <= said < 4096


def rated(folder: Path, *rows: str) -> MosTable:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "mos.csv").write_text("image,mos,split\n" + "".join(f"{row},train\n" for row in rows))
    for row in rows:
        image = folder / row.split(",")[0]
        image.parent.mkdir(exist_ok=True)
        Image.new("RGB", (56, 56)).save(image)
    table = read_dataset(f"{folder / 'mos.csv'}:1-5")
    assert isinstance(table, MosTable)
    return table


def test_images_of_one_name_are_two_prompts(tmp_path: Path) -> None:
    table = rated(tmp_path, "a/1.png,1", "b/1.png,5", "b/1.png,5")
    dataset, _ = data.as_dataset(data.with_held_out(load("visualquality-r1"), [table], GRID)[0])
    ids = dataset[[0, 1, 2]]["row_id"]
    assert len(set(ids)) == 3
    texts = [f"<think>a</think><answer>{score}</answer>" for score in (1.0, 1.5, 5.0, 4.5)]
    columns = {"row_id": [ids[0]] * 2 + [ids[1]] * 2, "mos": [1.0, 1.0, 5.0, 5.0]}
    assert fidelity(comparison=2)(texts, **columns) == pytest.approx([1, 1, 1, 1], abs=1e-3)


def test_tables_of_one_name_are_two_datasets_and_split_as_alone(tmp_path: Path) -> None:
    tables = [rated(tmp_path / folder, *(f"{i}.png,{i}" for i in range(1, 6))) for folder in "ab"]
    rows = data.with_held_out(load("visualquality-r1"), tables, GRID)[0]
    dataset, names = data.as_dataset(rows)
    assert names == ["mos"] * 5 + ["mos (2)"] * 5
    assert dataset[9]["dataset"] == "mos (2)"
    assert len(set(dataset[:]["row_id"])) == 10
    third = rated(tmp_path / "c", "1.png,1", "2.png,2", "3.png,3", "4.png,4", "5.png,5")
    third = replace(third, dataset="mos (2)")
    rows = data.with_held_out(load("visualquality-r1"), [*tables, third], GRID)[0]
    assert sorted(set(data.as_dataset(rows)[1])) == ["mos", "mos (2)", "mos (3)"]
    drawn = [replace(table, rows=tuple(replace(row, split="") for row in table.rows)) for table in tables]
    alone, together = (
        [len(part.datasets) for part in data.with_held_out(load("visualquality-r1"), given, GRID)[0]]
        for given in ([drawn[1]], drawn)
    )
    assert together[1:] == alone
