"""What the protocol does not allow: a code for the page, words for the person, and nothing changed."""

from __future__ import annotations

from typing import Any


class Refused(Exception):
    """A request that is well formed and not allowed now.

    Codes: ``other_tab`` ``training`` ``empty`` ``gone`` ``lapsed`` ``finished`` ``unfinished`` ``nothing``
    ``session_cap`` ``dataset_cap`` ``undo`` ``reason``.
    """

    def __init__(self, code: str, message: str, **facts: Any) -> None:
        super().__init__(message)
        self.code = code
        self.facts = facts

    def as_json(self) -> dict[str, Any]:
        """The refusal as the page receives it."""
        return {"refused": self.code, "message": str(self), **self.facts}


class Unknown(Exception):
    """A session or item that does not exist, or that is somebody else's; the two look alike outside."""
