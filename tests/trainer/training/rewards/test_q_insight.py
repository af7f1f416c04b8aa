"""Q-Insight's rewards, Eqs. 3 to 6, by hand."""

from __future__ import annotations

import pytest

from trainer.training.rewards.q_insight import (
    degradation_class,
    degradation_level,
    q_insight_format,
    q_insight_score,
)


def said(inner: str) -> str:
    return f"<think>soft</think><answer>{inner}</answer>"


@pytest.mark.parametrize(
    ("rating", "mos", "expected"),
    [("3.5", 3.5, 1), ("3.16", 3.5, 1), ("3.15", 3.5, 0), ("3.85", 3.5, 0), ("0.9", 1.0, 0), ("5.2", 5.0, 0)],
)
def test_eq_3_is_exclusive_at_0_35_and_stays_in_range(rating: str, mos: float, expected: float) -> None:
    assert q_insight_score([said(f'{{"rating": {rating}}}')], ["score"], [mos]) == [expected]


@pytest.mark.parametrize(
    ("distortion", "level", "truth", "rewards"),
    [
        ("noise", "slight", ("noise", "slight"), (1, 1)),
        ("Noise", " SLIGHT", ("noise", "slight"), (1, 1)),
        ("noise", "serious", ("noise", "slight"), (1, 0)),
        ("blur", "slight", ("noise", "slight"), (0, 0)),  # the right level of the wrong class is nothing
        ("null", "null", ("null", "null"), (1, 1)),
        ("null", "slight", ("null", "null"), (1, 0)),
        ("noise", "slight", ("null", "null"), (0, 0)),
        ("null", "null", ("noise", "slight"), (0, 0)),
    ],
)
def test_eqs_4_and_5(distortion: str, level: str, truth: tuple[str, str], rewards: tuple[int, int]) -> None:
    text = said(f'{{"distortion_class": "{distortion}", "severity": "{level}"}}')
    assert degradation_class([text], ["degradation"], [truth[0]]) == [rewards[0]]
    assert degradation_level([text], ["degradation"], [truth[0]], [truth[1]]) == [rewards[1]]


def test_json_null_is_the_null_class() -> None:
    text = said('{"distortion_class": null, "severity": null}')
    assert degradation_level([text], ["degradation"], ["null"], ["null"]) == [1]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (said('{"rating": 3.5}'), 1),
        (said(' {"rating": 3.5} '), 1),
        (said("{rating 3.5}"), 1),  # JSON-like is enough for the format
        (said("3.5"), 0),
        (said('{"a": {"rating": 3.5}}'), 0),  # a brace inside
        ('<answer>{"rating": 3.5}</answer>', 0),
        (said('{"rating": 3.5}') + "and more", 0),
        ('<think>a</think><answer>{"rating": 3.5', 0),
    ],
)
def test_the_format(text: str, expected: float) -> None:
    assert q_insight_format([text], ["score"]) == [expected]


def test_each_reward_answers_for_its_own_task_alone() -> None:
    text, tasks = said('{"rating": 3.5}'), ["score", "degradation", "grounding"]
    mos, classes, levels = [3.5, None, None], [None, "blur", None], [None, "slight", None]
    assert q_insight_score([text] * 3, tasks, mos) == [1, None, None]
    assert degradation_class([text] * 3, tasks, classes) == [None, 0, None]
    assert degradation_level([text] * 3, tasks, classes, levels) == [None, 0, None]
    assert q_insight_format([text] * 3, tasks) == [1, 1, None]
