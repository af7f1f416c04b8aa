"""Refine-IQA Stage 1, grounding: where the distortion is, by IoU ("Multi-Task Reward Design")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainer.data import answers
from trainer.data.boxes import Box, iou


def grounding(
    completions: Sequence[answers.Completion], task: Sequence[str], box: Sequence[Box | None], **_: Any
) -> list[float | None]:
    """IoU of the answered box with ``box``, 0..1, both in the frame the model sees; None for another task.

    A box that cannot be read, has swapped corners or no area gets 0. A box that reaches over the image's edge
    is taken as it stands: what lies outside counts against it.
    """
    rewards: list[float | None] = []
    for completion, name, truth in zip(completions, task, box, strict=True):
        if name != "grounding" or truth is None:
            rewards.append(None)
            continue
        said = answers.box(answers.text_of(completion))
        rewards.append(0.0 if said is None else iou(said, truth))
    return rewards
