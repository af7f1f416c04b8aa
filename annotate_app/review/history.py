"""Reading the log: the decisions that stand in finished reviews, and the facts of each session.

An event is a row of the log. A decision is an event that accepts, deletes, confirms or restores and that no undo
took back; the last one on an item stands. The verdict on a deletion is what its verification decided.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from itertools import pairwise
from typing import Any


@dataclass(frozen=True)
class Decision:
    """A decision that stands, on one item of a finished review."""

    session_id: str
    reviewer: str
    position: int
    sample_id: str
    role: str
    action: str
    """``accept`` or ``delete``."""
    reason: str | None
    verdict: str | None
    """``confirm`` or ``restore``, for a deletion that was shown again."""
    dwell_ms: float | None


def standing_decisions(log: sqlite3.Connection, session_id: str | None = None) -> list[Decision]:
    """The decisions that stand in one finished review, or of all, in the order the items were shown."""
    rows = log.execute(
        """SELECT s.session_id, s.reviewer, i.position, i.sample_id, i.role, d.action, (
             SELECT r.value FROM events AS r WHERE r.target = d.event_id AND r.action = 'reason'
             ORDER BY r.seq DESC LIMIT 1) AS reason,
           CASE WHEN i.role = 'sample' AND d.action = 'delete' THEN v.action END AS verdict, d.dwell_ms
           FROM finished AS s
           JOIN items AS i USING (session_id)
           JOIN standing AS d USING (session_id, position)
           LEFT JOIN verdicts AS v ON v.session_id = s.session_id AND v.sample_id = i.sample_id
           WHERE :session IS NULL OR s.session_id = :session
           ORDER BY s.opened_at, s.session_id, i.position""",
        {"session": session_id},
    )
    return [Decision(**dict(row)) for row in rows]


def session_rows(log: sqlite3.Connection) -> list[dict[str, Any]]:
    """One row per session, reviews and verifications: who, when, on what, under which conditions.

    ``seconds`` is from the first event to the last without the pauses, ``away_seconds`` the part of it that
    the page was out of focus.
    """
    rows = []
    for session in log.execute("SELECT * FROM sessions ORDER BY opened_at, rowid").fetchall():
        events = log.execute(
            "SELECT * FROM events WHERE session_id = ? AND action <> 'lapse' ORDER BY seq", (session["session_id"],)
        ).fetchall()
        about = json.loads(session["about"])
        opened = [json.loads(e["value"]) for e in events if e["action"] == "open"]
        pauses = _pauses(events)
        span = events[-1]["at"] - events[0]["at"] if events else 0.0
        rows.append(
            {
                "session_id": session["session_id"],
                "kind": session["kind"],
                "verifies": session["verifies"],
                "reviewer": session["reviewer"],
                "opened_at": session["opened_at"],
                "order_seed": session["seed"],
                "version": about["version"],
                "batch": about.get("batch"),
                "finished": any(e["action"] == "finish" for e in events),
                "seconds": span - sum(pauses),
                "pauses": len(pauses),
                "pause_seconds": sum(pauses),
                "away_seconds": sum(e["dwell_ms"] or 0 for e in events if e["action"] == "away") / 1000,
                "pages_opened": len(opened),
                "displays": json.dumps(opened),
                "conditions": json.dumps(about.get("conditions", {})),
            }
        )
    return rows


def _pauses(events: list[sqlite3.Row]) -> list[float]:
    """Seconds of each pause; what comes next ends it, the page being out of focus aside."""
    marked = [e for e in events if e["action"] != "away"]
    return [b["at"] - a["at"] for a, b in pairwise(marked) if a["action"] == "pause"]
