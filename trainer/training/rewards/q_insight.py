"""Q-Insight: score (Eq. 3), degradation class (Eq. 4), degradation level (Eq. 5) and format rewards.

Eq. 6 adds them: format + score, or format + 0.25 class + 0.75 level; the weights stand in the recipe.
"""

from __future__ import annotations

from trainer.data import answers
from trainer.training.rewards.of_rollouts import for_tasks

TOLERANCE = 0.35
"""The paper's epsilon, on 1..5."""


@for_tasks("score")
def q_insight_score(text: str, mos: float) -> float:
    """1 where ``|rating - mos| < 0.35`` (Eq. 3), else 0."""
    said = answers.rating(text)
    return said is not None and round(abs(said - mos), 3) < TOLERANCE


@for_tasks("degradation")
def degradation_class(text: str, distortion: str) -> float:
    """1 where the class is right (Eq. 4), else 0."""
    said = answers.degradation(text)
    return said is not None and said.distortion == distortion


@for_tasks("degradation")
def degradation_level(text: str, distortion: str, severity_label: str) -> float:
    """1 where class and level are both right (Eq. 5), else 0.

    For the class ``null`` the right level is ``null``: an image without a distortion has no level to name.
    """
    return answers.degradation(text) == (distortion, severity_label)


@for_tasks("score", "degradation")
def q_insight_format(text: str) -> float:
    """1 where think part, answer and JSON-like braces have the asked form (section 3.3), else 0.

    The answer begins with ``{``, ends with ``}`` and has no brace between.
    """
    said = answers.answer(text) or ""
    braces = said.startswith("{") and said.endswith("}") and said.count("{") == said.count("}") == 1
    return answers.think_then_answer(text) and braces
