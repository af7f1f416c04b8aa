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
from collections.abc import Container, Iterable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from perception20k.core.event_log import EventLog

_LOG = EventLog(
    Path(__file__).with_suffix(".sql"),
    version=1,
    what="decision log",
    lacking="no review yet",
    remedy="Start one: perception20k review DATASET",
)

Action = Literal[
    "accept", "delete",  # decisions of a review
    "confirm", "restore",  # decisions of a verification
    "undo", "reason", "flag", "unflag", "comment",
    "skip",  # of an item whose image cannot be shown
    "open", "offer", "pause", "resume", "away", "finish", "give_back",  # of the session, on no item
    "lapse",  # by the server, when it gives the session's samples away
    "set_aside", "reinstate",  # by the server or the lead: whether a finished review counts
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

    def left_out(self, samples: Iterable[str], *, reviewed_only: bool) -> frozenset[str]:
        """Those of these samples that an export leaves out: deleted, and if so wished all that nobody reviewed."""
        gone = self.deleted | self.unverified
        return frozenset(one for one in samples if (one not in self.kept if reviewed_only else one in gone))

    def among(self, samples: Container[str]) -> ReviewState:
        """The outcome for these samples only: a rebuilt dataset may have lost some that were judged."""
        outcomes = (self.kept, self.deleted, self.unverified, self.flagged)
        kept, deleted, unverified, flagged = (frozenset(one for one in ids if one in samples) for ids in outcomes)
        return ReviewState(len(kept | deleted | unverified), kept, deleted, unverified, flagged)


connect, connect_to_read = _LOG.connect, _LOG.connect_to_read
"""Open the log, for appending or only for reading."""


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


def has_served(connection: sqlite3.Connection) -> bool:
    """Whether the log says which images were sent; one that was begun before that, and only read since, does not."""
    return connection.execute("SELECT 1 FROM sqlite_schema WHERE name = 'served'").fetchone() is not None
