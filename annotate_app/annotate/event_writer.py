"""Storing what somebody did to a picture: each step is checked in the transaction that stores it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from annotate_app.annotate.log import STATUS, Drawing, DrawingLog
from annotate_app.annotate.rules import DrawnObject, judge
from annotate_app.annotate.schemas import Event
from annotate_app.people.refusal import Malformed, ProtocolRefusal, Unknown
from perception20k.config import Filters
from perception20k.pipeline.stages.object_names import clean


def check_form(log: DrawingLog, event: Event) -> None:
    """Check what can be checked of an event whatever the state of its picture.

    Raises:
        Unknown: nobody was shown that picture.
        Malformed: its parts do not go together, or it has the identifier of another event.
    """
    if event.picture not in log.drawings:
        raise Unknown
    undo = event.action == "undo"
    if (event.target is not None) != undo or (event.objects is None) != undo:
        raise Malformed("an undo has a target, anything else has objects")
    if (log.stored(event.id) or (event.action, event.picture)) != (event.action, event.picture):
        raise Malformed("an identifier was used for two events")


def append(log: DrawingLog, event: Event, person: str, limits: Filters, row: Mapping[str, Any]) -> None:
    """Store an event that :func:`check_form` let pass.

    Args:
        person: whose event it is.
        limits: what a picture that is done must keep to.
        row: the columns of ``events`` that the server fills: session, tab and times.

    Raises:
        ProtocolRefusal: the picture has gone to somebody else, is not done by the rules, or the step to undo is not
            the latest; nothing is stored.
    """
    drawing = log.drawings[event.picture]
    if drawing.holder != person:
        raise ProtocolRefusal("taken", f"{drawing.origin} has gone to somebody else meanwhile.")
    step: dict[str, Any] = {"event_id": event.id, "picture_id": event.picture, "action": event.action}
    if event.action == "undo":
        _check_undo(drawing, event)
        step["target"] = event.target
    else:
        step["status"] = STATUS.get(event.action, "open")
        objects = tuple(sent.drawn() for sent in event.objects or ())
        objects = tuple(replace(item, name=clean(item.name)) for item in objects)
        step["objects"] = _done(drawing, objects, limits) if event.action == "done" else objects
    log.add_event({**step, **row, "key_at": event.at, "painted_at": event.painted_at})


def _check_undo(drawing: Drawing, event: Event) -> None:
    last = drawing.steps[-1] if drawing.steps else None
    if last is None or last.event_id != event.target or not last.by_hand:
        raise ProtocolRefusal("undo", "Only the latest step can be undone.")


def _done(drawing: Drawing, objects: tuple[DrawnObject, ...], limits: Filters) -> tuple[DrawnObject, ...]:
    """The objects of a picture that is done: proposals nobody accepted are dropped."""
    wrong = judge(objects, drawing.width, drawing.height, limits).first
    if wrong is not None:
        raise ProtocolRefusal("rules", f"{drawing.origin} is not done: {wrong.text}.")
    return tuple(item for item in objects if not item.proposed)
