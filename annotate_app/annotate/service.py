"""Drawing boxes on pictures, as a group: everything the routes ask for.

What is written goes through one connection and one lock, a transaction each, in the order it arrives. A picture is
given to one person at a time: it stays with them while their tab gives signs of life, ``HOLD_SECONDS`` longer if they
have begun it, and for good once it is done or skipped. The clock is a parameter, so that tests can let time pass.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from annotate_app.annotate.event_writer import append, check_form
from annotate_app.annotate.log import Action, Drawing, DrawingLog, Status, connect
from annotate_app.annotate.pictures import Opened, Picture, too_small
from annotate_app.annotate.proposals import Find, nothing
from annotate_app.annotate.rules import PAGE_KEYS, DrawnObject
from annotate_app.annotate.schemas import Event, Events
from annotate_app.people import lease
from annotate_app.people.refusal import Malformed, ProtocolRefusal, Unknown, until_refused
from perception20k import __version__
from perception20k.config import Filters
from perception20k.core.errors import ItemError
from perception20k.core.event_log import transaction

HOLD_SECONDS = 600.0
"""How long a picture that somebody has begun waits for them after their last sign of life."""

RECENT = 30
"""Pictures of their own that a person can go back to after opening the page again."""


class Annotation:
    """Pictures, the log of what is drawn on them, and the rules between them. Safe to call from several threads.

    Attributes:
        pictures: what may be shown, by id, in the order to show it.
        unusable: ``(origin, why)`` of pictures that could not be shown in this run.
    """

    def __init__(
        self,
        path: Path,
        pictures: Sequence[Picture],
        limits: Filters,
        max_side: int | None = None,
        propose: Find = nothing,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Open the log at ``path``.

        Args:
            path: of the log, made if it is missing.
            pictures: what may be shown, in the order to show it.
            limits: the rules.
            max_side: longest side of a picture that is shown for the first time; longer ones are scaled down.
            propose: the objects a picture starts with, as proposals.
            now: gives seconds since 1970.
        """
        self.limits, self._max_side, self._propose, self._now = limits, max_side, propose, now
        self.pictures: Mapping[str, Picture] = {picture.picture_id: picture for picture in pictures}
        self._lock = threading.Lock()
        self._connection = connect(path)
        self.log = DrawingLog(self._connection)
        self.unusable: dict[str, tuple[str, str]] = {}

    def close(self) -> None:
        """Close the log, merging its write-ahead file into it."""
        with self._lock:
            self._connection.close()

    @contextmanager
    def writing(self) -> Iterator[float]:
        """A transaction on :attr:`log`; gives the time."""
        with self._lock:
            try:
                with transaction(self._connection):
                    yield self._now()
            except (ProtocolRefusal, Unknown, Malformed):  # refused before anything was written
                raise
            except BaseException:
                self.log = DrawingLog(self._connection)
                raise

    def overview(self) -> dict[str, Any]:
        """For the start page: how many pictures there are, and what has become of them."""
        with self._lock:
            status = [d.status for d in self.log.drawings.values() if d.picture_id in self.pictures]
            return {
                "pictures": len(self.pictures),
                "done": status.count("done"),
                "skipped": status.count("skipped"),
                "unusable": list(self.unusable.values()),
            }

    def open(self, reviewer: str, tab: str) -> dict[str, Any]:
        """Begin a session and take the lease for ``tab``.

        Raises:
            ProtocolRefusal: another tab of this person's has the lease.
        """
        with self.writing() as now:
            lease.claim(self._connection, reviewer, tab, now)
            session, rules = self._add_session(reviewer, now), self._rules()
            own = [d for d in self.log.drawings.values() if d.holder == reviewer and d.status != "open"]
            recent = [d.as_json() for d in own if d.picture_id in self.pictures][-RECENT:]
            about = {"session": session, "reviewer": reviewer, "rules": rules, "recent": recent}
            return {**about, "names": self.log.names(), **self._count()}

    def take(self, session: str, tab: str, reviewer: str | None) -> dict[str, Any]:
        """Give a session its next picture: what this person has left open, or one that nobody has.

        Raises:
            ProtocolRefusal: another tab has the lease.
            Unknown: no such session, or not this person's.
        """
        while True:
            with self._lock:
                person = self._own(session, reviewer)
                picture = self._next(person, session)
                if picture is None:
                    return {"picture": None, "names": self.log.names(), **self._count()}
            try:
                opened = self.look_at(picture)  # which takes its time: others go on meanwhile
                if too_small(opened, self.limits):
                    raise ItemError(f"{opened.width}x{opened.height} px, a side under {self.limits.min_side}")
            except (ItemError, OSError) as error:
                self.unusable[picture.picture_id] = (picture.origin, str(error))
                continue
            proposed = [replace(item, proposed=True) for item in self._propose(picture, opened) or ()]
            with self.writing() as now:
                lease.claim(self._connection, person, tab, now)
                if self._next(person, session) is not picture:  # somebody was faster
                    continue
                if picture.picture_id not in self.log.drawings:
                    if twin := self.log.shown_as.get(opened.image_id):
                        self.unusable[picture.picture_id] = (picture.origin, f"the same photo as {twin.origin}")
                        continue
                    self._add(picture, opened, "propose", proposed, "open", session, now)
                self.log.give(picture.picture_id, session, now)
                shown = self.log.drawings[picture.picture_id].as_json()
                return {"picture": shown, "names": self.log.names(), **self._count()}

    def append(self, session: str, batch: Events, reviewer: str | None) -> dict[str, Any]:
        """Store events in their order, up to the first that is refused; that one is in the answer.

        Raises:
            ProtocolRefusal: another tab has the lease.
            Unknown: no such session or picture, or not this person's.
            Malformed: an event makes no sense; none of the batch is stored.
        """
        with self.writing() as now:
            person = self._own(session, reviewer)
            for event in batch.events:
                check_form(self.log, event)
            lease.claim(self._connection, person, batch.tab, now)

            def store(event: Event) -> None:
                if self.log.stored(event.id) is None:
                    row = {"session_id": session, "tab": batch.tab, "received_at": now}
                    row["at"] = now - max(0.0, batch.sent_at - event.at)
                    append(self.log, event, person, self.limits, row)

            return {**until_refused(batch.events, store), **self._count()}

    def begin_import(self, reviewer: str) -> str:
        """A session for what comes from a file, under the name of whoever brings it; its id."""
        with self.writing() as now:
            return self._add_session(reviewer, now)

    def add_import(
        self, session: str, picture: Picture, opened: Opened, objects: Sequence[DrawnObject], status: Status
    ) -> None:
        """Store what a file says of a picture that nobody has been shown."""
        with self.writing() as now:
            self._add(picture, opened, "import", objects, status, session, now)

    def keep_lease(self, session: str, tab: str, release: bool, reviewer: str | None) -> None:
        """A heartbeat of a tab, or its closing.

        Raises:
            ProtocolRefusal: another tab has the lease.
            Unknown: no such session, or not this person's.
        """
        with self.writing() as now:
            act = lease.release if release else lease.claim
            act(self._connection, self._own(session, reviewer), tab, now)

    def image(self, picture_id: str) -> Opened:
        """A picture as it is shown. It waits for nobody.

        Raises:
            Unknown: no such picture, or its file is gone.
        """
        try:
            return self.look_at(self.pictures[picture_id])
        except (KeyError, ItemError, OSError):
            raise Unknown from None

    def look_at(self, picture: Picture) -> Opened:
        """Open a picture in the size in which it was shown before, if it was.

        Raises:
            ItemError, OSError: it cannot be opened, or is not the picture it was.
        """
        drawing = self.log.drawings.get(picture.picture_id)
        opened = picture.open(max(drawing.width, drawing.height) if drawing else self._max_side)
        if drawing and (opened.width, opened.height) != (drawing.width, drawing.height):
            raise ItemError(f"is not the {drawing.width}x{drawing.height} px photo it was when boxes were drawn on it")
        return opened

    def _add_session(self, reviewer: str, now: float) -> str:
        session = str(uuid.uuid4())
        self.log.add_session(session, reviewer, now, {"version": __version__, "rules": self._rules()})
        return session

    def _own(self, session: str, reviewer: str | None) -> str:
        person = self.log.sessions.get(session)
        if person is None or (reviewer is not None and person != reviewer):
            raise Unknown
        return person

    def _next(self, person: str, session: str) -> Picture | None:
        """What to give: first what this person left open in an earlier session, then what nobody has."""
        free = None
        for picture_id, picture in self.pictures.items():
            if picture_id not in self.unusable:
                drawing = self.log.drawings.get(picture_id)
                if drawing is not None and drawing.left_open_by(person, but=session):
                    return picture
                if free is None and self._is_free(drawing):
                    free = picture
        return free

    def _is_free(self, drawing: Drawing | None) -> bool:
        """Whether nobody has a picture: it is new, or whoever was given it has gone."""
        if drawing is None or drawing.holder is None:
            return True
        if drawing.status != "open":
            return False
        left_at = lease.ends_at(self._connection, drawing.holder)
        return left_at + (HOLD_SECONDS if drawing.touched else 0) <= self._now()

    def _add(
        self,
        picture: Picture,
        opened: Opened,
        action: Action,
        objects: Sequence[DrawnObject],
        status: Status,
        session: str,
        now: float,
    ) -> None:
        """Store a picture's first appearance, and what it starts with."""
        original = (opened.original_width, opened.original_height)
        drawing = Drawing(picture.picture_id, picture.origin, opened.width, opened.height, *original)
        self.log.add_picture(drawing, opened.image_id, now)
        if objects or status != "open":
            row = {"event_id": str(uuid.uuid4()), "session_id": session, "tab": "server", "at": now, "received_at": now}
            made = {"picture_id": picture.picture_id, "action": action, "status": status, "objects": objects}
            self.log.add_event({**row, **made})

    def _rules(self) -> dict[str, float]:
        return {key: getattr(self.limits, key) for key in PAGE_KEYS}

    def _count(self) -> dict[str, int]:
        """How far everybody is."""
        finished = sum(d.status != "open" and d.picture_id in self.pictures for d in self.log.drawings.values())
        return {"finished": finished, "pictures": len(self.pictures) - len(self.unusable)}
