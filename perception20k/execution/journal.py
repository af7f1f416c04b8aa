"""The journal of finished items, which lets a killed build resume.

One SQLite file keeps each item's result under its key, the digest of everything the result depends on. A
result is written in one transaction when the item is done, so a killed run loses at most the items in flight.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from perception20k.core.errors import UserError


class Journal:
    """Results by (stage, key). One process writes; results are JSON-able values."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, created if it is missing; None keeps nothing, for a dry run."""
        self._path = path
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
        with self._sqlite_errors():
            self._db.execute("PRAGMA journal_mode=TRUNCATE")  # not WAL: a dataset may be on a network's disk
            self._db.execute("PRAGMA synchronous=FULL")
            self._db.execute(
                "CREATE TABLE IF NOT EXISTS results(stage TEXT, key TEXT, value TEXT, PRIMARY KEY(stage, key))"
            )

    def get(self, stage: str, key: str) -> Any | None:
        """The result of an item, or None if it is not done."""
        with self._sqlite_errors():
            row = self._db.execute("SELECT value FROM results WHERE stage=? AND key=?", (stage, key)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, stage: str, results: Iterable[tuple[str, Any]]) -> None:
        """Record results, all or none."""
        rows = [(stage, key, json.dumps(value)) for key, value in results]
        with self._sqlite_errors(), self._db:
            self._db.execute("BEGIN IMMEDIATE")
            self._db.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", rows)

    def forget_failures(self, stage: str | None = None) -> int:
        """Remove the failed results of a stage, or of all, so that their items are tried again; returns how many."""
        with self._sqlite_errors():
            return self._db.execute(
                "DELETE FROM results WHERE json_extract(value, '$.error') IS NOT NULL AND (stage = ? OR ? IS NULL)",
                (stage, stage),
            ).rowcount

    def close(self) -> None:
        """Close the file."""
        self._db.close()

    @contextmanager
    def _sqlite_errors(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise UserError(
                f"{self._path}: {error}", "Is the disk full, or the file damaged? Move it away to start over"
            ) from None
