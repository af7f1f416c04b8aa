"""What a page may send."""

import uuid
from typing import Any

import pytest
from pydantic import ValidationError

from annotate_app.review.schemas import Event, Events

EVENT = {"id": str(uuid.UUID(int=1)), "action": "accept", "at": 5.0, "position": 0}


def test_an_event_of_the_page_is_read() -> None:
    event = Event.model_validate(EVENT)
    assert (event.action, event.position, event.dwell_ms) == ("accept", 0, None)


@pytest.mark.parametrize(
    "wrong",
    [
        {"id": "not a uuid"},
        {"action": "drop table"},
        {"at": float("nan")},
        {"at": -1.0},
        {"position": -1},
        {"position": "0"},
        {"dwell_ms": float("inf")},
        {"reviewer": "ann"},
    ],
)
def test_anything_else_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Event.model_validate({**EVENT, **wrong})


@pytest.mark.parametrize("count", [0, 101])
def test_a_batch_has_between_one_and_a_hundred_events(count: int) -> None:
    with pytest.raises(ValidationError):
        Events.model_validate({"tab": EVENT["id"], "sent_at": 1.0, "events": [EVENT] * count})
