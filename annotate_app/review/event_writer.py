"""Appending what a reviewer did: each event checked against the protocol in the transaction that stores it."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from annotate_app.review.protocol import dataset_cap, session_cap
from annotate_app.review.refusal import Malformed, ProtocolRefusal
from annotate_app.review.schemas import Event
from annotate_app.review.sessions import (
    Session,
    give_up_lapsed,
    has_lapsed,
    is_finished,
    is_given_up,
    last_sign,
    reviews,
)

_ON_ITEM = {
    "review": {"accept", "delete", "flag", "unflag"},
    "verify": {"confirm", "restore", "flag", "unflag"},
}
_ON_DECISION = {"review": {"undo", "reason"}, "verify": {"undo"}}
_ON_SESSION = {
    "review": {"open", "offer", "pause", "resume", "away", "finish"},
    "verify": {"open", "offer", "pause", "resume", "away"},
}


_WAY_OUT = {
    "delete": "Accept this one, or undo a deletion first.",
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

    log: sqlite3.Connection
    session: Session
    samples: Collection[str]
    """Ids of all samples of the dataset that may be shown."""
    tab: str
    sent_at: float
    now: float

    def append(self, event: Event) -> None:
        """Store an event; storing it a second time changes nothing.

        Raises:
            ProtocolRefusal: the protocol does not allow it now; nothing is stored.
            Malformed: it does not fit its session; nothing is stored.
        """
        if self._is_known(event):
            return
        self._check_form(event)
        last, _ = last_sign(self.log, self.session)
        at = max(last, self.now - self._age(event))
        if has_lapsed(self.log, self.session, at):
            raise ProtocolRefusal(
                "lapsed",
                f"More than {self.session.about['lapse_minutes']:g} minutes passed without a key: this session does "
                "not count, and its samples are free for others.",
            )
        if self.session.kind == "review" and is_finished(self.log, self.session):
            raise ProtocolRefusal("finished", "This session is finished; its decisions stand.")
        check = _CHECKS.get(event.action)
        if check is not None:
            check(self, event)
        if event.action in _WAY_OUT:
            self._store_within_caps(event, at)
        else:
            self._store(event, at)

    def _age(self, event: Event) -> float:
        """Seconds since the key was pressed, as the page reports it; believed up to the length of a pause."""
        age = max(0.0, self.sent_at - event.at)
        return min(age, self.session.pause_seconds) if self.session.kind == "review" else age

    def _used(self) -> int:
        """Deletions of this session that count toward its limit: those of trials and repeats do not."""
        row = self.log.execute(
            """SELECT count(*) FROM standing AS d JOIN items AS i USING (session_id, position)
               WHERE d.session_id = ? AND d.action = 'delete' AND i.role = 'sample'""",
            (self.session.session_id,),
        ).fetchone()
        return int(row[0])

    def _is_known(self, event: Event) -> bool:
        row = self.log.execute(
            "SELECT session_id, action, position FROM events WHERE event_id = ?", (event.id,)
        ).fetchone()
        if row is None:
            return False
        if tuple(row) != (self.session.session_id, event.action, event.position):
            raise Malformed("an identifier was used for two events")
        return True

    def _check_form(self, event: Event) -> None:
        kind, action = self.session.kind, event.action
        if action in _ON_ITEM[kind]:
            if event.position is None or event.target is not None:
                raise Malformed(f"{action} is on an item")
            self._item(event.position)
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
        if (action == "open") != (event.display is not None):
            raise Malformed("a page says what it opened on")

    def _item(self, position: int) -> sqlite3.Row:
        row: sqlite3.Row | None = self.log.execute(
            "SELECT * FROM items WHERE session_id = ? AND position = ?", (self.session.session_id, position)
        ).fetchone()
        if row is None:
            raise Malformed(f"the session has no item {position}")
        return row

    def _last_decision(self, position: int | None = None) -> sqlite3.Row | None:
        where = "" if position is None else f" AND position = {position:d}"
        row: sqlite3.Row | None = self.log.execute(
            f"SELECT * FROM decisions WHERE session_id = ?{where} ORDER BY seq DESC LIMIT 1",
            (self.session.session_id,),
        ).fetchone()
        return row

    def _store_within_caps(self, event: Event, at: float) -> None:
        """Store an event unless it takes the deletions over a limit, or further over it.

        The deletions of a lapsed session count, because a late decision may still revive it; once others need
        their place, the session is given up for good.

        Raises:
            ProtocolRefusal: a limit is exceeded; nothing is stored.
        """
        used, deleted = self._used(), self._deleted_everywhere()
        self.log.execute("SAVEPOINT event")
        self._store(event, at)
        refusal = self._over_a_cap(used, len(deleted), _WAY_OUT[event.action])
        if refusal is not None:
            self.log.execute("ROLLBACK TO event")
        self.log.execute("RELEASE event")
        if refusal is not None:
            if give_up_lapsed(self.log, self.now, but=self.session):
                return self._store_within_caps(event, at)
            raise refusal

    def _over_a_cap(self, used_before: int, deleted_before: int, way_out: str) -> ProtocolRefusal | None:
        if self.session.kind == "review":
            cap = session_cap(self.session.about["batch"])
            if self._used() > max(cap, used_before):
                words = f"All {cap} deletions of this session are used" if cap else "A session this small allows none"
                return ProtocolRefusal("session_cap", f"{words}: at least 80 % of its samples are kept. {way_out}")
        limit = dataset_cap(len(self.samples))
        if len(self._deleted_everywhere()) > max(limit, deleted_before):
            words = f"All {limit} deletions that the dataset allows are used, by all reviewers together"
            return ProtocolRefusal("dataset_cap", f"{words}: at least 80 % of its samples are kept. {way_out}")
        return None

    def _deleted_everywhere(self) -> set[str]:
        """Samples that stand deleted in any review that has not been given up."""
        live = {session.session_id for session in reviews(self.log) if not is_given_up(self.log, session)}
        rows = self.log.execute(
            """SELECT d.session_id, i.sample_id FROM standing AS d JOIN items AS i USING (session_id, position)
               LEFT JOIN verdicts AS v ON v.session_id = d.session_id AND v.sample_id = i.sample_id
               WHERE d.action = 'delete' AND i.role = 'sample' AND v.action IS NOT 'restore'"""
        )
        return {row["sample_id"] for row in rows if row["session_id"] in live} & set(self.samples)

    def _check_undo(self, event: Event) -> None:
        last = self._last_decision()
        if last is None or last["event_id"] != event.target:
            raise ProtocolRefusal("undo", "Only the latest decision can be undone.")

    def _check_reason(self, event: Event) -> None:
        found = self.log.execute(
            "SELECT 1 FROM decisions WHERE event_id = ? AND session_id = ? AND action = 'delete'",
            (event.target, self.session.session_id),
        ).fetchone()
        if found is None:
            raise ProtocolRefusal("reason", "Only a deletion can have a reason.")

    def _check_finish(self, event: Event) -> None:
        left = self.log.execute(
            """SELECT count(*) FROM items AS i WHERE i.session_id = ? AND NOT EXISTS (
                 SELECT 1 FROM standing AS d WHERE d.session_id = i.session_id AND d.position = i.position)""",
            (self.session.session_id,),
        ).fetchone()[0]
        if left:
            raise ProtocolRefusal("unfinished", f"{left} items of this session are not judged yet.")

    def _store(self, event: Event, at: float) -> None:
        row: dict[str, Any] = {
            **event.model_dump(exclude={"id", "at", "display"}),
            "value": event.value if event.display is None else event.display.model_dump_json(),
            "event_id": event.id,
            "session_id": self.session.session_id,
            "tab": self.tab,
            "at": at,
            "received_at": self.now,
            "key_at": event.at,
        }
        names = ", ".join(row)
        self.log.execute(f"INSERT INTO events ({names}) VALUES ({', '.join('?' * len(row))})", tuple(row.values()))


_CHECKS: dict[str, Callable[[EventWriter, Event], None]] = {
    "undo": EventWriter._check_undo,
    "reason": EventWriter._check_reason,
    "finish": EventWriter._check_finish,
}
