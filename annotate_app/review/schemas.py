"""What the judging page may send, made of :mod:`annotate_app.people.fields`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from annotate_app.people.fields import Clock, Milliseconds, Name, Outbox, Strict, Uuid, printable
from perception20k.dataset.decisions import Action, Reason

Note = Annotated[str, StringConstraints(max_length=200)]
Comment = Annotated[str, StringConstraints(max_length=200), AfterValidator(printable)]
Pixels = Annotated[int, Field(ge=0, le=1_000_000)]
Size = Annotated[list[Pixels], Field(min_length=2, max_length=2)]
Position = Annotated[int, Field(ge=0, le=10_000)]


class Display(Strict):
    """What a page opened on; sizes in CSS pixels."""

    screen: Size
    viewport: Size
    pixel_ratio: Annotated[float, Field(gt=0, le=100)]
    agent: Annotated[str, StringConstraints(max_length=500)]


class Event(Strict):
    """One thing a reviewer did. ``at`` is when the key went down, by the reviewer's clock."""

    id: Uuid
    action: Action
    at: Clock
    position: Position | None = None
    target: Uuid | None = None
    value: Reason | None = None
    text: Comment | None = None
    display: Display | None = None
    painted_at: Clock | None = None
    dwell_ms: Milliseconds | None = None
    """From painted to key; of ``away``, how long the page was out of focus."""
    reference_uses: Annotated[int, Field(ge=0, le=10_000)] | None = None
    reference_ms: Milliseconds | None = None
    box_hidden_ms: Milliseconds | None = None
    preload_miss: bool | None = None


Events = Outbox[Event]


class Conditions(Strict):
    """Viewing conditions, as the reviewer reports them. All may be left empty."""

    light: Note = ""
    display: Note = ""
    distance: Note = ""
    vision: Note = ""


class Opening(Strict):
    """Ask for a session: one's own, resumed or new; or with ``verifies`` the deletions of a finished one."""

    reviewer: Name
    tab: Uuid
    verifies: Uuid | None = None
    conditions: Conditions = Conditions()


class TrainingAnswer(Strict):
    """One answer in the training round."""

    action: Literal["accept", "delete"]
    reason: Reason | None = None


TrainingAnswers = Annotated[list[TrainingAnswer], Field(min_length=1, max_length=50)]


class TrainingRound(Strict):
    """All answers given in the training round, item by item, the right one last."""

    reviewer: Name
    answers: Annotated[list[TrainingAnswers], Field(max_length=50)]

    def as_rows(self) -> list[list[dict[str, Any]]]:
        """The answers as JSON-able values."""
        return [[answer.model_dump() for answer in item] for item in self.answers]
