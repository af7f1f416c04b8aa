from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from annotate_app.annotate.log import connect, read_drawings
from annotate_app.annotate.service import Annotation
from perception20k.core.errors import UserError
from tests.annotate_app.annotate.conftest import TWO, Drawer

TABLES = ("pictures", "sessions", "takes", "events", "leases")


@pytest.mark.parametrize("table", TABLES)
def test_no_row_can_be_changed_removed_or_replaced(annotation: Annotation, ann: Drawer, table: str) -> None:
    ann.do(ann.take()["id"], "done", TWO)
    log = annotation.log.connection
    columns = [row["name"] for row in log.execute(f"PRAGMA table_info({table})")]
    before = log.execute(f"SELECT * FROM {table}").fetchall()
    assert before
    for statement in (
        f"UPDATE {table} SET {columns[-1]} = 0",
        f"DELETE FROM {table}",
        f"REPLACE INTO {table} SELECT * FROM {table}",
    ):
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            log.execute(statement)
    assert log.execute(f"SELECT * FROM {table}").fetchall() == before


def test_the_view_and_the_state_agree_on_how_pictures_stand(annotation: Annotation, ann: Drawer, folder: Path) -> None:
    one, two, three = (ann.take()["id"] for _ in range(3))
    ann.do(one, "done", TWO)
    undone = ann.do(two, "skip", TWO)
    ann.do(two, "undo", target=undone)
    ann.do(three, "skip", [])
    seen = {row["origin"]: row["status"] for row in annotation.log.connection.execute("SELECT * FROM drawn")}
    assert seen == {"000.png": "done", "002.png": "skipped"}
    assert {d.origin: d.status for d in read_drawings(folder / "annotations.sqlite") if d.steps} == seen


def test_reading_a_log_that_is_not_there_says_how_to_begin_and_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="perception20k annotate PHOTOS"):
        read_drawings(tmp_path / "annotations.sqlite")
    assert list(tmp_path.iterdir()) == []


def test_names_are_offered_by_use(annotation: Annotation, ann: Drawer) -> None:
    for objects in (TWO, [("dog", TWO[0][1]), ("ant", TWO[1][1])]):
        ann.do(ann.take()["id"], "done", objects)
    assert annotation.log.names() == ["dog", "ant", "cup"]


def test_another_log_is_not_taken_for_this_one(tmp_path: Path) -> None:
    with closing(sqlite3.connect(tmp_path / "other.sqlite")) as other:
        other.execute("CREATE TABLE things (x)")
    with pytest.raises(UserError, match="log of drawn boxes of version 0"):
        connect(tmp_path / "other.sqlite")
