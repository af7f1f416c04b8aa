"""Refine-IQA, RL stage 2: answer reward (Eq. 1) and format reward, on the 0..5 scale."""

from __future__ import annotations

import re

from trainer.data import answers
from trainer.training.rewards.of_rollouts import for_tasks

LOW, HIGH, TOLERANCE = 0.0, 5.0, 0.5
"""The rating's scale and the paper's epsilon."""

_ASKED = re.compile(r"Score:\s*[0-9]\.[0-9]")


def is_right(text: str, mos: float) -> bool:
    """Whether the text's score is within the tolerance of ``mos``.

    The bound is exclusive: a score exactly 0.5 away is wrong. Scores and MOS are compared in thousandths, so
    that binary fractions cannot move the bound. A score outside 0..5 is no rating.
    """
    said = answers.score(text, LOW, HIGH)
    return said is not None and round(abs(said - mos), 3) < TOLERANCE


def is_formatted(text: str) -> bool:
    """Whether the text is one think part and one answer of the asked form.

    The form: ``<think>...</think><answer>Score: 3.4</answer>``, one pair of each tag, a think part that is
    not empty, nothing around but blanks, one decimal, a number in 0..5.
    """
    if not answers.think_then_answer(text) or answers.score(text, LOW, HIGH) is None:
        return False
    return _ASKED.fullmatch(answers.answer(text) or "") is not None


@for_tasks("score")
def answer(text: str, mos: float) -> float:
    """1 where ``|score - mos| < 0.5`` (Eq. 1), else 0."""
    return is_right(text, mos)


@for_tasks("score")
def format(text: str) -> float:
    """1 where the completion has the asked form, else 0."""
    return is_formatted(text)
