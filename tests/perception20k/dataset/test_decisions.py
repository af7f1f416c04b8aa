from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from perception20k.core.errors import UserError
from perception20k.core.event_log import transaction
from perception20k.dataset.decisions import ReviewState, connect, connect_to_read, read_review


class Log:
    """Writes rows as the app would, with no rules in between."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.connection = connect(path)

    def session(self, samples: list[str], *, verifies: str | None = None, role: str = "sample") -> str:
        session = str(uuid.uuid4())
        kind = "verify" if verifies else "review"
        row = (session, kind, verifies, "ann", 0, 0.0, json.dumps({}))
        self.connection.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)", row)
        for position, sample in enumerate(samples):
            item = (session, position, sample, role, "cup", "blur", "0" * 64)
            self.connection.execute("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?)", item)
        return session

    def event(self, session: str, action: str, position: int | None = None, target: str | None = None) -> str:
        event = str(uuid.uuid4())
        self.connection.execute(
            "INSERT INTO events (event_id, session_id, tab, action, position, target, at, received_at) "
            "VALUES (?, ?, 'tab', ?, ?, ?, 0, 0)",
            (event, session, action, position, target),
        )
        return event

    def read(self) -> ReviewState:
        return read_review(self.path)


@pytest.fixture
def log(tmp_path: Path) -> Iterator[Log]:
    log = Log(tmp_path / "review" / "decisions.sqlite")
    yield log
    log.connection.close()


def test_a_missing_log_is_an_empty_review_and_stays_missing(tmp_path: Path) -> None:
    path = tmp_path / "review" / "decisions.sqlite"
    assert read_review(path) == ReviewState()
    assert list(tmp_path.iterdir()) == []


def test_only_finished_sessions_count(log: Log) -> None:
    session = log.session(["a", "b"])
    log.event(session, "accept", 0)
    log.event(session, "delete", 1)
    assert log.read() == ReviewState()
    log.event(session, "finish")
    assert log.read() == ReviewState(2, kept=frozenset("a"), unverified=frozenset("b"))


def test_undo_brings_back_the_decision_before_it(log: Log) -> None:
    session = log.session(["a"])
    log.event(session, "accept", 0)
    second = log.event(session, "delete", 0)
    log.event(session, "undo", 0, second)
    log.event(session, "finish")
    assert log.read().kept == {"a"}


def test_an_undone_decision_with_none_before_it_leaves_the_sample_unreviewed(log: Log) -> None:
    session = log.session(["a"])
    log.event(session, "undo", 0, log.event(session, "accept", 0))
    log.event(session, "finish")
    assert log.read().reviewed == 0


def test_verification_confirms_restores_or_leaves_a_deletion(log: Log) -> None:
    session = log.session(["a", "b", "c"])
    for position in range(3):
        log.event(session, "delete", position)
    log.event(session, "finish")
    check = log.session(["a", "b", "c"], verifies=session)
    log.event(check, "confirm", 0)
    log.event(check, "restore", 1)
    assert log.read() == ReviewState(3, frozenset("b"), deleted=frozenset("a"), unverified=frozenset("c"))


def test_the_last_verdict_stands_whoever_gave_it(log: Log) -> None:
    session = log.session(["a"])
    log.event(session, "delete", 0)
    log.event(session, "finish")
    first, second = log.session(["a"], verifies=session), log.session(["a"], verifies=session)
    log.event(first, "confirm", 0)
    taken_back = log.event(second, "restore", 0)
    assert log.read().kept == {"a"}
    log.event(second, "undo", 0, taken_back)
    assert log.read().deleted == {"a"}


def test_one_confirmed_deletion_is_enough_when_two_people_judged_a_sample(log: Log) -> None:
    sessions = [log.session(["a"]), log.session(["a"])]
    for session in sessions:
        log.event(session, "delete", 0)
        log.event(session, "finish")
    log.event(log.session(["a"], verifies=sessions[0]), "restore", 0)
    assert log.read().unverified == {"a"}
    log.event(log.session(["a"], verifies=sessions[1]), "confirm", 0)
    assert log.read() == ReviewState(1, deleted=frozenset("a"))


@pytest.mark.parametrize("role", ["repeat", "undistorted", "wrong_label"])
def test_trials_never_reach_the_outcome(log: Log, role: str) -> None:
    session = log.session(["a"], role=role)
    log.event(session, "delete", 0)
    log.event(session, "flag", 0)
    log.event(session, "finish")
    assert log.read() == ReviewState()


def test_the_last_flag_of_an_item_stands(log: Log) -> None:
    session = log.session(["a", "b"])
    for action, position in (("flag", 0), ("flag", 1), ("unflag", 0), ("finish", None)):
        log.event(session, action, position)
    assert log.read().flagged == {"b"}


@pytest.mark.parametrize("table", ["sessions", "items", "events", "leases", "training"])
def test_no_row_can_be_changed_removed_or_replaced(log: Log, table: str) -> None:
    session = log.session(["a"])
    log.event(session, "accept", 0)
    log.connection.execute("INSERT INTO leases (reviewer, tab, at, until) VALUES ('ann', 'tab', 0, 1)")
    log.connection.execute("INSERT INTO training (reviewer, at, answers) VALUES ('ann', 0, '[]')")
    with closing(sqlite3.connect(log.path, isolation_level=None)) as stranger:
        before = stranger.execute(f"SELECT * FROM {table}").fetchall()
        assert len(before) == 1
        column = "position" if table in ("items", "events") else "reviewer"
        for statement in (
            f"UPDATE {table} SET {column} = 0",
            f"DELETE FROM {table}",
            f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}",
        ):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                stranger.execute(statement)
        assert stranger.execute(f"SELECT * FROM {table}").fetchall() == before


def test_the_same_event_cannot_be_inserted_twice(log: Log) -> None:
    session = log.session(["a"])
    log.event(session, "accept", 0)
    with pytest.raises(sqlite3.IntegrityError):
        log.connection.execute(
            "INSERT OR REPLACE INTO events (event_id, session_id, tab, action, at, received_at) "
            "SELECT event_id, session_id, tab, 'delete', 9, 9 FROM events"
        )


def test_commits_are_synchronous_and_logged_ahead(log: Log) -> None:
    assert log.connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"
    assert log.connection.execute("PRAGMA synchronous").fetchone()[0] == 2  # FULL


def test_a_failed_transaction_keeps_nothing(log: Log) -> None:
    session = log.session(["a"])
    with pytest.raises(RuntimeError), transaction(log.connection):
        log.event(session, "accept", 0)
        raise RuntimeError
    assert log.connection.execute("SELECT count(*) FROM events").fetchone()[0] == 0


def test_reading_writes_nothing_while_the_log_is_open_and_after(log: Log) -> None:
    def files() -> dict[str, bytes]:
        return {p.name: p.read_bytes() for p in log.path.parent.iterdir() if not p.name.endswith("-shm")}

    session = log.session(["a"])
    log.event(session, "accept", 0)
    log.event(session, "finish")
    live = files()
    assert log.read().reviewed == 1
    assert files() == live
    log.connection.close()
    closed = files()
    assert list(closed) == ["decisions.sqlite"]
    assert log.read().reviewed == 1
    assert files() == closed


def test_a_reader_cannot_write(log: Log) -> None:
    with (
        closing(connect_to_read(log.path)) as reader,
        pytest.raises(sqlite3.OperationalError, match="readonly"),
    ):
        reader.execute("INSERT INTO training (reviewer, at, answers) VALUES ('ann', 0, '[]')")


def test_opening_again_keeps_what_is_there(log: Log) -> None:
    log.session(["a"])
    with closing(connect(log.path)) as again:
        assert again.execute("SELECT count(*) FROM sessions").fetchone()[0] == 1


def test_a_file_that_is_no_log_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite"
    path.write_bytes(b"not a database at all, but long enough to be looked at" * 20)
    before = path.read_bytes()
    for opener in (read_review, connect, connect_to_read):
        with pytest.raises(UserError, match=r"decisions\.sqlite"):
            opener(path)
    assert path.read_bytes() == before


def test_a_log_of_another_version_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "decisions.sqlite"
    with closing(connect(path)) as log:
        log.execute("PRAGMA user_version = 99")
    for opener in (read_review, connect):
        with pytest.raises(UserError, match="version 99"):
            opener(path)


def test_an_export_leaves_out_what_was_deleted_or_if_so_wished_what_nobody_reviewed() -> None:
    state = ReviewState(3, kept=frozenset("a"), deleted=frozenset("b"), unverified=frozenset("c"))
    assert state.left_out("abd", reviewed_only=False) == {"b"}
    assert state.left_out("abcd", reviewed_only=False) == {"b", "c"}
    assert state.left_out("abcd", reviewed_only=True) == {"b", "c", "d"}
