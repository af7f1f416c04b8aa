"""What the page needs to show a session and to go on with it. It cannot tell a trial from a sample."""

from __future__ import annotations

import math
from typing import Any

from annotate_app.review.dataset import Dataset
from annotate_app.review.log import ReviewLog
from annotate_app.review.protocol import session_cap
from annotate_app.review.session import Session
from annotate_app.review.words import plain, question


def page_state(log: ReviewLog, dataset: Dataset, session: Session, now: float) -> dict[str, Any]:
    """The session as JSON: its items, the decisions that stand, its limits in seconds and how far they are used."""
    review = log.find(session.verifies) if session.verifies else None
    items = []
    for item in session.items:
        sample = dataset.samples[item.sample_id]
        deletion = review and review.standing(review.positions[item.sample_id])
        items.append(
            {
                "object": plain(item.object),
                "label": plain(item.label),
                "question": question(item.label),
                "box": sample.box,
                "width": sample.width,
                "height": sample.height,
                "severity": sample.severity,
                "whole": sample.is_whole,
                "reason": deletion.reason if deletion else None,
            }
        )
    return {
        "session": session.session_id,
        "kind": session.kind,
        "reviewer": session.reviewer,
        "opened_at": session.opened_at,
        "finished": session.finished,
        # Of all that is shown, or it would tell how many are hidden trials. The server counts samples alone.
        "cap": session_cap(len(session.items)) if review is None else None,
        "limits": _limits(session, now) if review is None else None,
        "worked": now - session.rested_at(now) if review is None else 0.0,
        "verifies": session.verifies,
        "items": items,
        "decisions": [
            {"id": d.event_id, "position": d.position, "action": d.action, "reason": d.reason}
            for d in session.decisions
        ],
        "flags": sorted(session.flags),
        "skipped": sorted(session.skipped),
        "comments": session.comments,
    }


def _limits(session: Session, now: float) -> dict[str, float | None]:
    """How long a review may rest, pause and last altogether, and how long it has rested and lasted; in seconds."""
    sitting = session.sitting_seconds
    return {
        "lapse": session.lapse_seconds,
        "pause": session.pause_seconds,
        "sitting": sitting if math.isfinite(sitting) else None,
        "idle": now - session.signed_at,
        "sat": now - session.opened_at,
    }
