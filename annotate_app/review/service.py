"""The review of one dataset: everything the routes ask for.

What is written goes through one connection and one lock, a transaction each: it takes about a millisecond, and
events are stored in the order they arrive. What is only read has a connection and a state of its own, so that no
report keeps a key press waiting. The clock is a parameter, so that tests can let half an hour pass.
"""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from annotate_app.people import lease
from annotate_app.people.refusal import ProtocolRefusal, Unknown
from annotate_app.review import sessions
from annotate_app.review.dataset import Dataset
from annotate_app.review.event_writer import EventWriter
from annotate_app.review.log import ReviewLog
from annotate_app.review.protocol import Settings, session_cap
from annotate_app.review.schemas import Events
from annotate_app.review.session import Item, Session
from perception20k.core.event_log import transaction
from perception20k.dataset.decisions import connect, connect_to_read


class Review:
    """A dataset, its log of decisions, and the rules between them. Safe to call from several threads."""

    def __init__(self, dataset: Dataset, settings: Settings, now: Callable[[], float] = time.time) -> None:
        """Open the dataset's log; ``now`` gives seconds since 1970."""
        self.dataset, self.settings, self._now = dataset, settings, now
        self._lock, self._reading = threading.Lock(), threading.Lock()
        self._connection = connect(dataset.layout.decisions)
        self.log = ReviewLog(self._connection, dataset.samples)
        self._copy: ReviewLog | None = None

    def close(self) -> None:
        """Close the log, merging its write-ahead file into it."""
        with self._lock, self._reading:
            if self._copy is not None:
                self._copy.connection.close()
            self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[float]:
        """A transaction on :attr:`log`; gives the time."""
        with self._lock:
            seen = self.log.seen
            try:
                with transaction(self._connection):
                    yield self._now()
            except BaseException:
                if self.log.seen != seen:  # rolled back
                    self.log = ReviewLog(self._connection, self.dataset.samples)
                raise

    @contextmanager
    def reading(self) -> Iterator[ReviewLog]:
        """The log as it is now, to read only. Nobody who writes waits for it."""
        with self._reading:
            if self._copy is None:
                path = self.dataset.layout.decisions
                self._copy = ReviewLog(connect_to_read(path, threads=True), self.dataset.samples)
            else:
                self._copy.catch_up()
            yield self._copy

    def overview(self) -> dict[str, Any]:
        """For the start page: what is free, what waits for verification, what was removed beforehand."""
        with self.reading() as log:
            live = log.counting(self._now())
            waiting = [
                {
                    "session": session.session_id,
                    "reviewer": session.reviewer,
                    "opened_at": session.opened_at,
                    "deletions": len(log.pending(session)),
                }
                for session in live
                if session.finished
            ]
            return {
                "samples": len(self.dataset.samples),
                "free": len(self.dataset.samples.keys() - sessions.taken(live)),
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
            lease.claim(self._connection, reviewer, tab, now)
            if verifies is not None:
                reviewed = self.log.find(verifies)
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
            lease.claim(self._connection, session.reviewer, batch.tab, now)
            samples = len(self.dataset.samples)
            writer = EventWriter(self.log, session, samples, batch.tab, batch.sent_at, now)
            writer.check_form(batch.events)
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
            act(self._connection, session.reviewer, tab, now)

    def item(self, session_id: str, position: int, reviewer: str | None) -> Item:
        """One item of a session, by its place. It waits for nobody: images are not held up by decisions.

        Raises:
            Unknown: no such session or item, or not this reviewer's.
        """
        items = self._own(session_id, reviewer).items
        if position >= len(items) or items[position].sample_id not in self.dataset.samples:
            raise Unknown
        return items[position]

    def train(self, reviewer: str, answers: list[Any]) -> None:
        """Note that a reviewer has gone through the training round."""
        with self.writing() as now:
            self._connection.execute(
                "INSERT INTO training (reviewer, at, answers) VALUES (?, ?, ?)",
                (reviewer, now, json.dumps(answers)),
            )

    def _is_trained(self, reviewer: str) -> bool:
        query = "SELECT 1 FROM training WHERE reviewer = ?"
        return self._connection.execute(query, (reviewer,)).fetchone() is not None

    def _own(self, session_id: str, reviewer: str | None) -> Session:
        session = self.log.find(session_id)
        if reviewer is not None and session.reviewer != reviewer:
            raise Unknown
        return session

    def _state(self, session: Session, now: float) -> dict[str, Any]:
        """What the page needs to show a session and to go on with it. It cannot tell a trial from a sample."""
        review = self.log.find(session.verifies) if session.verifies else None
        items = []
        for item in session.items:
            sample = self.dataset.samples[item.sample_id]
            deletion = review and review.standing(review.positions[item.sample_id])
            items.append(
                {
                    "object": item.object,
                    "label": item.label,
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
            "cap": session_cap(session.about["batch"]) if session.kind == "review" else None,
            "worked": now - session.rested_at(now) if session.kind == "review" else 0.0,
            "verifies": session.verifies,
            "items": items,
            "decisions": [
                {"id": d.event_id, "position": d.position, "action": d.action, "reason": d.reason}
                for d in session.decisions
            ],
            "flags": sorted(session.flags),
        }
