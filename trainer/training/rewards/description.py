"""Refine-IQA Stage 1, description: object, distortion and severity ("Multi-Task Reward Design")."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainer.data import answers


def description(
    completions: Sequence[answers.Completion],
    task: Sequence[str],
    object: Sequence[str | None],
    distortion: Sequence[str | None],
    severity_label: Sequence[str | None],
    **_: Any,
) -> list[float | None]:
    """The share of the three choices that are right, 0, 1/3, 2/3 or 1; None for another task.

    The paper gives 1 for each right choice; the three are averaged here, so that a description weighs in a
    mixed batch what a grounding weighs. An answer without exactly three parts gets 0.
    """
    truths = zip(task, object, distortion, severity_label, strict=True)
    return [
        sum(right_parts(answers.text_of(completion), *truth[1:])) / 3 if truth[0] == "description" else None
        for completion, truth in zip(completions, truths, strict=True)
    ]


def right_parts(
    text: str, object: str | None, distortion: str | None, severity_label: str | None
) -> tuple[bool, bool, bool]:
    """Whether object, distortion and severity are right, in this order."""
    said = answers.description(text)
    if said is None:
        return False, False, False
    truth = [answers.normal(word or "") for word in (object, distortion, severity_label)]
    return said.object == truth[0], said.distortion == truth[1], said.severity == truth[2]
