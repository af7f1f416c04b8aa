from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from perception20k.core.errors import UserError
from perception20k.core.event_log import EventLog, transaction


@pytest.fixture
def notes(tmp_path: Path) -> EventLog:
    """A log of one table, with a trigger of two lines."""
    schema = tmp_path / "notes.sql"
    schema.write_text(
        "-- Notes.\nCREATE TABLE notes (note TEXT);\n"
        "CREATE TRIGGER notes_update BEFORE UPDATE ON notes\n    BEGIN SELECT RAISE(ABORT, 'append-only'); END;\n"
    )
    return EventLog(schema, version=3, what="book of notes")


def test_a_log_is_made_from_its_schema_and_kept(notes: EventLog, tmp_path: Path) -> None:
    path = tmp_path / "new" / "log.sqlite"
    with closing(notes.connect(path)) as log, transaction(log):
        log.execute("INSERT INTO notes VALUES ('one')")
    with closing(notes.connect(path)) as log:
        assert [tuple(row) for row in log.execute("SELECT * FROM notes")] == [("one",)]
        with pytest.raises(sqlite3.IntegrityError, match="append-only"):
            log.execute("UPDATE notes SET note = 'two'")


def test_a_failed_block_leaves_nothing(notes: EventLog, tmp_path: Path) -> None:
    with closing(notes.connect(tmp_path / "log.sqlite")) as log:
        with pytest.raises(KeyError), transaction(log):
            log.execute("INSERT INTO notes VALUES ('one')")
            raise KeyError
        assert log.execute("SELECT count(*) FROM notes").fetchone()[0] == 0


def test_another_version_and_another_file_are_refused_by_name(notes: EventLog, tmp_path: Path) -> None:
    notes.connect(tmp_path / "log.sqlite").close()
    older = EventLog(notes.schema, version=2, what=notes.what)
    for opened in (older.connect, older.connect_to_read):
        with pytest.raises(UserError, match="book of notes of version 3, this release reads 2"):
            opened(tmp_path / "log.sqlite")
    (tmp_path / "text").write_text("not a database" * 100)
    with pytest.raises(UserError, match="Is it a book of notes"):
        notes.connect(tmp_path / "text")
