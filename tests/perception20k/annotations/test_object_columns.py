"""Columns of objects in the layouts of the hub."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image

from perception20k.annotations.object_columns import has_objects, objects_by_image
from perception20k.core.errors import UserError

BOXES = [[10.0, 20.0, 30.0, 40.0], [1.0, 2.0, 3.0, 4.0]]
TWO = (["dog", "cat"], [(10, 20, 30, 40), (1, 2, 3, 4)])
CLASSES = {"names": ["cat", "dog"], "_type": "ClassLabel"}


def write(path: Path, *values: dict[str, Any], features: Any = None) -> Path:
    """A table of images of 64x48, with the features of ``datasets`` if they are given."""
    data = io.BytesIO()
    Image.new("RGB", (64, 48)).save(data, "PNG")
    rows = [{"image": {"bytes": data.getvalue(), "path": f"{n}.png"}, **value} for n, value in enumerate(values)]
    table = pa.Table.from_pylist(rows)
    if features is not None:
        about = {"info": {"features": features}}
        table = table.replace_schema_metadata({"huggingface": json.dumps(about)})
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(table, path)
    return path


@pytest.mark.parametrize(
    ("value", "features"),
    [
        ({"objects": {"bbox": BOXES, "category": ["dog", "cat"]}}, None),
        ({"objects": [{"bbox": box, "label": name} for box, name in zip(BOXES, TWO[0], strict=True)]}, None),
        (
            {"objects": {"id": [1, 2], "area": [1, 1], "bbox": BOXES, "category": [1, 0]}},
            {"objects": {"feature": {"bbox": {}, "category": CLASSES}, "_type": "Sequence"}},
        ),
        (
            {"objects": {"bbox": BOXES, "category": [1, 0]}},
            {"objects": {"bbox": {}, "category": {"feature": CLASSES, "_type": "List"}}},
        ),
        (
            {"objects": [{"bbox": BOXES[0], "category": 1}, {"bbox": BOXES[1], "category": 0}]},
            {"objects": [{"bbox": {}, "category": CLASSES}]},
        ),
        (
            {"objects": {"bbox": [*BOXES, BOXES[0]], "label": ["dog", "cat", "dog"], "iscrowd": [False, False, True]}},
            None,
        ),
        ({"tags": {"box": 3}, "annotations": [{"bbox": b, "label": n} for n, b in zip(*TWO, strict=True)]}, None),
    ],
)
def test_the_layouts_of_the_hub_give_the_same_objects(tmp_path: Path, value: dict[str, Any], features: Any) -> None:
    path = write(tmp_path / "x.parquet", value, features=features)
    assert has_objects(path)
    [found] = objects_by_image(path)
    assert (found.file, (found.names, found.boxes)) == ("x.parquet/0.png", TWO)
    assert found.column == ("objects" if "objects" in value else "annotations")


def test_the_size_is_the_tables_or_the_images_own_if_it_is_asked_for(tmp_path: Path) -> None:
    objects = {"objects": {"bbox": BOXES, "category": TWO[0]}}
    stated = write(tmp_path / "stated.parquet", {**objects, "width": 640, "height": 480})
    unstated = write(tmp_path / "unstated.parquet", objects)
    assert [found.size for found in objects_by_image(stated, measured=True)] == [(640, 480)]
    assert [found.size for found in objects_by_image(unstated)] == [None]
    assert [found.size for found in objects_by_image(unstated, measured=True)] == [(64, 48)]


def test_the_tables_of_a_folder_are_read_and_those_without_objects_are_passed_over(tmp_path: Path) -> None:
    for name in ("b", "a"):
        write(tmp_path / "d" / name / "x.parquet", {"objects": {"bbox": BOXES, "category": TWO[0]}}, {"objects": None})
    write(tmp_path / "d" / "plain.parquet", {"label": 3})
    assert [(one.file, len(one.boxes)) for one in objects_by_image(tmp_path / "d")] == [
        (f"{name}/x.parquet/{row}.png", count) for name in ("a", "b") for row, count in ((0, 2), (1, 0))
    ]
    assert not has_objects(tmp_path / "d" / "plain.parquet")


@pytest.mark.parametrize(
    ("value", "features", "message"),
    [
        ({"image": None, "objects": {"bbox": BOXES, "category": TWO[0]}}, None, "no Parquet table with a column of "),
        (
            {"objects": {"bbox": BOXES, "category": [1, 0]}},
            None,
            "'objects.category' has numbers, and the table does not say what they stand for. Write names in their "
            "place, or write the table with a ClassLabel's names",
        ),
        ({"label": 3}, None, "no Parquet table with a column of objects beside its images. A struct or a list"),
        ({"objects": {"bbox": BOXES, "category": ["dog"]}}, None, "0.png: 2 boxes with 1 names"),
        ({"objects": {"bbox": [[1.0, 2.0, 3.0]], "label": ["dog"]}}, None, "0.png: box 1.0, 2.0, 3.0 is not four"),
        ({"objects": {"bbox": [None], "label": ["dog"]}}, None, "0.png: box  is not four finite numbers"),
        (
            {"objects": {"bbox": BOXES, "category": [1, -1]}},
            {"objects": {"category": CLASSES}},
            "0.png: class -1 is not among the 2 names of the table",
        ),
    ],
)  # fmt: skip
def test_what_is_in_none_of_the_layouts_is_refused_in_a_line(
    tmp_path: Path, value: dict[str, Any], features: Any, message: str
) -> None:
    path = write(tmp_path / "x.parquet", value, features=features)
    with pytest.raises(UserError) as caught:
        list(objects_by_image(path))
    assert str(caught.value).startswith(f"{path}: {message}") and "\n" not in str(caught.value)


def test_a_missing_or_broken_table_is_refused_in_a_line(tmp_path: Path) -> None:
    (tmp_path / "x.parquet").write_bytes(b"not a table" * 100)
    for name, message in (("x.parquet", "x.parquet: "), ("gone.parquet", "gone.parquet: no such annotation file")):
        with pytest.raises(UserError, match=message) as caught:
            list(objects_by_image(tmp_path / name))
        assert "\n" not in str(caught.value)
