"""Fields that every page's requests are made of: exact, bounded, finite. Anything else is refused."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Generic, TypeVar

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints

NAME_RULE = "a name is one line of at most 80 visible characters"
_JOINERS = "\u200c\u200d"
"""Zero-width characters that Persian and Indic names, and emoji, are written with."""


def printable(text: str) -> str:
    """``text`` without space around it.

    Raises:
        ValueError: it is more than one line, or nothing that can be seen.
    """
    text = unicodedata.normalize("NFC", text).strip()
    if not text.strip(_JOINERS) or any(unicodedata.category(c).startswith("C") for c in text if c not in _JOINERS):
        raise ValueError(NAME_RULE)
    return text


Name = Annotated[str, StringConstraints(max_length=80), AfterValidator(printable)]
Uuid = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$")]
Clock = Annotated[float, Field(ge=0, le=1e11)]
"""Seconds since 1970 by the reviewer's clock."""
Milliseconds = Annotated[float, Field(ge=0, le=1e9)]


E = TypeVar("E")


class Strict(BaseModel):
    """A request, or a part of one: no unknown keys, no conversions, no infinite numbers."""

    model_config = ConfigDict(extra="forbid", strict=True, allow_inf_nan=False, frozen=True)


class Outbox(Strict, Generic[E]):
    """What a tab has not sent yet, oldest first. ``sent_at`` is the page's clock, to tell the age of each event."""

    tab: Uuid
    sent_at: Clock
    events: Annotated[list[E], Field(min_length=1, max_length=100)]


class Tab(Strict):
    """A heartbeat of a tab, its closing, or its request for something to work on."""

    tab: Uuid
    release: bool = False
