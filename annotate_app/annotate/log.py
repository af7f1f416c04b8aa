"""The log of drawn boxes with its present state in memory: read once, then kept up to date by each row added."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from collections.abc import Mapping, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from annotate_app.annotate.rules import DrawnObject
from perception20k.core.event_log import EventLog, insert

_LOG = EventLog(
    Path(__file__).with_name("annotations.sql"),
    version=1,
    what="log of drawn boxes",
    lacking="no boxes drawn yet",
    remedy="Draw some: perception20k annotate PHOTOS",
)

PageAction = Literal[
    "draw", "change", "name", "delete", "accept",  # of objects
    "done", "skip", "reopen",  # of the picture
    "undo",
]  # fmt: skip
Action = Literal[
    PageAction,
    "propose", "import",  # by the server: what a picture starts with
]  # fmt: skip
Status = Literal["open", "done", "skipped"]

MOST_NAMES = 500
"""Names that the page completes from."""

_BY_SERVER = ("propose", "import")

STATUS: Mapping[str, Status] = {"done": "done", "skip": "skipped"}
"""What an action makes of its picture; all others leave it open."""


@dataclass(frozen=True)
class Step:
    """What a picture came to by one event."""

    event_id: str
    action: str
    status: Status
    objects: tuple[DrawnObject, ...]

    @property
    def by_hand(self) -> bool:
        """Whether a person did it, who can take it back."""
        return self.action not in _BY_SERVER


@dataclass
class Drawing:
    """A picture somebody was shown, or that was imported.

    ``width`` and ``height`` are those it is shown in, in which its boxes are; the others are the file's. ``steps`` are
    what no undo took back; the last one is how it stands.
    """

    picture_id: str
    origin: str
    width: int
    height: int
    original_width: int
    original_height: int
    holder: str | None = None
    """Whoever was given it last, or drew on it last."""
    session: str | None = None
    """The session it was given to last."""
    steps: list[Step] = field(default_factory=list)

    @property
    def status(self) -> Status:
        """``open`` until it is done or skipped."""
        return self.steps[-1].status if self.steps else "open"

    @property
    def objects(self) -> tuple[DrawnObject, ...]:
        """The objects as they stand, proposals included."""
        return self.steps[-1].objects if self.steps else ()

    @property
    def touched(self) -> bool:
        """Whether a person has done something to it."""
        return any(step.by_hand for step in self.steps)

    def left_open_by(self, person: str, *, but: str) -> bool:
        """Whether this person was given it in another session than ``but``, and it is still open."""
        return self.holder == person and self.session != but and self.status == "open"

    def as_json(self) -> dict[str, Any]:
        """What a page needs to show the picture and to take back what was done to it."""
        steps = [
            {"id": s.event_id if s.by_hand else None, "status": s.status, "objects": [asdict(o) for o in s.objects]}
            for s in self.steps
        ]
        about = {"id": self.picture_id, "name": self.origin, "width": self.width, "height": self.height}
        return {**about, "steps": steps}


class DrawingLog:
    """All pictures of a log. One thread at a time may use it; write inside
    :func:`perception20k.core.event_log.transaction`, and read it again, by a new instance, after a rollback.

    Attributes:
        drawings: by picture id, in the order they were first shown.
        sessions: the person of each session, by its id.
        shown_as: the picture first shown with some pixels, by their ``image_id``.
    """

    def __init__(self, connection: sqlite3.Connection) -> None:
        """Read the log behind ``connection``."""
        self.connection = connection
        self.sessions: dict[str, str] = dict(connection.execute("SELECT session_id, reviewer FROM sessions").fetchall())
        self.drawings: dict[str, Drawing] = {}
        self.shown_as: dict[str, Drawing] = {}
        for row in connection.execute("SELECT * FROM pictures ORDER BY rowid"):
            self._show(Drawing(*tuple(row)[:6]), row["image_id"])
        self._stored: dict[str, tuple[str, str]] = {}
        for row in connection.execute("SELECT * FROM takes ORDER BY seq"):
            self._give(row["picture_id"], row["session_id"])
        for row in connection.execute("SELECT * FROM events ORDER BY seq"):
            self._apply(dict(row))

    def stored(self, event_id: str) -> tuple[str, str] | None:
        """Action and picture of an event that is in the log already."""
        return self._stored.get(event_id)

    def names(self) -> list[str]:
        """Names of objects so far, the most used first, at most ``MOST_NAMES``."""
        used = Counter(o.name for d in self.drawings.values() for o in d.objects if o.name and not o.proposed)
        return [name for name, _ in sorted(used.items(), key=lambda pair: (-pair[1], pair[0]))][:MOST_NAMES]

    def add_session(self, session_id: str, reviewer: str, now: float, about: Mapping[str, Any]) -> None:
        """Store a new session."""
        row = {"session_id": session_id, "reviewer": reviewer, "opened_at": now, "about": json.dumps(about)}
        insert(self.connection, "sessions", row)
        self.sessions[session_id] = reviewer

    def add_picture(self, drawing: Drawing, image_id: str, now: float) -> None:
        """Store a picture that is shown or imported for the first time."""
        names = ("picture_id", "origin", "width", "height", "original_width", "original_height")
        about = {name: getattr(drawing, name) for name in names}
        insert(self.connection, "pictures", {**about, "image_id": image_id, "at": now})
        self._show(drawing, image_id)

    def give(self, picture_id: str, session_id: str, now: float) -> None:
        """Store that a session was given a picture."""
        insert(self.connection, "takes", {"picture_id": picture_id, "session_id": session_id, "at": now})
        self._give(picture_id, session_id)

    def add_event(self, row: Mapping[str, Any]) -> None:
        """Store an event; ``row`` has columns of ``events``, ``objects`` as :class:`DrawnObject`."""
        objects: Sequence[DrawnObject] | None = row.get("objects")
        text = None if objects is None else json.dumps([asdict(item) for item in objects], ensure_ascii=False)
        plain = {**row, "objects": text}
        insert(self.connection, "events", plain)
        self._apply(plain)

    def _show(self, drawing: Drawing, image_id: str) -> None:
        self.drawings[drawing.picture_id] = drawing
        self.shown_as.setdefault(image_id, drawing)

    def _give(self, picture_id: str, session_id: str) -> None:
        drawing = self.drawings[picture_id]
        drawing.holder, drawing.session = self.sessions[session_id], session_id

    def _apply(self, event: Mapping[str, Any]) -> None:
        drawing = self.drawings[event["picture_id"]]
        if event["action"] == "undo":
            drawing.steps.pop()
        else:
            drawn = json.loads(event["objects"])
            objects = tuple(DrawnObject(o["name"], tuple(o["box"]), o["proposed"]) for o in drawn)
            drawing.steps.append(Step(event["event_id"], event["action"], event["status"], objects))
        if event["action"] not in _BY_SERVER or event["status"] != "open":
            drawing.holder = self.sessions[event["session_id"]]
        self._stored[event["event_id"]] = (event["action"], event["picture_id"])


connect = _LOG.connect
"""Open the log for writing."""


def read_drawings(path: Path) -> list[Drawing]:
    """All pictures of the log at ``path``, in the order they were first shown; nothing is written.

    Raises:
        UserError: there is no log, or the file is something else.
    """
    with closing(_LOG.connect_to_read(path)) as connection:
        return list(DrawingLog(connection).drawings.values())
