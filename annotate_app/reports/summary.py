"""What a reviewer sees at the end of a session: numbers, pictures, and the agreement with others."""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict
from statistics import median
from typing import Any

from annotate_app.people.refusal import ProtocolRefusal, Unknown
from annotate_app.reports.agreement import agreements
from annotate_app.reports.figures import FIGURES
from annotate_app.review.history import decision_rows, decisions_of, session_rows
from annotate_app.review.protocol import session_cap
from annotate_app.review.service import Review


def summarise(review: Review, session_id: str) -> dict[str, Any]:
    """The summary of a finished review.

    Raises:
        ProtocolRefusal: the review is not finished.
        Unknown: there is no such review.
    """
    with review.reading() as log:
        session = log.find(session_id)
        if not session.finished:
            raise ProtocolRefusal("unfinished", "A session has its summary when all of it is judged.")
        everyone = decision_rows(log)
        waiting = len(log.pending(session))
        (facts,) = session_rows(log.connection, session_id)
    own = [d for d in everyone if d.session_id == session_id and d.role == "sample"]
    deleted = [d for d in own if d.action == "delete"]
    dwell = [d.dwell_ms for d in own if d.dwell_ms is not None]
    return {
        "session": session_id,
        "reviewer": session.reviewer,
        "judged": len(own),
        "deleted": len(deleted),
        "cap": session_cap(len(own)),
        "reasons": Counter(d.reason or "" for d in deleted),
        "confirmed": sum(d.verdict == "confirm" for d in deleted),
        "restored": sum(d.verdict == "restore" for d in deleted),
        "waiting": waiting,
        "set_aside": session.set_aside,
        "minutes": facts["seconds"] / 60,
        "pauses": facts["pauses"],
        "seconds_each": median(dwell) / 1000 if dwell else None,
        "agreement": [asdict(a) for a in agreements(everyone) if session.reviewer in a.reviewers],
        "figures": {name: title for name, (title, _) in FIGURES.items()},
    }


def figure_svg(review: Review, session_id: str, name: str) -> str:
    """One of a finished review's figures.

    Raises:
        Unknown: there is no such figure, or no such finished review.
    """
    if name not in FIGURES:
        raise Unknown
    with review.reading() as log:
        decisions = decisions_of(log, log.find(session_id))
    own = [d for d in decisions if d.role == "sample" and d.sample_id in review.dataset.samples]
    if not own:
        raise Unknown
    _, draw = FIGURES[name]
    return draw(own, review.dataset.samples)
