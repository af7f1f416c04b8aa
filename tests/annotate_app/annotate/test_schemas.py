from __future__ import annotations

import uuid
from typing import Any

import pytest
from pydantic import ValidationError

from annotate_app.annotate.schemas import MOST_OBJECTS, Event

CUP = {"name": "cup", "box": [1, 2, 3, 4]}
EVENT = {"id": str(uuid.UUID(int=1)), "action": "draw", "picture": "0" * 16, "at": 5.0, "objects": [CUP]}


def test_an_event_of_the_page_is_read() -> None:
    event = Event.model_validate(EVENT)
    assert event.objects is not None and event.objects[0].drawn().box == (1, 2, 3, 4)


@pytest.mark.parametrize(
    "wrong",
    [
        {"action": "propose"},  # the server's own
        {"picture": "../etc/passwd"},
        {"objects": [{**CUP, "box": [1, 2, 3]}]},
        {"objects": [{**CUP, "box": [1.5, 2, 3, 4]}]},
        {"objects": [{**CUP, "box": [-1, 2, 3, 4]}]},
        {"objects": [{**CUP, "name": "x" * 201}]},
        {"objects": [CUP] * (MOST_OBJECTS + 1)},
        {"at": float("inf")},
        {"path": "/etc/passwd"},
    ],
)
def test_anything_else_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Event.model_validate({**EVENT, **wrong})
