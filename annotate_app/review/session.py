"""One session and what its events come to: decisions that stand, flags, signs of the reviewer, whether it is over.

The log in SQLite is the record; this is its state in memory, brought up to date by each event that is stored, so
that no request has to read the log again.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from annotate_app.review.protocol import PAUSE_TIMES

DECISIONS = frozenset(("accept", "delete", "confirm", "restore"))
NO_SIGN = frozenset(("away", "offer", "lapse", "set_aside", "reinstate"))
"""Events that are not of the reviewer's own doing; they do not show that a person is there."""


@dataclass(frozen=True, slots=True)
class Item:
    """One showing of a sample. ``role`` is ``sample``, ``repeat``, ``undistorted`` or ``wrong_label``."""

    sample_id: str
    role: str
    object: str
    label: str
    image_sha256: str
    """Of the file shown; of the source's file for an undistorted box."""


@dataclass(slots=True, eq=False)
class Decision:
    """An accept, delete, confirm or restore that no undo took back; the last one on an item stands."""

    seq: int
    event_id: str
    position: int
    action: str
    at: float
    key_at: float | None
    painted_at: float | None
    dwell_ms: float | None
    reason: str | None = None


class Session:
    """A row of ``sessions`` with its items, and the state that its events lead to.

    Attributes:
        items: what it shows, by position.
        decisions: those that no undo took back, oldest first.
        flags: positions marked for discussion.
        comments: what was written about items, the last word on each.
        skipped: positions whose image could not be shown.
        served: when the image of a position was first sent.
        deletions: how many samples stand deleted; trials and repeats do not count.
        signed_at: when the reviewer last did something.
        paused: whether that was to begin a pause.
        finished: whether the review was brought to its end.
        given_up: whether the log says for good that it does not count.
        set_aside: why the finished review does not count until the lead reinstates it; None if it counts.
    """

    def __init__(self, row: Mapping[str, Any], items: Sequence[Item]) -> None:
        """A session without events. ``row`` has the columns of ``sessions``, ``about`` as a dictionary."""
        self.session_id: str = row["session_id"]
        self.kind: str = row["kind"]
        self.verifies: str | None = row["verifies"]
        self.reviewer: str = row["reviewer"]
        self.seed: int = row["seed"]
        self.opened_at: float = row["opened_at"]
        self.about: Mapping[str, Any] = row["about"]
        self.items = items
        self.decisions: list[Decision] = []
        self.flags: set[int] = set()
        self.comments: dict[int, str] = {}
        self.skipped: set[int] = set()
        self.served: dict[int, float] = {}
        self.set_aside: str | None = None
        self.deletions = 0
        self.signed_at = self.opened_at
        self.paused = self.finished = self.given_up = False
        self._rested_at = self.opened_at
        self._stacks: dict[int, list[Decision]] = {}

    @property
    def lapse_seconds(self) -> float:
        """Longest time of a review without a key, outside a pause."""
        return 60 * float(self.about["lapse_minutes"])

    @property
    def pause_seconds(self) -> float:
        """Longest pause of a review; a longer one ends the sitting."""
        return PAUSE_TIMES * self.lapse_seconds

    @property
    def sitting_seconds(self) -> float:
        """Longest time from the beginning of a review to its last event, pauses included."""
        return 60 * float(self.about.get("sitting_minutes", math.inf))

    @property
    def lapses_at(self) -> float:
        """When an open review stops counting if its reviewer does nothing more."""
        rest = self.pause_seconds if self.paused else self.lapse_seconds
        return float(min(self.signed_at + rest, self.opened_at + self.sitting_seconds))

    @cached_property
    def positions(self) -> Mapping[str, int]:
        """Where each sample of the batch is shown; trials and repeats are left out."""
        return {item.sample_id: position for position, item in enumerate(self.items) if item.role == "sample"}

    def standing(self, position: int) -> Decision | None:
        """The decision that stands on an item."""
        stack = self._stacks.get(position)
        return stack[-1] if stack else None

    def stands_deleted(self, position: int) -> bool:
        """Whether the decision that stands on an item is to delete it."""
        decision = self.standing(position)
        return decision is not None and decision.action == "delete"

    def below(self, position: int) -> Decision | None:
        """The decision that would stand on an item if the one that stands were undone."""
        stack = self._stacks.get(position, ())
        return stack[-2] if len(stack) > 1 else None

    def find(self, event_id: str | None) -> Decision | None:
        """The decision of that id, unless it was undone."""
        return next((d for d in reversed(self.decisions) if d.event_id == event_id), None)

    def unjudged(self) -> int:
        """How many items have no decision yet, nor were skipped."""
        return len(self.items) - len(self._stacks.keys() | self.skipped)

    def held(self) -> Iterator[str]:
        """The samples that are judged here or still to be judged: those of the batch that were not skipped."""
        gone = self.skipped - self._stacks.keys()
        return (sample for sample, position in self.positions.items() if position not in gone)

    def rested_at(self, now: float) -> float:
        """When the session began or its last pause ended; ``now`` during a pause."""
        return now if self.paused else self._rested_at

    def has_lapsed(self, now: float) -> bool:
        """Whether a review was left for too long to be one sitting, or has been given up for that."""
        if self.kind != "review" or self.finished:
            return False
        return self.given_up or now > self.lapses_at

    def deleted_samples(self) -> Iterator[str]:
        """Samples that stand deleted here, before any verification, in the order shown."""
        return (sample for sample, position in self.positions.items() if self.stands_deleted(position))

    def apply(self, event: Mapping[str, Any]) -> None:
        """Take in an event of this session: a row of ``events``, in the order of ``seq``."""
        action, position = event["action"], event["position"]
        if action in DECISIONS:
            keys = ("seq", "event_id", "position", "action", "at", "key_at", "painted_at", "dwell_ms")
            self._push(Decision(*(event[key] for key in keys)))
        elif action == "undo":
            self._undo(event["target"])
        elif action == "reason":
            decision = self.find(event["target"])
            if decision is not None:
                decision.reason = event["value"]
        elif action == "flag":
            self.flags.add(position)
        elif action == "unflag":
            self.flags.discard(position)
        elif action == "comment":
            self.comments[position] = event["value"]
        elif action == "skip":
            self.skipped.add(position)
        elif action == "finish":
            self.finished = True
        elif action in ("lapse", "give_back"):
            self.given_up = True
        elif action in ("set_aside", "reinstate"):
            self.set_aside = event["value"] if action == "set_aside" else None
        if action not in NO_SIGN:
            if self.paused:
                self._rested_at = event["at"]
            self.signed_at, self.paused = event["at"], action == "pause"

    def _push(self, decision: Decision) -> None:
        before = self.stands_deleted(decision.position)
        self.decisions.append(decision)
        self._stacks.setdefault(decision.position, []).append(decision)
        self._count(decision.position, before)

    def _undo(self, target: str) -> None:
        decision = self.find(target)
        if decision is None:
            return
        before = self.stands_deleted(decision.position)
        self.decisions.remove(decision)
        stack = self._stacks[decision.position]
        stack.remove(decision)
        if not stack:
            del self._stacks[decision.position]
        self._count(decision.position, before)

    def _count(self, position: int, before: bool) -> None:
        if self.items[position].role == "sample":
            self.deletions += self.stands_deleted(position) - before
