"""The sample page: images, prompt, rollouts and rewards of a few groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from trainer import pages
from trainer.data import answers

SHOWN = 8
"""Groups on a page."""


@dataclass(frozen=True)
class Rollout:
    """One completion with what it earned."""

    text: str
    rewards: dict[str, float]
    advantage: float


@dataclass(frozen=True)
class Group:
    """All rollouts of one prompt."""

    row: dict[str, Any]
    """The prompt's row (:data:`trainer.data.rows.COLUMNS`)."""
    rollouts: list[Rollout]

    @property
    def rewards(self) -> list[str]:
        """The names of the rewards that any rollout got."""
        return list(dict.fromkeys(name for rollout in self.rollouts for name in rollout.rewards))

    @property
    def question(self) -> str:
        """The prompt's text, its images marked."""
        parts = [part for message in self.row["prompt"] for part in message["content"]]
        return "".join(part["text"] if part["type"] == "text" else "[image]" for part in parts)

    @property
    def pictures(self) -> list[str]:
        """The prompt's images; on the last, the distorted one, the true box and the answered ones."""
        *before, last = self.row["images"]
        boxes = {}
        if self.row["task"] == "grounding":
            said = [answers.box(rollout.text) for rollout in self.rollouts]
            boxes = {"truth": self.row["box"], "answers": said, "frame": self.row["frame"]}
        return [*map(pages.picture, before), pages.picture(last, **boxes)]


def write_page(path: Path, title: str, groups: Sequence[Group]) -> None:
    """Write the first groups as ``path``, whole or not at all."""
    pages.write_page(path, "samples", title=title, groups=groups[:SHOWN])
