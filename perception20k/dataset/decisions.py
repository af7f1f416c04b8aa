"""The log of human decisions: append-only SQLite, written by the review app, read by export.

Human decisions cannot be recomputed, so nothing here is ever changed or removed: triggers refuse every
UPDATE, DELETE and REPLACE, and the present state is read off the events. An undo is an event that names the
decision it takes back; the standing decision on an item is the last one that no undo took back. The tables
and views are in ``decisions.sql``.

A session is a batch of items that one person judges in one sitting (kind ``review``), or the deletions of
such a session shown again (kind ``verify``). Read the outcome with :func:`read_review`.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Collection, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from perception20k.core.errors import UserError

VERSION = 1
"""Of the tables; stored as the database's ``user_version``."""

Action = Literal[
    "accept", "delete",  # decisions of a review
    "confirm", "restore",  # decisions of a verification
    "undo", "reason", "flag", "unflag",
    "open", "offer", "pause", "resume", "away", "finish",  # of the session, on no item
    "lapse",  # by the server, when it gives the session's samples away
]  # fmt: skip
Reason = Literal["object_mismatch", "not_perceptible"]


@dataclass(frozen=True)
class ReviewState:
    """The outcome of a dataset's finished sessions, in sample ids. An open or lapsed session adds nothing.

    A sample that several people judged is deleted if one of its deletions was confirmed, unverified if none
    was and one still waits, and kept otherwise.
    """

    reviewed: int = 0
    """Samples with a standing decision; the size of ``kept``, ``deleted`` and ``unverified`` together."""
    kept: frozenset[str] = frozenset()
    deleted: frozenset[str] = frozenset()
    """Deletions that were shown again and confirmed."""
    unverified: frozenset[str] = frozenset()
    """Deletions not yet confirmed or restored."""
    flagged: frozenset[str] = frozenset()
    """Marked for discussion, whatever was decided."""

    def among(self, samples: Collection[str]) -> ReviewState:
        """The outcome for these samples only: a rebuilt dataset may have lost some that were judged."""
        kept, deleted, unverified, flagged = (
            ids & frozenset(samples) for ids in (self.kept, self.deleted, self.unverified, self.flagged)
        )
        return ReviewState(len(kept | deleted | unverified), kept, deleted, unverified, flagged)


def connect(path: Path) -> sqlite3.Connection:
    """Open the log at ``path`` for appending; create it if it is missing.

    The connection is in autocommit mode (write inside :func:`transaction`), may be handed between threads,
    and returns :class:`sqlite3.Row`. Every commit is on the disk before it returns (WAL, synchronous FULL).

    Raises:
        UserError: the file is not a decision log, or is one of another version.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.row_factory = sqlite3.Row
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        with transaction(connection):
            if _version(connection) == 0 and not connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
                for statement in _statements():
                    connection.execute(statement)
                connection.execute(f"PRAGMA user_version = {VERSION}")
        _check(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise UserError(f"{path}: {error}", "Is it a decision log? Move it away to start a new one") from None
    except UserError:
        connection.close()
        raise
    return connection


def connect_to_read(path: Path, *, threads: bool = False) -> sqlite3.Connection:
    """Open the log at ``path`` read-only; nothing is created or written, not even beside it.

    With ``threads`` the connection may be handed between threads.

    Raises:
        UserError: the file is missing, is not a decision log, or is one of another version.
    """
    if not path.is_file():
        raise UserError(f"{path}: no review yet", "Start one: perception20k review DATASET")
    # Without a -wal file nobody is writing, and SQLite need not make one for us (it would, even to read).
    live = path.with_name(path.name + "-wal").exists()
    uri = path.resolve().as_uri() + ("?mode=ro" if live else "?mode=ro&immutable=1")
    connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30, check_same_thread=not threads)
    connection.row_factory = sqlite3.Row
    try:
        _check(connection, path)
    except sqlite3.DatabaseError as error:
        connection.close()
        raise UserError(f"{path}: {error}", "Is it a decision log?") from None
    except UserError:
        connection.close()
        raise
    return connection


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Run the block as one write transaction: all of it is kept, or on an exception nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:  # SQLite itself rolls back where the disk is full
            connection.execute("ROLLBACK")
        raise


def read_review(path: Path) -> ReviewState:
    """The outcome of the review so far; the empty state if there has been none.

    Args:
        path: :attr:`perception20k.dataset.layout.Layout.decisions`. It is neither created nor written.

    Raises:
        UserError: the file is not a decision log of this version.
    """
    if not path.is_file():
        return ReviewState()
    with closing(connect_to_read(path)) as log:
        judged = log.execute(
            """SELECT i.sample_id, d.action, v.action AS verdict FROM finished AS s
               JOIN items AS i USING (session_id)
               JOIN standing AS d USING (session_id, position)
               LEFT JOIN verdicts AS v ON v.session_id = s.session_id AND v.sample_id = i.sample_id
               WHERE i.role = 'sample'"""
        ).fetchall()
        flags = log.execute(
            """SELECT i.sample_id, e.action, max(e.seq) FROM finished AS s
               JOIN items AS i USING (session_id) JOIN events AS e USING (session_id, position)
               WHERE i.role = 'sample' AND e.action IN ('flag', 'unflag') GROUP BY s.session_id, i.position"""
        ).fetchall()
    deletions = [row for row in judged if row["action"] == "delete"]
    reviewed = frozenset(row["sample_id"] for row in judged)
    deleted = frozenset(row["sample_id"] for row in deletions if row["verdict"] == "confirm")
    unverified = frozenset(row["sample_id"] for row in deletions if row["verdict"] is None) - deleted
    return ReviewState(
        reviewed=len(reviewed),
        kept=reviewed - deleted - unverified,
        deleted=deleted,
        unverified=unverified,
        flagged=frozenset(row["sample_id"] for row in flags if row["action"] == "flag"),
    )


def _statements() -> Iterator[str]:
    statement = ""
    for line in Path(__file__).with_suffix(".sql").read_text(encoding="utf-8").splitlines():
        statement += line + "\n"
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _check(connection: sqlite3.Connection, path: Path) -> None:
    found = _version(connection)
    if found != VERSION:
        raise UserError(f"{path}: decision log of version {found}, this release reads {VERSION}")
