"""The decision log with its present state in memory: read once, then kept up to date by each row that is added.

Nothing is counted by reading the log again, so a decision costs the same at 200 samples and at 20,000.
"""

from __future__ import annotations

import json
import sqlite3
import uuid
from collections.abc import Container, Iterator, Mapping, Sequence
from typing import Any

from annotate_app.people.refusal import Unknown
from annotate_app.review.session import DECISIONS, Decision, Item, Session
from perception20k.core.event_log import insert
from perception20k.dataset.decisions import has_served

_ITEM = ("sample_id", "role", "object", "label", "image_sha256")
_EVENT = (
    "seq",
    "event_id",
    "session_id",
    "action",
    "position",
    "target",
    "value",
    "at",
    "key_at",
    "painted_at",
    "dwell_ms",
)


class ReviewLog:
    """All sessions of a log, and the samples that stand deleted in them.

    One thread at a time may use it. Write inside :func:`perception20k.core.event_log.transaction`; after a
    rollback the state is wrong and must be read again, by a new instance.

    Attributes:
        sessions: by id, oldest first.
        deleted: how many reviews each sample of the dataset stands deleted in, unless that was restored; reviews
            that were given up or set aside do not count. A sample is in it only if there is one.
        broken: samples whose file was missing or damaged when it was last to be sent.
    """

    def __init__(self, connection: sqlite3.Connection, samples: Container[str]) -> None:
        """Read the log behind ``connection``; ``samples`` are the ids that the dataset has."""
        self.connection, self._samples = connection, samples
        self.sessions: dict[str, Session] = {}
        self.deleted: dict[str, int] = {}
        self.broken: set[str] = set()
        self._rowid = self._seq = self._sent = 0
        self._verifications: dict[str, list[Session]] = {}
        self.catch_up()

    @property
    def seen(self) -> tuple[int, int, int]:
        """The numbers of the last session, event and sent image that the state knows; they only grow."""
        return self._rowid, self._seq, self._sent

    def catch_up(self) -> None:
        """Read what another connection has added to the log since."""
        self.connection.execute("BEGIN")  # one moment of the log for all three tables
        try:
            self._read()
        finally:
            self.connection.execute("ROLLBACK")

    def _read(self) -> None:
        new = self.connection.execute("SELECT rowid, * FROM sessions WHERE rowid > ? ORDER BY rowid", (self._rowid,))
        shared: dict[str, str] = {}  # the same words and ids are in thousands of rows
        for row in new.fetchall():
            query = f"SELECT {', '.join(_ITEM)} FROM items WHERE session_id = ? ORDER BY position"
            rows = self.connection.execute(query, (row["session_id"],))
            items = [Item(*(shared.setdefault(word, word) for word in words)) for words in rows]
            self._add(Session({**dict(row), "about": json.loads(row["about"])}, items), row["rowid"])
        query = f"SELECT {', '.join(_EVENT)} FROM events WHERE seq > ? ORDER BY seq"
        for row in self.connection.execute(query, (self._seq,)):
            self._apply(dict(row))
        if has_served(self.connection):
            for row in self.connection.execute("SELECT * FROM served WHERE seq > ? ORDER BY seq", (self._sent,)):
                self._note_sent(row["seq"], row["session_id"], row["position"], row["at"], row["image_sha256"])

    def find(self, session_id: str) -> Session:
        """The session of that id.

        Raises:
            Unknown: there is none.
        """
        try:
            return self.sessions[session_id]
        except KeyError:
            raise Unknown from None

    def reviews(self) -> Iterator[Session]:
        """All reviews, whatever became of them, oldest first."""
        return (session for session in self.sessions.values() if session.kind == "review")

    def counting(self, now: float) -> list[Session]:
        """The reviews that count or still may: finished and not set aside, or open and not lapsed. Oldest first."""
        return [review for review in self.reviews() if review.set_aside is None and not review.has_lapsed(now)]

    def verifications(self, review: Session) -> Sequence[Session]:
        """The sessions that verify a review's deletions, oldest first."""
        return self._verifications.get(review.session_id, ())

    def verdict(
        self, review: Session, sample_id: str, but: Session | None = None, instead: Decision | None = None
    ) -> str | None:
        """``confirm`` or ``restore``: the last word on a deletion that was shown again, None if there is none.

        Or what it would be if in session ``but`` the decision ``instead`` stood.
        """
        words = [instead] if instead is not None else []
        for session in self.verifications(review):
            position = session.positions.get(sample_id)
            if session is not but and position is not None:
                decision = session.standing(position)
                words += [decision] if decision is not None else []
        return max(words, key=lambda decision: decision.seq).action if words else None

    def pending(self, review: Session) -> list[str]:
        """Deletions of a review that nobody has confirmed or restored, in the order shown.

        Samples that the dataset no longer has are left out.
        """
        deleted = (sample for sample in review.deleted_samples() if sample in self._samples)
        return [sample for sample in deleted if self.verdict(review, sample) is None]

    def would_delete(self, session: Session, action: str, position: int) -> tuple[bool, bool]:
        """What a decision on an item, or an undo of the decision that stands there, would add.

        Returns:
            Whether the session would have one more deletion, and whether the dataset would.
        """
        item = session.items[position]
        if item.role != "sample":
            return False, False
        below = session.below(position) if action == "undo" else None
        new = item.sample_id in self._samples and item.sample_id not in self.deleted
        if session.kind == "review":
            after = below.action if below is not None else action
            adds = after == "delete" and not session.stands_deleted(position)
            return adds, adds and new
        review = self.sessions[session.verifies or ""]
        verdict = self.verdict(review, item.sample_id, session, below) if action == "undo" else action
        stands = review.stands_deleted(review.positions[item.sample_id])
        return False, stands and verdict != "restore" and new

    def add_session(self, session: Session) -> None:
        """Store a new session and its items."""
        names = ("session_id", "kind", "verifies", "reviewer", "seed", "opened_at")
        row = {name: getattr(session, name) for name in names} | {"about": json.dumps(session.about)}
        rowid = insert(self.connection, "sessions", row)
        for position, item in enumerate(session.items):
            shown = {name: getattr(item, name) for name in _ITEM}
            insert(self.connection, "items", {"session_id": session.session_id, "position": position, **shown})
        self._add(session, rowid)

    def add_event(self, row: Mapping[str, Any]) -> None:
        """Store an event; ``row`` has columns of ``events``, those left out are NULL."""
        seq = insert(self.connection, "events", row)
        self._apply({**dict.fromkeys(_EVENT), **row, "seq": seq})

    def add_sent(self, session_id: str, position: int, at: float, digest: str | None) -> None:
        """Note that an image was sent, or with no digest that its file could not be."""
        row = {"session_id": session_id, "position": position, "at": at, "image_sha256": digest}
        self._note_sent(insert(self.connection, "served", row), session_id, position, at, digest)

    def give_up(self, session: Session, now: float) -> None:
        """Note for good that a review does not count: its samples are free for others."""
        self.note(session, "lapse", now)

    def note(self, session: Session, action: str, now: float, value: str | None = None, by: str = "server") -> None:
        """Store an event about a whole session that its reviewer did not make; ``by`` says who did."""
        row = {"event_id": str(uuid.uuid4()), "session_id": session.session_id, "tab": by, "action": action}
        self.add_event({**row, "value": value, "at": now, "received_at": now})

    def give_up_lapsed(self, now: float, but: Session | None = None) -> int:
        """Give up every review that has lapsed, except ``but``; how many there were."""
        lapsed = [s for s in self.reviews() if s is not but and not s.given_up and s.has_lapsed(now)]
        for session in lapsed:
            self.give_up(session, now)
        return len(lapsed)

    def _add(self, session: Session, rowid: int) -> None:
        self.sessions[session.session_id] = session
        self._rowid = rowid
        if session.verifies is not None:
            self._verifications.setdefault(session.verifies, []).append(session)

    def _note_sent(self, seq: int, session_id: str, position: int, at: float, digest: str | None) -> None:
        session = self.sessions[session_id]
        self._sent = seq
        item = session.items[position]
        if digest is None:
            self.broken.add(item.sample_id)
        else:
            session.served.setdefault(position, at)
            if item.role != "undistorted":
                self.broken.discard(item.sample_id)

    def _apply(self, event: Mapping[str, Any]) -> None:
        session = self.sessions[event["session_id"]]
        review, samples = self._touched(session, event)
        before = {sample: self._counts(review, sample) for sample in samples}
        session.apply(event)
        self._seq = event["seq"]
        for sample, counted in before.items():
            count = self.deleted.get(sample, 0) + self._counts(review, sample) - counted
            if count:
                self.deleted[sample] = count
            else:
                self.deleted.pop(sample, None)

    def _touched(self, session: Session, event: Mapping[str, Any]) -> tuple[Session, Sequence[str]]:
        """The review and its samples whose deletion an event may change."""
        review = session if session.verifies is None else self.sessions[session.verifies]
        if event["action"] in ("lapse", "give_back", "set_aside", "reinstate"):
            return review, list(review.deleted_samples())
        position = event["position"] if event["action"] in DECISIONS else None
        if event["action"] == "undo":
            decision = session.find(event["target"])
            position = None if decision is None else decision.position
        if position is None or session.items[position].role != "sample":
            return review, ()
        return review, (session.items[position].sample_id,)

    def _counts(self, review: Session, sample_id: str) -> bool:
        if review.given_up or review.set_aside is not None or sample_id not in self._samples:
            return False
        return review.stands_deleted(review.positions[sample_id]) and self.verdict(review, sample_id) != "restore"
