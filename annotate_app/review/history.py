"""The log as rows: the decisions that stand in finished reviews, and the facts of each session.

An event is a row of the log. A decision is an event that accepts, deletes, confirms or restores and that no undo
took back; the last one on an item stands. The verdict on a deletion is what its verification decided.
"""

from __future__ import annotations

import json
import sqlite3
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from annotate_app.review.log import ReviewLog
from annotate_app.review.session import Session


@dataclass(frozen=True)
class DecisionRow:
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


def decision_rows(log: ReviewLog) -> list[DecisionRow]:
    """The decisions that stand in all finished reviews that are not set aside, in the order the items were shown."""
    return [row for review in log.reviews() if review.set_aside is None for row in decisions_of(log, review)]


def decisions_of(log: ReviewLog, review: Session) -> list[DecisionRow]:
    """The decisions that stand in one review, in the order the items were shown; none before it is finished."""
    rows = []
    for position, item in enumerate(review.items if review.finished else ()):
        decision = review.standing(position)
        if decision is not None:
            deletion = item.role == "sample" and decision.action == "delete"
            verdict = log.verdict(review, item.sample_id) if deletion else None
            words = (decision.action, decision.reason, verdict, decision.dwell_ms)
            rows.append(DecisionRow(review.session_id, review.reviewer, position, item.sample_id, item.role, *words))
    return rows


def session_rows(log: sqlite3.Connection, session_id: str | None = None) -> list[dict[str, Any]]:
    """One row per session, reviews and verifications: who, when, on what, under which conditions.

    With ``session_id`` that session's alone. ``seconds`` is from the first event to the last without the pauses,
    ``away_seconds`` the part of it that the page was out of focus.
    """
    query = "SELECT * FROM sessions WHERE ?1 IS NULL OR session_id = ?1 ORDER BY opened_at, rowid"
    rows = []
    for session in log.execute(query, (session_id,)).fetchall():
        events = log.execute(
            "SELECT * FROM events WHERE session_id = ? "
            "AND action NOT IN ('lapse', 'set_aside', 'reinstate') ORDER BY seq",
            (session["session_id"],),
        ).fetchall()
        about = json.loads(session["about"])
        opened = [json.loads(e["value"]) for e in events if e["action"] == "open"]
        pauses = _pauses(events)
        span = events[-1]["at"] - events[0]["at"] if events else 0.0
        rows.append(
            {
                **{key: session[key] for key in ("session_id", "kind", "verifies", "reviewer", "opened_at")},
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
