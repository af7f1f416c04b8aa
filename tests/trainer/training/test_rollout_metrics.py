"""What is logged of a rollout."""

from __future__ import annotations

from typing import Any

import pytest

from trainer.data.rows import COLUMNS
from trainer.training.rollout_metrics import measures

SAID = "<think>one two three</think><answer>Score: 3.0</answer>"


def measured(text: str, *, mos_range: tuple[float, float] | None = (0, 5), **row: Any) -> dict[str, float]:
    whole = {**dict.fromkeys(COLUMNS), **row}
    count = {"truncated": False, "think_tokens": lambda thought: len(thought.split())}
    return measures(whole, text, 0.5, mos_range=mos_range, **count)


def test_a_description_is_taken_apart() -> None:
    row = {"task": "description", "mode": "fr", "object": "cup", "distortion": "blur", "severity_label": "severe"}
    assert measured("<answer>cup / noise / severe</answer>", **row) == {
        "description/fr/reward": 0.5,
        "description/fr/truncated": 0,
        "description/fr/object_right": 1,
        "description/fr/distortion_right": 0,
        "description/fr/severity_right": 1,
    }


def test_a_grounding_has_its_iou() -> None:
    row = {"task": "grounding", "mode": "nr", "box": (0.0, 0.0, 10.0, 10.0)}
    assert measured("<answer>0,0,5,10</answer>", **row)["grounding/nr/iou"] == 0.5
    assert measured("<answer>here</answer>", **row)["grounding/nr/iou"] == 0


def test_a_degradation_has_its_class_and_level() -> None:
    row = {"task": "degradation", "mode": "think", "distortion": "blur", "severity_label": "slight"}
    values = measured('<answer>{"distortion_class": "blur", "severity": "serious"}</answer>', **row)
    assert (values["degradation/think/class_right"], values["degradation/think/level_right"]) == (1, 0)


def test_a_score_has_an_error_and_a_think_length() -> None:
    values = measured(SAID, task="score", mode="think", mos=3.4)
    assert values["score/think/error"] == pytest.approx(0.4)
    assert values["score/think/think_tokens"] == 3
    rated = measured('<think>a</think><answer>{"rating": 3.0}</answer>', task="score", mode="think", mos=3.4)
    assert rated["score/think/error"] == pytest.approx(0.4)


def test_an_unreadable_score_has_no_error_and_an_unscaled_mos_none_either() -> None:
    assert "score/think/error" not in measured("<answer>good</answer>", task="score", mode="think", mos=3.4)
    assert "score/think/error" not in measured(SAID, task="score", mode="think", mos=70, mos_range=None)


def test_no_think_part_has_length_nothing() -> None:
    for text in ("<answer>3.0</answer>", "", "a thought without a beginning"):
        assert measured(text, task="score", mode="think", mos=3.4)["score/think/think_tokens"] == 0
    assert "grounding/nr/think_tokens" not in measured("", task="grounding", mode="nr")


def test_a_thought_that_was_cut_off_is_as_long_as_it_got() -> None:
    cut = measured("<think>one two three four", task="score", mode="think", mos=3.4)
    assert cut["score/think/think_tokens"] == 4
    twice = measured(
        "<think>one two</think><think>three</think><answer>3.0</answer>", task="score", mode="think", mos=3
    )
    assert twice["score/think/think_tokens"] == 2
