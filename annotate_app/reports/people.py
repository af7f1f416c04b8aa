"""How each review went: pace, signs of care, training, and whether it counts. For the report and for the lead."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from annotate_app.review.care import RED, Care, care_of, training_score
from annotate_app.review.log import ReviewLog
from annotate_app.review.session import Session


@dataclass(frozen=True)
class ReviewRow:
    """One review."""

    session_id: str
    reviewer: str
    opened_at: float
    state: str
    """``under way``, ``finished``, ``given up``, or ``set aside: ...`` with the reason."""
    items: int
    decided: int
    deleted: int
    seconds_each: float | None
    """Median time on an image."""
    care: Care
    red: list[str]
    """What is over the lead's limits, in words."""
    training: float | None
    """Share of the lessons that its reviewer answered rightly at once."""


def review_rows(log: ReviewLog, red: Mapping[str, float] | None = None) -> list[ReviewRow]:
    """All reviews, oldest first; ``red`` are the lead's limits, the usual ones if not given."""
    scores = training_scores(log)
    rows = []
    for review in log.reviews():
        care = care_of(review)
        looks = [d.dwell_ms for d in review.decisions if d.dwell_ms is not None]
        rows.append(
            ReviewRow(
                session_id=review.session_id,
                reviewer=review.reviewer,
                opened_at=review.opened_at,
                state=state_of(review),
                items=len(review.items),
                decided=len({d.position for d in review.decisions}),
                deleted=review.deletions,
                seconds_each=median(looks) / 1000 if looks else None,
                care=care,
                red=care.beyond(RED if red is None else red),
                training=scores.get(review.reviewer),
            )
        )
    return rows


def training_scores(log: ReviewLog) -> dict[str, float]:
    """By reviewer, the share of lessons answered rightly at once in the last training round."""
    rows = log.connection.execute("SELECT reviewer, answers FROM training ORDER BY seq")
    scores = {row["reviewer"]: training_score(json.loads(row["answers"])) for row in rows}
    return {reviewer: score for reviewer, score in scores.items() if score is not None}


def state_of(session: Session) -> str:
    """How a session stands, in words."""
    if session.set_aside is not None:
        return f"set aside: {session.set_aside}"
    return "given up" if session.given_up else "finished" if session.finished else "under way"
