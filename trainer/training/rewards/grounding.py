"""Refine-IQA, RL stage 1, grounding: where the distortion is, by IoU ("Multi-Task Reward Design")."""

from __future__ import annotations

from trainer.data.boxes import Box, box_iou
from trainer.training.rewards.of_rollouts import for_tasks


@for_tasks("grounding")
def grounding(text: str, box: Box) -> float:
    """IoU of the answered box with ``box``, 0..1, both in the frame the model sees.

    A box that cannot be read, has swapped corners or no area gets 0. A box that reaches over the image's edge
    is taken as it stands: what lies outside counts against it.
    """
    return box_iou(text, box)
