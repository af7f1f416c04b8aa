"""Append-only logs in SQLite: what people did, which cannot be computed again.

A log's tables, and the triggers that refuse every UPDATE, DELETE and REPLACE, stand in an ``.sql`` file.
"""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perception20k.core.errors import UserError

_NAME = re.compile(r"^CREATE (TABLE|INDEX|VIEW|TRIGGER) (\w+)", re.MULTILINE)


@dataclass(frozen=True)
class EventLog:
    """A kind of log."""

    schema: Path
    """The ``.sql`` file that makes its tables."""
    version: int
    """Of the tables; stored as the database's ``user_version``."""
    what: str
    """Its name in errors, such as "decision log"."""
    lacking: str = "no such log"
    """What to say where there is none, and..."""
    remedy: str = ""
    """...what to do about it."""

    def connect(self, path: Path) -> sqlite3.Connection:
        """Open the log at ``path`` for appending; create it if it is missing.

        The connection is in autocommit mode (write inside :func:`transaction`), may be handed between threads,
        and returns :class:`sqlite3.Row`. Every commit is on the disk before it returns (WAL, synchronous FULL).

        Raises:
            UserError: the file is not such a log, or is one of another version.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
        connection.row_factory = sqlite3.Row
        with self._checked(connection, path, " Move it away to start a new one"):
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = FULL")
            connection.execute("PRAGMA foreign_keys = ON")
            with transaction(connection):
                if _version(connection) == 0 and not connection.execute("SELECT 1 FROM sqlite_schema").fetchone():
                    for statement in self._statements():
                        connection.execute(statement)
                    connection.execute(f"PRAGMA user_version = {self.version}")
                elif _version(connection) == self.version:
                    self._grow(connection)
        return connection

    def connect_to_read(self, path: Path, *, threads: bool = False) -> sqlite3.Connection:
        """Open the log at ``path`` read-only; nothing is created or written, not even beside it.

        With ``threads`` the connection may be handed between threads.

        Raises:
            UserError: the file is missing, is not such a log, or is one of another version.
        """
        if not path.is_file():
            raise UserError(f"{path}: {self.lacking}", self.remedy)
        # Without a -wal file nobody is writing, and SQLite need not make one for us (it would, even to read).
        live = path.with_name(path.name + "-wal").exists()
        uri = path.resolve().as_uri() + ("?mode=ro" if live else "?mode=ro&immutable=1")
        connection = sqlite3.connect(uri, uri=True, isolation_level=None, timeout=30, check_same_thread=not threads)
        connection.row_factory = sqlite3.Row
        with self._checked(connection, path):
            return connection

    def _statements(self) -> Iterator[str]:
        statement = ""
        for line in self.schema.read_text(encoding="utf-8").splitlines():
            statement += line + "\n"
            if sqlite3.complete_statement(statement):
                yield statement
                statement = ""

    def _grow(self, connection: sqlite3.Connection) -> None:
        """Give a log of an earlier release what was added since: whole tables, and views over what there is."""
        there = {row["name"] for row in connection.execute("SELECT name FROM sqlite_schema")}
        made = {_NAME.findall(statement)[0][1]: statement for statement in self._statements()}
        if made.keys() <= there:
            return
        for name, statement in made.items():
            is_view = _NAME.findall(statement)[0][0] == "VIEW"
            if is_view:
                connection.execute(f"DROP VIEW IF EXISTS {name}")
            if is_view or name not in there:
                connection.execute(statement)

    @contextmanager
    def _checked(self, connection: sqlite3.Connection, path: Path, more: str = "") -> Iterator[None]:
        """Refuse what is not such a log of this version once the block is done; then the connection is closed."""
        try:
            yield
            found = _version(connection)
            if found != self.version:
                raise UserError(f"{path}: {self.what} of version {found}, this release reads {self.version}")
        except sqlite3.DatabaseError as error:
            connection.close()
            raise UserError(f"{path}: {error}", f"Is it a {self.what}?{more}") from None
        except UserError:
            connection.close()
            raise


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


def insert(connection: sqlite3.Connection, table: str, row: Mapping[str, Any]) -> int:
    """Add a row by its columns, those left out being NULL; its number."""
    names, marks = ", ".join(row), ", ".join("?" * len(row))
    return connection.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(row.values())).lastrowid or 0


def _version(connection: sqlite3.Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])
