"""The journal of finished items: what makes a killed build resume where it was.

One SQLite file keeps each item's result under its key, the digest of everything the result depends on. A
result is written in one transaction when the item is done, so a killed run loses at most the items in flight.
"""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any


class Journal:
    """Results by (stage, key). One process writes; results are JSON-able values."""

    def __init__(self, path: Path | None) -> None:
        """Open the file, made if it is not there; None keeps nothing, for a look at what would be done."""
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
        self._db = sqlite3.connect(path or ":memory:", isolation_level=None)
        self._db.execute("PRAGMA journal_mode=WAL")
        self._db.execute("PRAGMA synchronous=FULL")
        self._db.execute(
            "CREATE TABLE IF NOT EXISTS results(stage TEXT, key TEXT, value TEXT, PRIMARY KEY(stage, key))"
        )

    def get(self, stage: str, key: str) -> Any | None:
        """The result of an item, or None if it has not been done."""
        row = self._db.execute("SELECT value FROM results WHERE stage=? AND key=?", (stage, key)).fetchone()
        return None if row is None else json.loads(row[0])

    def put(self, stage: str, results: Iterable[tuple[str, Any]]) -> None:
        """Record results, all or none."""
        rows = [(stage, key, json.dumps(value)) for key, value in results]
        self._db.execute("BEGIN IMMEDIATE")
        self._db.executemany("INSERT OR REPLACE INTO results VALUES (?, ?, ?)", rows)
        self._db.execute("COMMIT")

    def close(self) -> None:
        """Close the file."""
        self._db.close()
