"""Why a request is refused: not allowed now, unknown, or malformed. A refused request changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Protocol, TypeVar


class _Event(Protocol):
    id: str


Event = TypeVar("Event", bound=_Event)


class ProtocolRefusal(Exception):
    """A well-formed request that the protocol does not allow now. It has a code for the page and a message for people.

    Codes: ``other_tab`` ``training`` ``empty`` ``gone`` ``lapsed`` ``finished`` ``unfinished`` ``nothing``
    ``session_cap`` ``dataset_cap`` ``undo`` ``reason`` ``whole`` ``name`` ``own``.
    """

    def __init__(self, code: str, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.code = code
        self.facts = facts

    def as_json(self) -> dict[str, Any]:
        """The refusal as the page receives it."""
        return {"refused": self.code, "message": str(self), **self.facts}


def until_refused(events: Iterable[Event], store: Callable[[Event], object]) -> dict[str, Any]:
    """Store events in their order, up to the first that is refused.

    Returns:
        The answer for the page: the ids of those ``stored``, and the refusal with its ``event``, if there was one.
    """
    stored: list[str] = []
    for event in events:
        try:
            store(event)
        except ProtocolRefusal as refusal:
            return {"stored": stored, **refusal.as_json(), "event": event.id}
        stored.append(event.id)
    return {"stored": stored}


class Unknown(Exception):
    """A session or item that does not exist or belongs to somebody else; the answer does not tell which."""


class Unshowable(Exception):
    """The file of an image is missing, or is not the one that the dataset was made with."""


class Malformed(Exception):
    """A request that makes no sense, whatever the state of its session."""
