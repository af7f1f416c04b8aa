"""Rows from real shards, rated images and distorted originals."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from perception20k.core.errors import UserError
from trainer.data.boxes import Grid, scale_box
from trainer.data.datasets import read_dataset
from trainer.data.degradation import CLASSES, DegradationRows
from trainer.data.mos import MosTable
from trainer.data.rows import COLUMNS, MosRows
from trainer.data.shards import ShardRows
from trainer.training.rewards.grounding import grounding

GRID = Grid(28, 28 * 28, 12 * 28 * 28)


@pytest.fixture(scope="module")
def shards(built_dataset: Path) -> ShardRows:
    return ShardRows(built_dataset, "train", GRID)


def test_a_shards_row_has_its_images_and_its_box_in_the_models_frame(shards: ShardRows, built_dataset: Path) -> None:
    stored = [
        row for path in sorted((built_dataset / "shards").glob("train-*")) for row in pq.read_table(path).to_pylist()
    ]
    assert len(shards.datasets) == len(stored)
    seen = set()
    for index, raw in enumerate(stored[:40]):
        row = shards[index]
        assert tuple(row) == COLUMNS
        assert [image.size for image in row["images"]] == [GRID.fit(raw["width"], raw["height"])] * len(raw["images"])
        assert row["box"] == scale_box(raw["box"], (raw["width"], raw["height"]), row["images"][-1].size)
        if row["task"] == "grounding":  # the solution is the box in the frame that the model answers in
            assert [int(side) for side in row["solution"].split(",")] == [round(side) for side in row["box"]]
            assert row["solution"] != raw["solution"]
        else:
            assert row["solution"] == raw["solution"]
        parts = [part for message in row["prompt"] for part in message["content"]]
        assert (
            [part["type"] for part in parts].count("image") == len(row["images"]) == (2 if row["mode"] == "fr" else 1)
        )
        assert all("text" in part for part in parts if part["type"] == "text")
        assert not any("text" in part for part in parts if part["type"] == "image")
        seen.add((row["task"], row["mode"]))
    assert len(seen) == 4


def test_a_box_in_thousandths_is_the_same_part_of_the_image(shards: ShardRows, built_dataset: Path) -> None:
    thousandths = ShardRows(built_dataset, "train", replace(GRID, thousandths=True))
    index = next(i for i in range(len(shards.datasets)) if shards[i]["task"] == "grounding")
    pixels, row = shards[index], thousandths[index]
    assert row["frame"] == (1000, 1000) and pixels["frame"] == pixels["images"][-1].size == row["images"][-1].size
    assert row["box"] == pytest.approx(scale_box(pixels["box"], pixels["frame"], (1000, 1000)))
    assert grounding([f"<answer>{row['solution']}</answer>"], ["grounding"], [row["box"]])[0] > 0.98
    assert grounding([f"<answer>{pixels['solution']}</answer>"], ["grounding"], [row["box"]])[0] < 0.1


def test_a_full_reference_rows_images_differ_in_the_box_alone(shards: ShardRows) -> None:
    full = next(row for row in (shards[i] for i in range(len(shards.datasets))) if row["mode"] == "fr")
    original, distorted = (np.asarray(image).astype(int) for image in full["images"])
    x1, y1, x2, y2 = (round(value) for value in full["box"])
    changed = np.abs(original - distorted).max(axis=2)
    outside = changed.copy()
    outside[max(y1 - 3, 0) : y2 + 3, max(x1 - 3, 0) : x2 + 3] = 0  # resizing smears over the edge
    assert changed.max() > 0
    assert outside.max() <= 2


def test_rows_are_pickled_as_what_they_are_made_from(shards: ShardRows) -> None:
    data = pickle.dumps(shards)
    assert len(data) < 2000
    assert pickle.loads(data)[3]["row_id"] == shards[3]["row_id"]


def test_degradations_are_balanced_whole_images_drawn_by_key(shards: ShardRows) -> None:
    rows = DegradationRows(shards, GRID, seed=3)
    per_image = [rows[i] for i in range(len(CLASSES))]
    assert [row["distortion"] for row in per_image] == list(CLASSES)
    null = np.asarray(per_image[-1]["images"][0])
    assert per_image[-1]["severity_label"] == "null"
    for row in per_image[:-1]:
        assert row["task"] == "degradation" and row["severity_label"] != "null"
        assert (np.asarray(row["images"][0]) != null).any()
    again = DegradationRows(shards, GRID, seed=3)[0]["images"][0]
    assert (np.asarray(again) == np.asarray(per_image[0]["images"][0])).all()
    other = [DegradationRows(shards, GRID, seed=seed)[0]["severity_label"] for seed in range(12)]
    assert len(set(other)) > 1


def test_rated_images_are_scaled_to_the_recipes_range(ratings: list[str]) -> None:
    table = read_dataset(ratings[1])
    assert isinstance(table, MosTable)
    row = MosRows(table, GRID, "refine-iqa-think.v1", (0, 5))[0]
    assert (row["mos"], row["task"], row["mode"], row["dataset"]) == (5.0, "score", "think", "second")
    raw = MosRows(table, GRID, "visualquality-r1.v1", None)[0]
    assert raw["mos"] == 100


def test_an_unreadable_image_is_named(ratings: list[str], tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(b"no image")
    (tmp_path / "own.csv").write_text("image,mos\na.png,3\n")
    table = read_dataset(f"{tmp_path / 'own.csv'}:1-5")
    assert isinstance(table, MosTable)
    with pytest.raises(UserError, match=r"a\.png: cannot be read as an image"):
        MosRows(table, GRID, "refine-iqa-think.v1", (0, 5))[0]


def test_no_shards_or_wrong_shards_are_refused(built_dataset: Path, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"no train shards in .*Build a dataset first"):
        ShardRows(tmp_path, "train", GRID)
    shards = tmp_path / "shards"
    shards.mkdir()
    (shards / "train-0.parquet").write_text("no parquet")
    with pytest.raises(UserError, match="not a Parquet file"):
        ShardRows(tmp_path, "train", GRID)
    table = pq.read_table(next((built_dataset / "shards").glob("train-*"))).slice(0, 2)
    pq.write_table(table.drop_columns(["solution", "box"]), shards / "train-0.parquet")
    with pytest.raises(UserError, match="it lacks solution, box"):
        ShardRows(tmp_path, "train", GRID)
    shutil.rmtree(shards)
