"""Beginning a session, and finding the one to resume.

Every function works inside the caller's transaction on the log.
"""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Iterable, Sequence
from typing import Any

from annotate_app.people.refusal import ProtocolRefusal
from annotate_app.review.batch import compose
from annotate_app.review.dataset import Dataset
from annotate_app.review.log import ReviewLog
from annotate_app.review.protocol import Settings
from annotate_app.review.session import Item, Session
from perception20k import __version__


def current(log: ReviewLog, dataset: Dataset, reviewer: str, now: float) -> Session | None:
    """This person's unfinished review. One that has samples the dataset no longer has is given up."""
    found = None
    for session in log.counting(now):
        if session.reviewer == reviewer and not session.finished:
            if _is_whole(session, dataset):
                found = session
            else:
                log.give_up(session, now)
    return found


def taken(live: Iterable[Session]) -> set[str]:
    """The samples that somebody has judged or is judging; ``live`` is :meth:`ReviewLog.counting`."""
    return {sample for session in live for sample in session.positions}


def begin_review(
    log: ReviewLog, dataset: Dataset, settings: Settings, reviewer: str, conditions: dict[str, str], now: float
) -> Session:
    """Begin a review of the weakest samples that nobody has, or of somebody else's batch.

    Raises:
        ProtocolRefusal: no sample is left (``empty``).
    """
    live = log.counting(now)
    shared = _batch_to_share(dataset, live, reviewer) if settings.overlap else None
    if shared is not None:
        chosen = [sample for sample in shared.positions if sample in dataset.samples]
    else:
        gone = taken(live)
        chosen = [sample for sample in dataset.samples if sample not in gone][: settings.batch]
    if not chosen:
        raise ProtocolRefusal("empty", "Every sample has been judged or is being judged, so nothing is left.")
    log.give_up_lapsed(now)  # once others have its samples, no late decision may bring a session back
    seed = secrets.randbits(63)
    about = {
        "version": __version__,
        "batch": len(chosen),
        "shares": shared.session_id if shared else None,
        "dataset": len(dataset.samples),
        "removed_beforehand": len(dataset.removed),
        "lapse_minutes": settings.lapse,
        "catches": settings.catches,
        "repeats": settings.repeats,
        "conditions": conditions,
    }
    items = compose(dataset, chosen, settings, seed)
    return _begin(log, "review", None, reviewer, seed, now, about, items)


def begin_verification(log: ReviewLog, dataset: Dataset, review: Session, reviewer: str, now: float) -> Session:
    """Show the deletions of a finished review again: resume where ``reviewer`` stopped, or begin.

    When none is waiting, the reviewer's own verification comes back, so that it can be changed.

    Raises:
        ProtocolRefusal: the review is not finished (``unfinished``) or has no deletion waiting (``nothing``).
    """
    if review.kind != "review" or not review.finished:
        raise ProtocolRefusal("unfinished", "Deletions are verified after the session, once every sample is judged.")
    waiting = log.pending(review)
    own = [session for session in log.verifications(review) if session.reviewer == reviewer]
    own.sort(key=lambda session: session.unjudged() > 0)  # of the last begun, one with something left to do
    for session in reversed(own):
        if (session.unjudged() or not waiting) and _is_whole(session, dataset):
            return session
    if not waiting:
        raise ProtocolRefusal("nothing", "No deletion of this session is waiting to be verified.")
    shown = [review.items[review.positions[sample]] for sample in waiting]
    about = {"version": __version__}
    return _begin(log, "verify", review.session_id, reviewer, review.seed, now, about, shown)


def _batch_to_share(dataset: Dataset, live: Sequence[Session], reviewer: str) -> Session | None:
    """The oldest batch of others that this person has not had, as far as it is still there."""
    batches = [(session, dataset.samples.keys() & session.positions.keys()) for session in live]
    had = [batch for session, batch in batches if session.reviewer == reviewer]
    others = (session for session, batch in batches if session.reviewer != reviewer and batch and batch not in had)
    return next(others, None)


def _is_whole(session: Session, dataset: Dataset) -> bool:
    """Whether the dataset still has every sample of the session."""
    return all(item.sample_id in dataset.samples for item in session.items)


def _begin(
    log: ReviewLog,
    kind: str,
    verifies: str | None,
    reviewer: str,
    seed: int,
    now: float,
    about: dict[str, Any],
    items: Sequence[Item],
) -> Session:
    row = {"session_id": str(uuid.uuid4()), "kind": kind, "verifies": verifies, "reviewer": reviewer, "seed": seed}
    session = Session({**row, "opened_at": now, "about": about}, items)
    log.add_session(session)
    return session
