"""Refine-IQA, RL stage 1, description: object, distortion and severity ("Multi-Task Reward Design")."""

from __future__ import annotations

from trainer.data import answers
from trainer.training.rewards.of_rollouts import for_tasks


@for_tasks("description")
def description(text: str, object: str, distortion: str, severity_label: str) -> float:
    """The share of the three choices that are right: 0, 1/3, 2/3 or 1; of two where the whole image is distorted.

    The paper gives 1 for each right choice; the three are averaged here, so that a description weighs in a
    mixed batch what a grounding weighs. An answer without exactly three parts gets 0.
    """
    right = answers.right_parts(text, object, distortion, severity_label)
    return sum(right) / len(right)
