"""Sessions in the log: beginning one, finding the one to resume, telling whether it still counts.

Every function works inside the caller's transaction on the log.
"""

from __future__ import annotations

import json
import secrets
import sqlite3
import uuid
from collections.abc import Iterable, Mapping
from dataclasses import astuple, dataclass
from typing import Any

from annotate_app.review.batch import Item, compose
from annotate_app.review.dataset import Dataset
from annotate_app.review.protocol import PAUSE_TIMES, Settings
from annotate_app.review.refusal import ProtocolRefusal, Unknown
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

    @property
    def lapse_seconds(self) -> float:
        """Longest time of a review without a key, outside a pause."""
        return 60 * float(self.about["lapse_minutes"])

    @property
    def pause_seconds(self) -> float:
        """Longest pause of a review; a longer one ends the sitting."""
        return PAUSE_TIMES * self.lapse_seconds


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
    """When a person last did something in a session, and whether that was to begin a pause.

    What the page notes by itself is no sign: that it was out of focus, or offered a pause.
    """
    row = log.execute(
        """SELECT at, action FROM events WHERE session_id = ? AND action NOT IN ('away', 'offer')
           ORDER BY seq DESC LIMIT 1""",
        (session.session_id,),
    ).fetchone()
    return (session.opened_at, False) if row is None else (row["at"], row["action"] == "pause")


def rested_at(log: sqlite3.Connection, session: Session, now: float) -> float:
    """When the session began, or its last pause ended: by whatever came next, at the latest now."""
    pause = log.execute(
        "SELECT max(seq) FROM events WHERE session_id = ? AND action = 'pause'", (session.session_id,)
    ).fetchone()[0]
    if pause is None:
        return session.opened_at
    after = log.execute(
        "SELECT min(at) FROM events WHERE session_id = ? AND seq > ? AND action NOT IN ('away', 'offer')",
        (session.session_id, pause),
    ).fetchone()[0]
    return now if after is None else float(after)


def has_lapsed(log: sqlite3.Connection, session: Session, now: float) -> bool:
    """Whether a review was left for too long to be one sitting, or has been given up for that."""
    if session.kind != "review" or is_finished(log, session):
        return False
    if is_given_up(log, session):
        return True
    at, paused = last_sign(log, session)
    return now - at > (session.pause_seconds if paused else session.lapse_seconds)


def counting(log: sqlite3.Connection, now: float) -> list[Session]:
    """The reviews that count or still may: finished, or open and not lapsed. Oldest first."""
    return [session for session in reviews(log) if not has_lapsed(log, session, now)]


def current(log: sqlite3.Connection, dataset: Dataset, reviewer: str, now: float) -> Session | None:
    """This person's unfinished review. One that has samples the dataset no longer has is given up."""
    found = None
    for session in counting(log, now):
        if session.reviewer == reviewer and not is_finished(log, session):
            if _is_whole(log, dataset, session):
                found = session
            else:
                _give_up(log, session, now)
    return found


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
        ProtocolRefusal: no sample is left (``empty``).
    """
    give_up_lapsed(log, now)  # once others have its samples, no late decision may bring a session back
    live = counting(log, now)
    shared = _batch_to_share(log, dataset, live, reviewer) if settings.overlap else None
    if shared is not None:
        chosen = [sample for sample in samples_of(log, shared) if sample in dataset.samples]
    else:
        taken = {sample for session in live for sample in samples_of(log, session)}
        chosen = [sample for sample in dataset.samples if sample not in taken][: settings.batch]
    if not chosen:
        raise ProtocolRefusal("empty", "Every sample has been judged or is being judged, so nothing is left.")
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
    """Show the deletions of a finished review again: resume where ``reviewer`` stopped, or begin.

    When none is waiting, the reviewer's own verification comes back, so that it can be changed.

    Raises:
        ProtocolRefusal: the review is not finished (``unfinished``) or has no deletion waiting (``nothing``).
    """
    if session.kind != "review" or not is_finished(log, session):
        raise ProtocolRefusal("unfinished", "Deletions are verified after the session, once every sample is judged.")
    waiting = pending(log, dataset, session)
    rows = log.execute(
        """SELECT *, EXISTS (
             SELECT 1 FROM items AS i WHERE i.session_id = s.session_id AND NOT EXISTS (
               SELECT 1 FROM standing AS d WHERE d.session_id = i.session_id AND d.position = i.position)) AS open
           FROM sessions AS s WHERE verifies = ? AND reviewer = ? ORDER BY open DESC, rowid DESC""",
        (session.session_id, reviewer),
    )
    for row in rows.fetchall():
        own = _session({name: row[name] for name in row.keys() if name != "open"})  # noqa: SIM118
        if (row["open"] or not waiting) and _is_whole(log, dataset, own):
            return own
    if not waiting:
        raise ProtocolRefusal("nothing", "No deletion of this session is waiting to be verified.")
    shown = {row["sample_id"]: row for row in items_of(log, session) if row["role"] == "sample"}
    words = ("object", "label", "image_sha256")
    items = [Item(sample, "sample", *(shown[sample][word] for word in words)) for sample in waiting]
    about = {"version": __version__}
    check = Session(str(uuid.uuid4()), "verify", session.session_id, reviewer, session.seed, now, about)
    return _write(log, check, items)


def pending(log: sqlite3.Connection, dataset: Dataset, session: Session) -> list[str]:
    """Samples that a review deleted and nobody has confirmed or restored, in the order they were shown.

    Samples that the dataset no longer has are left out.
    """
    rows = log.execute(
        """SELECT i.sample_id FROM items AS i JOIN standing AS d USING (session_id, position)
           LEFT JOIN verdicts AS v ON v.session_id = i.session_id AND v.sample_id = i.sample_id
           WHERE i.session_id = ? AND i.role = 'sample' AND d.action = 'delete' AND v.action IS NULL
           ORDER BY i.position""",
        (session.session_id,),
    )
    return [row["sample_id"] for row in rows if row["sample_id"] in dataset.samples]


def samples_of(log: sqlite3.Connection, session: Session) -> list[str]:
    """The samples of a session's batch, trials and repeats aside."""
    return [row["sample_id"] for row in items_of(log, session) if row["role"] == "sample"]


def items_of(log: sqlite3.Connection, session: Session) -> list[sqlite3.Row]:
    """The session's rows of ``items``, in the order shown."""
    query = "SELECT * FROM items WHERE session_id = ? ORDER BY position"
    return log.execute(query, (session.session_id,)).fetchall()


def _batch_to_share(
    log: sqlite3.Connection, dataset: Dataset, live: Iterable[Session], reviewer: str
) -> Session | None:
    """The oldest batch of others that this person has not had, as far as it is still there."""
    batches = [(session, dataset.samples.keys() & set(samples_of(log, session))) for session in live]
    had = [batch for session, batch in batches if session.reviewer == reviewer]
    others = (s for s, batch in batches if s.reviewer != reviewer and batch and batch not in had)
    return next(others, None)


def reviews(log: sqlite3.Connection) -> list[Session]:
    """All reviews, whatever became of them, oldest first."""
    rows = log.execute("SELECT * FROM sessions WHERE kind = 'review' ORDER BY opened_at, rowid")
    return [_session(row) for row in rows.fetchall()]


def _is_whole(log: sqlite3.Connection, dataset: Dataset, session: Session) -> bool:
    """Whether the dataset still has every sample of the session."""
    return all(row["sample_id"] in dataset.samples for row in items_of(log, session))


def is_given_up(log: sqlite3.Connection, session: Session) -> bool:
    """Whether the log says for good that a review does not count."""
    query = "SELECT 1 FROM events WHERE session_id = ? AND action = 'lapse'"
    return log.execute(query, (session.session_id,)).fetchone() is not None


def give_up_lapsed(log: sqlite3.Connection, now: float, but: Session | None = None) -> int:
    """Give up every review that has lapsed, except ``but``; how many there were."""
    lapsed = [s for s in reviews(log) if s != but and has_lapsed(log, s, now) and not is_given_up(log, s)]
    for session in lapsed:
        _give_up(log, session, now)
    return len(lapsed)


def _give_up(log: sqlite3.Connection, session: Session, now: float) -> None:
    """Note for good that a review does not count: its samples go to others."""
    log.execute(
        """INSERT INTO events (event_id, session_id, tab, action, at, received_at)
           VALUES (?, ?, 'server', 'lapse', ?, ?)""",
        (str(uuid.uuid4()), session.session_id, now, now),
    )


def _write(log: sqlite3.Connection, session: Session, items: Iterable[Item]) -> Session:
    row = (*astuple(session)[:-1], json.dumps(session.about))
    log.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)", row)
    rows = ((session.session_id, position, *astuple(item)) for position, item in enumerate(items))
    log.executemany("INSERT INTO items VALUES (?, ?, ?, ?, ?, ?, ?)", rows)
    return session


def _session(row: Mapping[str, Any] | sqlite3.Row) -> Session:
    return Session(**{**dict(row), "about": json.loads(row["about"])})
