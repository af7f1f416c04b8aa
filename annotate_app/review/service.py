"""The review of one dataset: everything the routes ask for, each a transaction on the log.

One connection and one lock: a write takes about a millisecond, and events are stored in the order they arrive.
The clock is a parameter, so that tests can let half an hour pass.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from annotate_app.review import history, lease, sessions
from annotate_app.review.dataset import Dataset
from annotate_app.review.event_writer import EventWriter
from annotate_app.review.protocol import Settings, session_cap
from annotate_app.review.refusal import ProtocolRefusal, Unknown
from annotate_app.review.schemas import Events
from annotate_app.review.sessions import Session
from perception20k.dataset.decisions import connect, transaction


class Review:
    """A dataset, its log of decisions, and the rules between them. Safe to call from several threads."""

    def __init__(self, dataset: Dataset, settings: Settings, now: Callable[[], float] = time.time) -> None:
        """Open the dataset's log; ``now`` gives seconds since 1970."""
        self.dataset, self.settings, self._now = dataset, settings, now
        self._lock = threading.Lock()
        self.log = connect(dataset.layout.decisions)

    def close(self) -> None:
        """Close the log, folding its write-ahead file into it."""
        with self._lock:
            self.log.close()

    @contextmanager
    def writing(self) -> Iterator[float]:
        """A transaction; gives the time."""
        with self._lock, transaction(self.log):
            yield self._now()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """The log, with nobody writing meanwhile."""
        with self._lock:
            yield self.log

    def overview(self) -> dict[str, Any]:
        """For the start page: what is free, what waits for verification, what was removed beforehand."""
        with self.writing() as now:
            live = sessions.counting(self.log, now)
            taken = {sample for session in live for sample in sessions.samples_of(self.log, session)}
            waiting = [
                {
                    "session": session.session_id,
                    "reviewer": session.reviewer,
                    "opened_at": session.opened_at,
                    "deletions": len(sessions.pending(self.log, self.dataset, session)),
                }
                for session in live
                if sessions.is_finished(self.log, session)
            ]
            return {
                "samples": len(self.dataset.samples),
                "free": len(self.dataset.samples.keys() - taken),
                "batch": self.settings.batch,
                "waiting": [row for row in waiting if row["deletions"]],
                "removed": self.dataset.removed,
            }

    def open(self, reviewer: str, tab: str, conditions: dict[str, str], verifies: str | None) -> dict[str, Any]:
        """Resume or begin a session and take the lease for ``tab``.

        Raises:
            ProtocolRefusal: another tab has the lease, the training is not done, nothing is left.
            Unknown: there is no session ``verifies``.
        """
        with self.writing() as now:
            if self.settings.training and not self._is_trained(reviewer):
                raise ProtocolRefusal("training", "Take the training round first.")
            lease.claim(self.log, reviewer, tab, now)
            if verifies is not None:
                reviewed = sessions.find(self.log, verifies)
                session = sessions.begin_verification(self.log, self.dataset, reviewed, reviewer, now)
            else:
                found = sessions.current(self.log, self.dataset, reviewer, now)
                session = found or sessions.begin_review(
                    self.log, self.dataset, self.settings, reviewer, conditions, now
                )
            return self._state(session, now)

    def append(self, session_id: str, batch: Events, reviewer: str | None) -> dict[str, Any]:
        """Store events in their order, up to the first that is refused; that one is in the answer.

        Raises:
            ProtocolRefusal: another tab has the lease.
            Unknown: no such session, or not this reviewer's.
            Malformed: an event makes no sense; none of the batch is stored.
        """
        with self.writing() as now:
            session = self._own(session_id, reviewer)
            lease.claim(self.log, session.reviewer, batch.tab, now)
            samples = self.dataset.samples.keys()
            writer = EventWriter(self.log, session, samples, batch.tab, batch.sent_at, now)
            stored: list[str] = []
            answer: dict[str, Any] = {"stored": stored}
            for event in batch.events:
                try:
                    writer.append(event)
                except ProtocolRefusal as refusal:
                    answer |= {**refusal.as_json(), "event": event.id}
                    break
                stored.append(event.id)
            return answer

    def keep_lease(self, session_id: str, tab: str, release: bool, reviewer: str | None) -> None:
        """A heartbeat of a tab, or its closing.

        Raises:
            ProtocolRefusal: another tab has the lease.
            Unknown: no such session, or not this reviewer's.
        """
        with self.writing() as now:
            session = self._own(session_id, reviewer)
            act = lease.release if release else lease.claim
            act(self.log, session.reviewer, tab, now)

    def item(self, session_id: str, position: int, reviewer: str | None) -> sqlite3.Row:
        """One item of a session, by its place.

        Raises:
            Unknown: no such session or item, or not this reviewer's.
        """
        with self.reading() as log:
            self._own(session_id, reviewer)
            row: sqlite3.Row | None = log.execute(
                "SELECT * FROM items WHERE session_id = ? AND position = ?", (session_id, position)
            ).fetchone()
        if row is None or row["sample_id"] not in self.dataset.samples:
            raise Unknown
        return row

    def train(self, reviewer: str, answers: list[Any]) -> None:
        """Note that a reviewer has gone through the training round."""
        with self.writing() as now:
            self.log.execute(
                "INSERT INTO training (reviewer, at, answers) VALUES (?, ?, ?)",
                (reviewer, now, json.dumps(answers)),
            )

    def _is_trained(self, reviewer: str) -> bool:
        query = "SELECT 1 FROM training WHERE reviewer = ?"
        return self.log.execute(query, (reviewer,)).fetchone() is not None

    def _own(self, session_id: str, reviewer: str | None) -> Session:
        session = sessions.find(self.log, session_id)
        if reviewer is not None and session.reviewer != reviewer:
            raise Unknown
        return session

    def _state(self, session: Session, now: float) -> dict[str, Any]:
        """What the page needs to show a session and to go on with it. It cannot tell a trial from a sample."""
        reviewed = history.standing_decisions(self.log, session.verifies or "none")
        reasons = {j.sample_id: j.reason for j in reviewed if j.role == "sample"}
        items = []
        for row in sessions.items_of(self.log, session):
            sample = self.dataset.samples[row["sample_id"]]
            items.append(
                {
                    "object": row["object"],
                    "label": row["label"],
                    "box": sample.box,
                    "width": sample.width,
                    "height": sample.height,
                    "severity": sample.severity,
                    "reason": reasons.get(row["sample_id"]),
                }
            )
        decisions = self.log.execute(
            """SELECT d.event_id AS id, d.position, d.action, (
                 SELECT r.value FROM events AS r WHERE r.target = d.event_id AND r.action = 'reason'
                 ORDER BY r.seq DESC LIMIT 1) AS reason
               FROM decisions AS d WHERE d.session_id = ? ORDER BY d.seq""",
            (session.session_id,),
        )
        flags = self.log.execute(
            """SELECT position, action, max(seq) FROM events
               WHERE session_id = ? AND action IN ('flag', 'unflag') GROUP BY position""",
            (session.session_id,),
        )
        return {
            "session": session.session_id,
            "kind": session.kind,
            "reviewer": session.reviewer,
            "opened_at": session.opened_at,
            "finished": session.kind == "review" and sessions.is_finished(self.log, session),
            "cap": session_cap(session.about["batch"]) if session.kind == "review" else None,
            "worked": now - sessions.rested_at(self.log, session, now) if session.kind == "review" else 0.0,
            "verifies": session.verifies,
            "items": items,
            "decisions": [dict(row) for row in decisions],
            "flags": [row["position"] for row in flags if row["action"] == "flag"],
        }
