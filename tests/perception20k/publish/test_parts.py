from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perception20k.core.errors import UserError
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import Source
from perception20k.publish.parts import parts_table, read_parts, recorded_parts, supplied_parts

SOURCE = Source("a" * 16, "images/source/a.png", "", 8, 8, "one.jpg")
OTHER = replace(SOURCE, image_id="b" * 16, origin="two.jpg")


def test_rows_are_added_and_never_changed() -> None:
    text = parts_table({"b": "test"}, {"a": "train", "b": "train", "c": ""}, {"a": "a", "b": "a"})
    assert text == "image_id,scene,part\na,a,train\nb,a,test\n"


def test_a_dataset_of_an_older_version_keeps_the_parts_of_its_recipe(tmp_path: Path) -> None:
    layout = Layout(tmp_path)
    assert recorded_parts(layout) == {}
    pq.write_table(pa.table({"image_id": ["a", "a", "b"], "split": ["test", "", "train"]}), layout.recipe)
    assert recorded_parts(layout) == {"a": "test", "b": "train"}
    layout.split.write_text("image_id,scene,part\n0123456789012345,x,train\n")
    assert recorded_parts(layout) == {"0123456789012345": "train"}


def test_a_table_names_images_by_their_file_or_their_id(tmp_path: Path) -> None:
    table = tmp_path / "own.csv"
    table.write_text("file,part\none.jpg,test\nelsewhere.jpg,train\n")
    assert supplied_parts(table, [SOURCE, OTHER], {}) == {"a" * 16: "test"}
    pq.write_table(pa.table({"image_id": ["b" * 16], "split": ["train"]}), tmp_path / "recipe.parquet")
    assert supplied_parts(tmp_path / "recipe.parquet", [SOURCE, OTHER], {}) == {"b" * 16: "train"}


def test_a_table_that_moves_an_image_is_refused(tmp_path: Path) -> None:
    table = tmp_path / "own.csv"
    table.write_text("file,part\none.jpg,test\n")
    with pytest.raises(UserError, match=f"puts 1 images in another part than they are in, first {'a' * 16}"):
        supplied_parts(table, [SOURCE], {"a" * 16: "train"})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such table of parts"),
        ("name,part\na,test\n", "has the columns"),
        ("file,part\na,dev\n", "row 1: 'dev' is not a part"),
        ("file,part\na,test\na,train\n", "row 2: 'a' is in both parts"),
    ],
)
def test_a_bad_table_is_refused_in_one_line(tmp_path: Path, text: str | None, message: str) -> None:
    table = tmp_path / "own.csv"
    if text is not None:
        table.write_text(text)
    with pytest.raises(UserError, match=message):
        read_parts(table)
