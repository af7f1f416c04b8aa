"""What the drawing page may send, made of :mod:`annotate_app.people.fields`."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, StringConstraints

from annotate_app.annotate.log import PageAction
from annotate_app.annotate.rules import DrawnObject
from annotate_app.people.fields import Clock, Name, Outbox, Strict, Uuid

MOST_OBJECTS = 100
"""Of one picture, proposals included."""

PictureId = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{16}$")]
Side = Annotated[int, Field(ge=0, le=100_000)]
Phrase = Annotated[str, StringConstraints(max_length=200)]


class SentObject(Strict):
    """One object of a picture; its box in pixels of the picture."""

    name: Phrase
    box: Annotated[list[Side], Field(min_length=4, max_length=4)]
    proposed: bool = False

    def drawn(self) -> DrawnObject:
        """The object as the rules take it."""
        x1, y1, x2, y2 = self.box
        return DrawnObject(self.name, (x1, y1, x2, y2), self.proposed)


class Event(Strict):
    """One thing a person did to a picture. ``at`` is when, by the page's clock.

    ``objects`` are all objects of the picture afterwards; an undo has the event it takes back as its ``target``
    instead.
    """

    id: Uuid
    action: PageAction
    picture: PictureId
    at: Clock
    objects: Annotated[list[SentObject], Field(max_length=MOST_OBJECTS)] | None = None
    target: Uuid | None = None
    painted_at: Clock | None = None


Events = Outbox[Event]


class Opening(Strict):
    """Ask for a session."""

    reviewer: Name
    tab: Uuid
