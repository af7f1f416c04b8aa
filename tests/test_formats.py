"""``docs/formats.md`` has every column of every table, in order, with its type."""

import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pyarrow as pa
import pytest

from annotate_app.annotate.log import connect as connect_annotations
from perception20k.dataset.decisions import connect
from perception20k.dataset.records import RFT_SCHEMA, SAMPLE_SCHEMA, SOURCE_SCHEMA
from trainer.evaluation.predictions import SCHEMA

TEXT = (Path(__file__).parents[1] / "docs" / "formats.md").read_text(encoding="utf-8")


def documented(heading: str) -> list[tuple[str, str]]:
    """Column and type of every row of the table under a heading."""
    section = re.split(rf"^##+ {re.escape(heading)}$", TEXT, flags=re.MULTILINE)[1]
    section = re.split(r"^##", section, flags=re.MULTILINE)[0]
    return re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", section, flags=re.MULTILINE)


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> sqlite3.Connection:
    return connect(tmp_path_factory.mktemp("log") / "decisions.sqlite")


@pytest.mark.parametrize(
    ("heading", "schema"),
    [
        ("recipe.parquet", SAMPLE_SCHEMA),
        ("sources.parquet", SOURCE_SCHEMA),
        ("shards", RFT_SCHEMA),
        ("predictions.parquet", SCHEMA),
    ],
)
def test_a_parquet_table_is_documented_column_by_column(heading: str, schema: pa.Schema) -> None:
    assert documented(heading) == [(field.name, str(field.type).replace("item: ", "")) for field in schema]


def test_the_review_log_is_documented_column_by_column(log: sqlite3.Connection) -> None:
    tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
    names = [row["name"] for row in log.execute(tables)]
    assert len(names) >= 5
    for name in names:
        columns = [(row["name"], row["type"]) for row in log.execute(f"PRAGMA table_info({name})")]
        assert documented(name) == columns


def test_the_log_of_drawn_boxes_is_documented_column_by_column(tmp_path: Path) -> None:
    with closing(connect_annotations(tmp_path / "annotations.sqlite")) as log:
        tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        names = [row["name"] for row in log.execute(tables)]
        assert len(names) >= 5
        for name in names:
            columns = [(row["name"], row["type"]) for row in log.execute(f"PRAGMA table_info({name})")]
            assert documented(f"annotations: {name}") == columns


def test_the_views_of_the_review_log_are_documented(log: sqlite3.Connection) -> None:
    for (name,) in log.execute("SELECT name FROM sqlite_schema WHERE type = 'view'"):
        assert f"| `{name}` |" in TEXT
