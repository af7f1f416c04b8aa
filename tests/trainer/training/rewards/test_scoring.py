"""Eq. 1 and the format reward of Refine-IQA Stage 2."""

from __future__ import annotations

import pytest

from trainer.training.rewards.scoring import answer, format


def said(inner: str, think: str = "soft") -> str:
    return f"<think>{think}</think><answer>{inner}</answer>"


@pytest.mark.parametrize(
    ("text", "mos", "expected"),
    [
        (said("Score: 3.4"), 3.4, 1),
        (said("Score: 3.0"), 3.4, 1),  # 0.4 away
        (said("Score: 2.9"), 3.4, 0),  # exactly 0.5 away: the bound is exclusive, in binary fractions too
        (said("Score: 0.6"), 1.1, 0),
        (said("Score: 3.8"), 3.333, 1),
        (said("score:3.4"), 3.4, 1),
        (said("3.4"), 3.4, 1),  # a number without the word: right, though not formatted
        (said("Score: 5.3"), 4.9, 0),  # within 0.5 but no rating
        (said("Score: 34"), 3.4, 0),
        (said("Score: Your score"), 3.4, 0),
        ("<think>a</think><answer>Score: 3.4", 3.4, 0),  # truncated
        (said("Score: 3.4") + "<answer>Score: 3.4</answer>", 3.4, 0),
    ],
)
def test_eq_1(text: str, mos: float, expected: float) -> None:
    assert answer([text], ["score"], [mos]) == [expected]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (said("Score: 3.4"), 1),
        (said("Score:3.4"), 1),
        (f"\n {said(' Score:  3.4 ')} \n", 1),
        (said("3.4"), 0),
        (said("score: 3.4"), 0),
        (said("Score: 3"), 0),
        (said("Score: 3.45"), 0),
        (said("Score: 9.4"), 0),
        (said("Score: 3.4", think="  "), 0),
        ("<answer>Score: 3.4</answer>", 0),
        ("<think>a</think>", 0),
        ("<THINK>a</THINK><answer>Score: 3.4</answer>", 0),
    ],
)
def test_the_format(text: str, expected: float) -> None:
    assert format([text], ["score"]) == [expected]


def test_another_task_gets_none() -> None:
    assert answer([said("Score: 3.4")], ["grounding"], [None]) == [None]
    assert format([said("Score: 3.4")], ["grounding"]) == [None]
