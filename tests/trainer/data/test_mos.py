"""MOS tables: one's own, scales, splits, and images that are missing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from perception20k.core.errors import UserError
from tests.trainer.data.tables import pictures, refused, summary, write_csv
from trainer.data.mos import read_csv


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "mine.csv", ["image", "mos", "split"], ["a.png", 1, "train"], ["b/c.png", 5, "test"])
    pictures(tmp_path, "a.png", "b/c.png")
    table = read_csv(path, 1, 5)
    assert (table.dataset, summary(table)) == ("mine", [("a.png", 1, "train"), ("c.png", 5, "test")])
    assert [row.image.name for row in table.part("test").rows] == ["c.png"]


def test_the_parts_of_a_split_are_known_whatever_their_dress(tmp_path: Path) -> None:
    parts = ["train", "Training", " TRAIN ", "val", "Valid", "VALIDATION", "test", " Test", "TESTING"]
    rows = [[f"{i}.png", 3, part] for i, part in enumerate(parts)]
    path = write_csv(tmp_path / "mine.csv", ["image", "mos", "split"], *rows)
    pictures(tmp_path, *(row[0] for row in rows))
    table = read_csv(path, 1, 5)
    assert [row.split for row in table.rows] == ["train"] * 3 + ["validation"] * 3 + ["test"] * 3
    assert [row.image.name for row in table.with_split().part("test").rows] == ["6.png", "7.png", "8.png"]


def test_an_empty_split_column_is_none(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "mine.csv", ["image", "mos", "split"], ["a.png", 1, ""], ["b.png", 5, " "])
    pictures(tmp_path, "a.png", "b.png")
    assert [row.split for row in read_csv(path, 1, 5).rows] == ["", ""]


def test_missing_images_are_listed_and_not_replaced(tmp_path: Path) -> None:
    path = write_csv(tmp_path / "mine.csv", ["image", "mos"], ["a.png", 1], ["gone.png", 2], ["lost.png", 3])
    pictures(tmp_path, "a.png")
    table = read_csv(path, 1, 5)
    assert summary(table) == [("a.png", 1, "")]
    assert table.missing == ("row 3: gone.png: no such image", "row 4: lost.png: no such image")


def test_an_image_that_cannot_be_decoded_is_left_out_by_row_and_reason(tmp_path: Path) -> None:
    path = write_csv(
        tmp_path / "mine.csv", ["image", "mos"], *([f"{name}.png", 1] for name in ("good", "torn", "text"))
    )
    pictures(tmp_path, "good.png", "torn.png", "text.png")
    noise = np.random.default_rng(0).integers(0, 255, (64, 64, 3), dtype=np.uint8)
    Image.fromarray(noise).save(tmp_path / "torn.png")
    (tmp_path / "torn.png").write_bytes((tmp_path / "torn.png").read_bytes()[:4000])
    (tmp_path / "text.png").write_text("no image")
    table = read_csv(path, 1, 5).readable()
    assert [row.image.name for row in table.rows] == ["good.png"]
    torn, text = table.missing
    assert torn.startswith(f"row 3: {tmp_path / 'torn.png'}: cannot be read as an image: damaged image: ")
    assert text == f"row 4: {tmp_path / 'text.png'}: cannot be read as an image: not an image in a known format"


def test_a_table_of_damaged_images_alone_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_text("no image")
    table = read_csv(write_csv(tmp_path / "mine.csv", ["image", "mos"], ["a.png", 1]), 1, 5)
    assert refused(table.readable).startswith("mine: none of its images can be read. row 2: ")


@pytest.mark.parametrize("second", [["a.png", 2, "train"], ["a.png", 1, "test"], ["./a.png", 1, "train"]])
def test_an_image_with_two_scores_or_in_two_parts_is_refused(second: list[Any], tmp_path: Path) -> None:
    pictures(tmp_path, "a.png", "b.png")
    rows = (["a.png", 1, "train"], ["b.png", 1, "train"])
    assert len(read_csv(write_csv(tmp_path / "mine.csv", ["image", "mos", "split"], *rows), 1, 5).rows) == 2
    path = write_csv(tmp_path / "mine.csv", ["image", "mos", "split"], *rows, second)
    said = refused(lambda: read_csv(path, 1, 5))
    assert said == f"{path}: row 4: {second[0]} is in row 2 already, with another score, part or content"


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([["image", "score"], ["a.png", 1]], "no column mos. It has: image, score"),
        ([["image", "mos"], ["a.png", "good"]], "row 2: the score 'good' is not a number"),
        ([["image", "mos"], ["a.png", "nan"]], "row 2: the score 'nan' is not a number"),
        ([["image", "mos"], ["a.png", 9]], "row 2: a.png: MOS 9 is outside the scale 1..5"),
        ([["image", "mos"], ["gone.png", 1]], "none of its 1 images is on disk"),
        (
            [["image", "mos", "split"], ["a.png", 1, "train"], ["a.png", 1, "tset"]],
            "row 3: unknown split 'tset'. Known:",
        ),
        ([["image", "mos", "split"], ["a.png", 1, ""], ["a.png", 1, "test"]], "row 2: no split, where other rows have"),
    ],
)
def test_a_wrong_table_is_refused_in_a_line(rows: list[list[Any]], message: str, tmp_path: Path) -> None:
    pictures(tmp_path, "a.png")
    with pytest.raises(UserError) as error:
        read_csv(write_csv(tmp_path / "mine.csv", *rows), 1, 5)
    assert message in str(error.value)


def test_a_file_in_another_encoding_is_refused(tmp_path: Path) -> None:
    (tmp_path / "l.csv").write_bytes("image,mos\nimé.png,3\n".encode("latin-1"))
    assert "l.csv: not a UTF-8 file" in refused(lambda: read_csv(tmp_path / "l.csv", 0, 5))
