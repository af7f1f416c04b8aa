"""The review of one dataset: everything the routes ask for.

What is written goes through one connection and one lock, a transaction each: it takes about a millisecond, and
events are stored in the order they arrive. What is only read has a connection and a state of its own, so that no
report keeps a key press waiting. The clock is a parameter, so that tests can let half an hour pass.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

from annotate_app.people import lease
from annotate_app.people.refusal import ProtocolRefusal, Unknown, Unshowable, until_refused
from annotate_app.review import sessions
from annotate_app.review.care import care_of
from annotate_app.review.dataset import Dataset
from annotate_app.review.event_writer import EventWriter
from annotate_app.review.log import ReviewLog
from annotate_app.review.page_state import page_state
from annotate_app.review.protocol import PAUSE_TIMES, Settings, dataset_cap
from annotate_app.review.schemas import Event, Events
from annotate_app.review.session import Item, Session
from annotate_app.review.words import plain
from perception20k.core.event_log import insert, transaction
from perception20k.core.files import sha256
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
        self._sent: deque[tuple[str, int, float, str]] = deque()  # images sent since the last transaction

    def close(self) -> None:
        """Close the log, merging its write-ahead file into it."""
        with suppress(sqlite3.OperationalError), self.writing():  # what was sent and not yet noted
            pass
        with self._lock, self._reading:
            if self._copy is not None:
                self._copy.connection.close()
            self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[float]:
        """A transaction on :attr:`log`; gives the time."""
        with self._lock:
            seen, sent = self.log.seen, []
            while self._sent:
                sent.append(self._sent.popleft())
            try:
                with transaction(self._connection):
                    for row in sent:
                        self.log.add_sent(*row)
                    yield self._now()
            except BaseException:
                self._sent.extendleft(reversed(sent))
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
            samples = len(self.dataset.samples)
            return {
                "samples": samples,
                "free": len(self.dataset.samples.keys() - sessions.taken(live)),
                "batch": self.settings.size(samples),
                "lapse_minutes": self.settings.lapse,
                "pause_minutes": PAUSE_TIMES * self.settings.lapse,
                "sitting_hours": self.settings.sitting,
                "waiting": [row for row in waiting if row["deletions"]],
                "removed": [(plain(what), why) for what, why in self.dataset.removed],
            }

    def open(self, reviewer: str, tab: str, conditions: dict[str, str], verifies: str | None) -> dict[str, Any]:
        """Resume or begin a session and take the lease for ``tab``.

        Raises:
            ProtocolRefusal: another tab has the lease, the training is not done, nothing is left.
            Unknown: there is no session ``verifies``.
        """
        with self.writing() as now:
            self._check_name(reviewer)
            if self.settings.training and not self._is_trained(reviewer):
                raise ProtocolRefusal("training", "Take the training round first.")
            lease.claim(self._connection, reviewer, tab, now)
            if verifies is not None:
                reviewed = self.log.find(verifies)
                own = self.settings.verify_own
                session = sessions.begin_verification(self.log, self.dataset, reviewed, reviewer, now, own=own)
            else:
                session = sessions.current(self.log, self.dataset, reviewer, now) or sessions.begin_review(
                    self.log, self.dataset, self.settings, reviewer, conditions, now
                )
            return page_state(self.log, self.dataset, session, now)

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
            writer = EventWriter(self.log, session, self.dataset, batch.tab, batch.sent_at, now)
            writer.check_form(batch.events)
            answer = until_refused(batch.events, writer.append)
            if session.finished and session.set_aside is None and "finish" in [event.action for event in batch.events]:
                why = care_of(session).beyond(self.settings.set_aside)
                if why:
                    self.log.note(session, "set_aside", now, "; ".join(why))
            return answer

    def set_aside(self, session_id: str, why: str, by: str) -> None:
        """Note that a finished review does not count, until it is reinstated; ``by`` names who decided so.

        Raises:
            Unknown: there is no such review.
        """
        with self.writing() as now:
            session = self.log.find(session_id)
            if session.kind != "review":
                raise Unknown
            self.log.note(session, "set_aside", now, f"{why} ({by})", "lead")

    def reinstate(self, session_id: str, by: str) -> None:
        """Let a review that was set aside count again; ``by`` names who decided so.

        Raises:
            ProtocolRefusal: its deletions would bring the dataset's over the limit (``dataset_cap``).
            Unknown: there is no such review.
        """
        with self.writing() as now:
            session = self.log.find(session_id)
            self.log.note(session, "reinstate", now, by, "lead")
            limit = dataset_cap(len(self.dataset.samples))
            if len(self.log.deleted) > limit:  # raising takes it back
                words = f"With it {len(self.log.deleted)} samples would stand deleted, more than the dataset allows"
                raise ProtocolRefusal("dataset_cap", f"{words} ({limit}). Restore some of them first.")

    def adjudicate(self, sample_id: str, verdict: str, by: str) -> None:
        """Confirm or restore the deletion of a sample in every finished review that has it; it is the last word.

        Args:
            sample_id: what stands deleted.
            verdict: ``confirm`` or ``restore``.
            by: the lead's name.

        Raises:
            ProtocolRefusal: no finished review deletes it (``nothing``), one that does is the lead's own (``own``), or
                a limit refuses it.
        """
        with self.writing() as now:
            reviews = [
                review
                for review in self.log.counting(now)
                if review.finished and (place := review.positions.get(sample_id)) is not None
                if review.stands_deleted(place)
            ]
            if not reviews:
                raise ProtocolRefusal("nothing", "No finished review deletes this sample.")
            for review in reviews:
                own = self.settings.verify_own
                session = sessions.begin_adjudication(self.log, review, sample_id, by, now, own=own)
                writer = EventWriter(self.log, session, self.dataset, "lead", now, now)
                position = session.positions[sample_id]
                event = {"id": str(uuid.uuid4()), "action": verdict, "at": now, "position": position}
                writer.append(Event.model_validate(event))

    def give_back(self, session_id: str) -> None:
        """Take an unfinished review from its reviewer: its samples are free for others.

        Raises:
            ProtocolRefusal: it is finished (``finished``).
            Unknown: there is no such session.
        """
        with self.writing() as now:
            session = self.log.find(session_id)
            if session.kind != "review" or session.finished:
                raise ProtocolRefusal("finished", "Only a review that is not finished can be given back.")
            self.log.give_up(session, now)

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

    def image(self, session_id: str, position: int, reviewer: str | None) -> bytes:
        """The file of an item, checked against the digest that the session recorded; that it was sent is noted.

        For an undistorted trial it is the source's original file.

        Raises:
            Unknown: no such session or item, or not this reviewer's.
            Unshowable: the file is missing or damaged.
        """
        item = self.item(session_id, position, reviewer)
        try:
            read = self.dataset.source_bytes if item.role == "undistorted" else self.dataset.sample_bytes
            data = read(item.sample_id)
            if sha256(data) != item.image_sha256:
                raise Unshowable("the dataset has another image than when the session began")
        except Unshowable:
            with self.writing() as now:
                self.log.add_sent(session_id, position, now, None)
            raise
        self._sent.append((session_id, position, self._now(), item.image_sha256))
        return data

    def train(self, reviewer: str, answers: list[Any]) -> None:
        """Note that a reviewer has gone through the training round."""
        with self.writing() as now:
            self._check_name(reviewer)
            insert(self._connection, "training", {"reviewer": reviewer, "at": now, "answers": json.dumps(answers)})

    def _check_name(self, reviewer: str) -> None:
        """Refuse a name that differs from a known one by case alone: it would be taken for another person's."""
        query = "SELECT reviewer FROM sessions UNION SELECT reviewer FROM training"
        known = {row["reviewer"] for row in self._connection.execute(query)}
        alike = next((name for name in known if name.casefold() == reviewer.casefold()), reviewer)
        if reviewer not in known and alike != reviewer:
            raise ProtocolRefusal(
                "name", f"There is a reviewer “{alike}”. If that is you, write the name so; otherwise choose another."
            )

    def _is_trained(self, reviewer: str) -> bool:
        query = "SELECT 1 FROM training WHERE reviewer = ?"
        return self._connection.execute(query, (reviewer,)).fetchone() is not None

    def _own(self, session_id: str, reviewer: str | None) -> Session:
        session = self.log.find(session_id)
        if reviewer is not None and session.reviewer != reviewer:
            raise Unknown
        return session
