"""Beginning a session, and finding the one to resume.

Every function works inside the caller's transaction on the log.
"""

from __future__ import annotations

import math
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
from perception20k.core.seeding import keyed_rng


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
    return {sample for session in live for sample in session.held()}


def begin_review(
    log: ReviewLog, dataset: Dataset, settings: Settings, reviewer: str, conditions: dict[str, str], now: float
) -> Session:
    """Begin a review of the weakest samples that nobody has, with a part or all of what somebody else has.

    Raises:
        ProtocolRefusal: no sample is left (``empty``, with ``free_in`` in seconds if some may come free).
    """
    live = log.counting(now)
    seed = secrets.randbits(63)
    shared = _batch_to_share(dataset, live, reviewer) if settings.overlap >= 1 else None
    if shared is not None:
        chosen = [sample for sample in shared.held() if sample in dataset.samples]
    else:
        chosen = _choose(log, dataset, settings, live, reviewer, seed)
    if not chosen:
        raise _nothing_left(log, live, now)
    log.give_up_lapsed(now)  # once others have its samples, no late decision may bring a session back
    about = {
        "version": __version__,
        "batch": len(chosen),
        "shares": shared.session_id if shared else None,
        "dataset": len(dataset.samples),
        "removed_beforehand": len(dataset.removed),
        "lapse_minutes": settings.lapse,
        "sitting_minutes": 60 * settings.sitting,
        "catches": settings.catches,
        "repeats": settings.repeats,
        "overlap": settings.overlap,
        "notes_served": True,
        "conditions": conditions,
    }
    items = compose(dataset, chosen, settings, seed)
    return _begin(log, "review", None, reviewer, seed, now, about, items)


def _choose(
    log: ReviewLog, dataset: Dataset, settings: Settings, live: Sequence[Session], reviewer: str, seed: int
) -> list[str]:
    """The weakest free samples, and a drawn part of what others have; none if nothing is free.

    With the hidden trials and repeats there are no more than the session was said to have. A sample whose image
    could not be shown is left out until it can.
    """
    held = [set(session.held()) for session in live]
    own = {sample for session in live if session.reviewer == reviewer for sample in session.positions}
    gone = set().union(*held)
    free = [
        sample
        for sample in dataset.samples
        if sample not in gone and (sample not in log.broken or dataset.is_showable(sample))
    ]
    if not free:
        return []
    hidden = settings.catches + settings.repeats
    size = max(1, int(settings.size(len(dataset.samples)) / (1 + hidden) + 1e-9))
    once = sorted(sample for sample in gone - own - log.broken if sample in dataset.samples)
    count = min(round(settings.overlap * size), len(once)) if settings.overlap < 1 else 0
    drawn = keyed_rng(seed, "overlap").choice(len(once), count, replace=False)
    return [*free[: size - count], *(once[k] for k in drawn)]


def _nothing_left(log: ReviewLog, live: Sequence[Session], now: float) -> ProtocolRefusal:
    words = "Every sample has been judged or is being judged, so nothing is left."
    facts = {}
    waiting = [session for session in live if not session.finished]
    if waiting:
        facts["free_in"] = max(0.0, min(session.lapses_at for session in waiting) - now)
        samples = sum(session.unjudged() for session in waiting)
        minutes = max(1, math.ceil(facts["free_in"] / 60))
        words += (
            f" {samples} are in sessions that are not finished. If a reviewer has stopped, they come free in "
            f"{minutes} min at the earliest, or as soon as the session is given back."
        )
    if log.broken:
        words += f" {len(log.broken)} cannot be shown, because their files are missing or damaged: tell whoever leads."
    return ProtocolRefusal("empty", words, **facts)


def begin_verification(
    log: ReviewLog, dataset: Dataset, review: Session, reviewer: str, now: float, *, own: bool
) -> Session:
    """Show the deletions of a finished review again: resume where ``reviewer`` stopped, or begin.

    When none is waiting, the reviewer's own verification comes back, so that it can be changed. ``own`` allows
    reviewers to verify what they deleted themselves.

    Raises:
        ProtocolRefusal: the review is not finished (``unfinished``), has no deletion waiting (``nothing``), or is the
            reviewer's own (``own``).
    """
    if review.kind != "review" or not review.finished:
        raise ProtocolRefusal("unfinished", "Deletions are verified after the session, once every sample is judged.")
    if review.reviewer == reviewer and not own:
        raise ProtocolRefusal("own", "These deletions are your own, so somebody else verifies them.")
    waiting = log.pending(review)
    begun = [session for session in log.verifications(review) if session.reviewer == reviewer]
    begun.sort(key=lambda session: session.unjudged() > 0)  # of the last begun, one with something left to do
    for session in reversed(begun):
        if (session.unjudged() or not waiting) and _is_whole(session, dataset):
            return session
    if not waiting:
        raise ProtocolRefusal("nothing", "No deletion of this session is waiting to be verified.")
    shown = [review.items[review.positions[sample]] for sample in waiting]
    about = {"version": __version__}
    return _begin(log, "verify", review.session_id, reviewer, review.seed, now, about, shown)


def begin_adjudication(log: ReviewLog, review: Session, sample_id: str, lead: str, now: float, *, own: bool) -> Session:
    """The lead's own verification of a finished review that has a sample, begun if there is none.

    Raises:
        ProtocolRefusal: the review is the lead's own (``own``) and ``own`` does not allow that.
    """
    if review.reviewer == lead and not own:
        raise ProtocolRefusal("own", "This deletion is your own, so somebody else verifies it.")
    for session in log.verifications(review):
        if session.reviewer == lead and sample_id in session.positions:
            return session
    shown = [review.items[review.positions[sample]] for sample in review.deleted_samples()]
    return _begin(log, "verify", review.session_id, lead, review.seed, now, {"version": __version__}, shown)


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
