"""Sessions in the log: beginning one, finding the one to go on with, telling whether it still counts.

Every function works inside the caller's transaction on the log.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import uuid
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from typing import Any

from annotate_app.batch import Item, compose
from annotate_app.dataset import Dataset
from annotate_app.protocol import Settings
from annotate_app.refusal import Refused, Unknown
from perception20k import __version__


@dataclass(frozen=True)
class Session:
    """A row of the log's ``sessions``."""

    session_id: str
    kind: str
    verifies: str | None
    reviewer: str
    seed: int
    opened_at: float
    about: dict[str, Any]


def find(log: sqlite3.Connection, session_id: str) -> Session:
    """The session of that id.

    Raises:
        Unknown: there is none.
    """
    row = log.execute("SELECT * FROM sessions WHERE session_id = ?", (session_id,)).fetchone()
    if row is None:
        raise Unknown
    return _session(row)


def is_finished(log: sqlite3.Connection, session: Session) -> bool:
    """Whether the session was brought to its end."""
    query = "SELECT 1 FROM events WHERE session_id = ? AND action = 'finish'"
    return log.execute(query, (session.session_id,)).fetchone() is not None


def last_sign(log: sqlite3.Connection, session: Session) -> tuple[float, bool]:
    """When something last happened in a session, and whether that was the beginning of a pause.

    The page being out of focus is nothing happening.
    """
    row = log.execute(
        "SELECT at, action FROM events WHERE session_id = ? AND action <> 'away' ORDER BY seq DESC LIMIT 1",
        (session.session_id,),
    ).fetchone()
    return (session.opened_at, False) if row is None else (row["at"], row["action"] == "pause")


def rested_at(log: sqlite3.Connection, session: Session) -> float:
    """When the session began, or its last pause ended."""
    row = log.execute(
        "SELECT max(at) FROM events WHERE session_id = ? AND action = 'resume'", (session.session_id,)
    ).fetchone()
    return session.opened_at if row[0] is None else float(row[0])


def has_lapsed(log: sqlite3.Connection, session: Session, settings: Settings, now: float) -> bool:
    """Whether a review was left for so long that it is no longer one sitting."""
    if session.kind != "review" or is_finished(log, session):
        return False
    at, paused = last_sign(log, session)
    return now - at > (settings.pause_seconds if paused else settings.lapse_seconds)


def counting(log: sqlite3.Connection, settings: Settings, now: float) -> list[Session]:
    """The reviews that count or still may: finished, or open and not lapsed. Oldest first."""
    rows = log.execute("SELECT * FROM sessions WHERE kind = 'review' ORDER BY opened_at, rowid")
    return [s for s in map(_session, rows.fetchall()) if not has_lapsed(log, s, settings, now)]


def current(log: sqlite3.Connection, reviewer: str, settings: Settings, now: float) -> Session | None:
    """The review that this person is in the middle of."""
    own = [s for s in counting(log, settings, now) if s.reviewer == reviewer and not is_finished(log, s)]
    return own[-1] if own else None


def begin_review(
    log: sqlite3.Connection,
    dataset: Dataset,
    settings: Settings,
    reviewer: str,
    conditions: dict[str, str],
    now: float,
) -> Session:
    """Begin a review of the weakest samples that nobody has, or of somebody else's batch.

    Raises:
        Refused: nothing is left to judge (``empty``).
    """
    live = counting(log, settings, now)
    shared = _batch_to_share(log, live, reviewer) if settings.overlap else None
    if shared is not None:
        chosen = [sample for sample in samples_of(log, shared) if sample in dataset.samples]
    else:
        taken = {sample for session in live for sample in samples_of(log, session)}
        chosen = [sample for sample in dataset.samples if sample not in taken][: settings.batch]
    if not chosen:
        raise Refused("empty", "Every sample has been judged or is being judged; nothing is left.")
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
    session = Session(str(uuid.uuid4()), "review", None, reviewer, seed, now, about)
    return _write(log, session, compose(dataset, chosen, settings, seed))


def begin_verification(
    log: sqlite3.Connection, dataset: Dataset, session: Session, reviewer: str, now: float
) -> Session:
    """Show the deletions of a finished review again: go on where ``reviewer`` stopped, or begin.

    Raises:
        Refused: the review is not finished (``unfinished``) or has no deletion that waits (``nothing``).
    """
    if session.kind != "review" or not is_finished(log, session):
        raise Refused("unfinished", "Deletions are verified after the session, when all of it is judged.")
    waiting = [sample for sample in pending(log, session) if sample in dataset.samples]
    if not waiting:
        raise Refused("nothing", "No deletion of this session waits to be verified.")
    begun = log.execute(
        """SELECT * FROM sessions AS s WHERE verifies = ? AND reviewer = ? AND EXISTS (
             SELECT 1 FROM items AS i WHERE i.session_id = s.session_id AND NOT EXISTS (
               SELECT 1 FROM standing AS d WHERE d.session_id = i.session_id AND d.position = i.position))
           ORDER BY rowid DESC""",
        (session.session_id, reviewer),
    ).fetchone()
    if begun is not None:
        return _session(begun)
    shown = {row["sample_id"]: row for row in items_of(log, session) if row["role"] == "sample"}
    words = ("object", "label", "image_sha256")
    items = [Item(sample, "sample", *(shown[sample][word] for word in words)) for sample in waiting]
    about = {"version": __version__}
    check = Session(str(uuid.uuid4()), "verify", session.session_id, reviewer, session.seed, now, about)
    return _write(log, check, items)


def pending(log: sqlite3.Connection, session: Session) -> list[str]:
    """Samples that a review deleted and nobody has confirmed or restored, in the order they were shown."""
    rows = log.execute(
        """SELECT i.sample_id FROM items AS i JOIN standing AS d USING (session_id, position)
           LEFT JOIN verdicts AS v ON v.session_id = i.session_id AND v.sample_id = i.sample_id
           WHERE i.session_id = ? AND i.role = 'sample' AND d.action = 'delete' AND v.action IS NULL
           ORDER BY i.position""",
        (session.session_id,),
    )
    return [row["sample_id"] for row in rows]


def samples_of(log: sqlite3.Connection, session: Session) -> list[str]:
    """The samples of a session's batch, trials and repeats aside."""
    return [row["sample_id"] for row in items_of(log, session) if row["role"] == "sample"]


def items_of(log: sqlite3.Connection, session: Session) -> list[sqlite3.Row]:
    """The session's rows of ``items``, in the order shown."""
    query = "SELECT * FROM items WHERE session_id = ? ORDER BY position"
    return log.execute(query, (session.session_id,)).fetchall()


def _batch_to_share(log: sqlite3.Connection, live: Iterable[Session], reviewer: str) -> Session | None:
    """The oldest batch of others that this person has not had."""
    live = list(live)
    had = [set(samples_of(log, s)) for s in live if s.reviewer == reviewer]
    others = (s for s in live if s.reviewer != reviewer)
    return next((s for s in others if set(samples_of(log, s)) not in had), None)


def _write(log: sqlite3.Connection, session: Session, items: Iterable[Item]) -> Session:
    row = (*astuple(session)[:-1], json.dumps(session.about))
    log.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    rows = ((session.session_id, position, *astuple(item)) for position, item in enumerate(items))
    log.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    return session


def _session(row: sqlite3.Row) -> Session:
    return Session(**{**dict(row), "about": json.loads(row["about"])})
