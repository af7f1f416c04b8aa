"""Storing what a reviewer did: each event is checked against the protocol in the transaction that stores it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from annotate_app.people.refusal import Malformed, ProtocolRefusal
from annotate_app.review.dataset import Dataset
from annotate_app.review.log import ReviewLog
from annotate_app.review.protocol import dataset_cap, session_cap
from annotate_app.review.schemas import Event
from annotate_app.review.session import Item, Session

_ON_ITEM = {
    "review": {"accept", "delete", "flag", "unflag", "comment", "skip"},
    "verify": {"confirm", "restore", "flag", "unflag", "comment", "skip"},
}
_ON_DECISION = {"review": {"undo", "reason"}, "verify": {"undo"}}
_ON_SESSION = {
    "review": {"open", "offer", "pause", "resume", "away", "finish", "give_back"},
    "verify": {"open", "offer", "pause", "resume", "away"},
}

_WAY_OUT = {
    "delete": "Accept it, or undo a deletion.",
    "undo": "Undoing this would delete the sample again.",
    "confirm": "Restore this one.",
}
"""Actions that can add a deletion, and the advice to give when the limit refuses it."""


@dataclass(frozen=True)
class EventWriter:
    """Writes the events of one tab to one session of the log.

    ``sent_at`` is the page's clock and ``now`` the server's, both in seconds: an event counts at its age, so
    that one which waited for the network counts when the key was pressed.
    """

    log: ReviewLog
    session: Session
    dataset: Dataset
    tab: str
    sent_at: float
    now: float

    def check_form(self, events: Iterable[Event]) -> None:
        """Check what can be checked of events whatever the state of their session.

        Raises:
            Malformed: one does not fit the session, or has the identifier of another event.
        """
        seen: dict[str, tuple[Any, ...]] = {}
        for event in events:
            self._check_form(event)
            itself = (self.session.session_id, event.action, event.position)
            if seen.setdefault(event.id, self._stored(event.id) or itself) != itself:
                raise Malformed("an identifier was used for two events")

    def append(self, event: Event) -> None:
        """Store an event that :meth:`check_form` let pass; storing it a second time changes nothing.

        Raises:
            ProtocolRefusal: the protocol does not allow it now; nothing is stored.
        """
        if self._stored(event.id):
            return
        at = max(self.session.signed_at, self.now - self._age(event))
        if self.session.has_lapsed(at):
            raise ProtocolRefusal("lapsed", self._why_lapsed(at))
        if self.session.kind == "review" and self.session.finished:
            raise ProtocolRefusal("finished", "This session is finished; its decisions stand.")
        self._check_state(event)
        self._store(event, at)

    def _why_lapsed(self, at: float) -> str:
        session = self.session
        if at > session.opened_at + session.sitting_seconds:
            why = f"A sitting lasts at most {session.sitting_seconds / 3600:g} hours, pauses included"
        elif session.paused and not session.given_up:
            why = f"The pause was longer than {session.pause_seconds / 60:g} minutes"
        elif session.given_up and at <= session.lapses_at:
            why = "It was given up"
        else:
            why = f"More than {session.about['lapse_minutes']:g} minutes passed without a key"
        return f"{why}: this session does not count, and its samples are free for others."

    def _age(self, event: Event) -> float:
        """Seconds since the key was pressed, as the page reports it; believed up to the length of a pause."""
        age = max(0.0, self.sent_at - event.at)
        return min(age, self.session.pause_seconds) if self.session.kind == "review" else age

    def _stored(self, event_id: str) -> tuple[Any, ...] | None:
        query = "SELECT session_id, action, position FROM events WHERE event_id = ?"
        row = self.log.connection.execute(query, (event_id,)).fetchone()
        return None if row is None else tuple(row)

    def _check_form(self, event: Event) -> None:
        kind, action = self.session.kind, event.action
        if action in _ON_ITEM[kind]:
            if event.position is None or event.target is not None:
                raise Malformed(f"{action} is on an item")
            if event.position >= len(self.session.items):
                raise Malformed(f"the session has no item {event.position}")
        elif action in _ON_DECISION[kind]:
            if event.target is None or event.position is not None:
                raise Malformed(f"{action} is on a decision")
        elif action in _ON_SESSION[kind]:
            if event.position is not None or event.target is not None:
                raise Malformed(f"{action} is on no item")
        else:
            raise Malformed(f"{action} has no place in a {kind} session")
        if (action == "reason") != (event.value is not None):
            raise Malformed("a reason explains a deletion")
        if (action == "comment") != (event.text is not None):
            raise Malformed("a comment has words")
        if (action == "open") != (event.display is not None):
            raise Malformed("a page says what it opened on")

    def _check_state(self, event: Event) -> None:
        position = event.position
        if event.action == "undo":
            last = self.session.decisions[-1] if self.session.decisions else None
            if last is None or last.event_id != event.target:
                raise ProtocolRefusal("undo", "Only the latest decision can be undone.")
            position = last.position
        elif event.action == "reason":
            decision = self.session.find(event.target)
            if decision is None or decision.action != "delete":
                raise ProtocolRefusal("reason", "Only a deletion can have a reason.")
        elif event.action == "skip" and self._is_showable(self.session.items[position or 0]):
            raise ProtocolRefusal("whole", "The server has this image whole, so it is not skipped. R loads it again.")
        elif event.action == "finish" and self.session.unjudged():
            left = self.session.unjudged()
            items = "item of this session is" if left == 1 else "items of this session are"
            raise ProtocolRefusal("unfinished", f"{left} {items} not judged yet.")
        if event.action in _WAY_OUT and position is not None:
            self._check_caps(event.action, position)

    def _is_showable(self, item: Item) -> bool:
        """Only an item whose image cannot be shown may be skipped."""
        return self.dataset.is_showable(item.sample_id, undistorted=item.role == "undistorted")

    def _check_caps(self, action: str, position: int) -> None:
        """Refuse what brings the deletions over a limit, or further over it.

        The deletions of a lapsed session count, because a late decision may still revive it; once others need
        their place, the session is given up for good.
        """
        of_session, of_dataset = self.log.would_delete(self.session, action, position)
        if of_session:
            cap = session_cap(self.session.about["batch"])
            if self.session.deletions >= cap:
                # Without their number, which would tell how many of the images are hidden trials.
                words = "All deletions of this session are used" if cap else "A session this small allows no deletion"
                raise _refusal("session_cap", words, action)
        limit = dataset_cap(len(self.dataset.samples))
        if of_dataset and len(self.log.deleted) >= limit:
            if self.log.give_up_lapsed(self.now, but=self.session):
                return self._check_caps(action, position)
            words = f"All {limit} deletions that the dataset allows are used, by all reviewers together"
            raise _refusal("dataset_cap", words, action)

    def _store(self, event: Event, at: float) -> None:
        self.log.add_event(
            {
                **event.model_dump(exclude={"id", "at", "display", "text"}),
                "value": event.display.model_dump_json() if event.display else event.text or event.value,
                "event_id": event.id,
                "session_id": self.session.session_id,
                "tab": self.tab,
                "at": at,
                "received_at": self.now,
                "key_at": event.at,
            }
        )


def _refusal(code: str, words: str, action: str) -> ProtocolRefusal:
    return ProtocolRefusal(code, f"{words}: 80 % or more are kept. {_WAY_OUT[action]}")
