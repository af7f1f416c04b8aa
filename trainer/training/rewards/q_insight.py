"""Q-Insight: score (Eq. 3), degradation class (Eq. 4), degradation level (Eq. 5) and format rewards.

Eq. 6 adds them: format + score, or format + 0.25 class + 0.75 level; the weights stand in the recipe.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from trainer.data import answers

TOLERANCE = 0.35
"""The paper's epsilon, on 1..5."""

_TASKS = ("score", "degradation")


def q_insight_score(
    completions: Sequence[answers.Completion], task: Sequence[str], mos: Sequence[float | None], **_: Any
) -> list[float | None]:
    """1 where ``|rating - mos| < 0.35`` (Eq. 3), else 0; None for another task."""
    rewards: list[float | None] = []
    for completion, name, truth in zip(completions, task, mos, strict=True):
        if name != "score" or truth is None:
            rewards.append(None)
            continue
        said = answers.rating(answers.text_of(completion))
        rewards.append(float(said is not None and round(abs(said - truth), 3) < TOLERANCE))
    return rewards


def degradation_class(
    completions: Sequence[answers.Completion], task: Sequence[str], distortion: Sequence[str | None], **_: Any
) -> list[float | None]:
    """1 where the class is right (Eq. 4), else 0; None for another task."""
    return [
        float((said := answers.degradation(answers.text_of(completion))) is not None and said.distortion == truth)
        if name == "degradation"
        else None
        for completion, name, truth in zip(completions, task, distortion, strict=True)
    ]


def degradation_level(
    completions: Sequence[answers.Completion],
    task: Sequence[str],
    distortion: Sequence[str | None],
    severity_label: Sequence[str | None],
    **_: Any,
) -> list[float | None]:
    """1 where class and level are both right (Eq. 5), else 0; None for another task.

    For the class ``null`` the right level is ``null``: an image without a distortion has no level to name.
    """
    return [
        float(answers.degradation(answers.text_of(completion)) == (truth, level)) if name == "degradation" else None
        for completion, name, truth, level in zip(completions, task, distortion, severity_label, strict=True)
    ]


def q_insight_format(completions: Sequence[answers.Completion], task: Sequence[str], **_: Any) -> list[float | None]:
    """1 where think part, answer and JSON-like braces have the asked form (section 3.3), else 0.

    The answer begins with ``{``, ends with ``}`` and has no brace between. None for another recipe's task.
    """
    return [
        float(is_formatted(answers.text_of(completion))) if name in _TASKS else None
        for completion, name in zip(completions, task, strict=True)
    ]


def is_formatted(text: str) -> bool:
    """Whether the text is one think part and one JSON-like answer."""
    said = answers.answer(text) or ""
    braces = said.startswith("{") and said.endswith("}") and said.count("{") == said.count("}") == 1
    return answers.think_then_answer(text) and braces
