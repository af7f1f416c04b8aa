"""Tables with a column of encoded images."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from perception20k.core.errors import ItemError
from perception20k.storage.parquet import Row, image_bytes, rows
from perception20k.storage.places import members

FILES = {"000/a.jpg": b"first", "000/a.json": b"{}", "b.PNG": b"second photo", "c.txt": b"no"}


def write_table(path: Path, values: list[dict[str, object]], **options: int) -> Path:
    pq.write_table(pa.Table.from_pylist(values), path, **options)
    return path


def contents(table: Path) -> dict[str, bytes]:
    return {member.name: member.read_bytes() for member in members(table, set())}


def test_a_table_gives_its_images_by_path_or_by_row(tmp_path: Path) -> None:
    named = [{"image": {"bytes": data, "path": f"in/{name}"}, "label": 1} for name, data in FILES.items()]
    assert contents(write_table(tmp_path / "n.parquet", named, row_group_size=3)) == {
        "a.jpg": b"first", "a.json": b"{}", "b.PNG": b"second photo", "c.txt": b"no"
    }  # fmt: skip
    plain = [{"key": "k", "jpg": b"one"}, {"key": "l", "jpg": b"two"}, {"key": "m", "jpg": b"three"}]
    assert contents(write_table(tmp_path / "p.parquet", plain, row_group_size=2)) == {
        "000000": b"one", "000001": b"two", "000002": b"three"
    }  # fmt: skip


def test_of_several_columns_of_bytes_the_one_called_image_counts(tmp_path: Path) -> None:
    assert contents(write_table(tmp_path / "t.parquet", [{"a": b"mask", "image": b"photo"}])) == {"000000": b"photo"}


def test_a_row_without_bytes_is_refused_and_a_table_without_images_is_empty(tmp_path: Path) -> None:
    rows = [{"image": {"bytes": None, "path": "a.jpg"}}, {"image": {"bytes": b"x", "path": None}}]
    first, second = members(write_table(tmp_path / "t.parquet", rows), set())
    with pytest.raises(ItemError, match="the row holds no image bytes"):
        first.read_bytes()
    assert second.read_bytes() == b"x" and second.name == "000001"
    assert contents(write_table(tmp_path / "s.parquet", [{"file": "a.jpg", "mos": 3.0}])) == {}


def test_other_columns_come_along_when_they_are_asked_for(tmp_path: Path) -> None:
    values = [{"image": {"bytes": b"x", "path": f"in/{name}"}, "width": width} for name, width in (("a", 3), ("b", 4))]
    table = write_table(tmp_path / "t.parquet", values, row_group_size=1)
    with table.open("rb") as stream:
        assert list(rows(stream, ["width"])) == [
            Row("a", 0, 0, {"width": 3, "image": {"path": "in/a"}}),
            Row("b", 1, 0, {"width": 4, "image": {"path": "in/b"}}),
        ]
    with table.open("rb") as stream:
        assert [image_bytes(row.values["image"]) for row in rows(stream, ["image"])] == [b"x", b"x"]
