"""The description reward against numbers worked out by hand."""

from __future__ import annotations

import pytest

from trainer.training.rewards.description import description

TRUTH = {"object": "Red car", "distortion": "high contrast", "severity_label": "severe"}


def reward(inner: str, task: str = "description") -> float | None:
    columns = {key: [value] for key, value in TRUTH.items()}
    return description([f"<answer>{inner}</answer>"], [task], **columns)[0]


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("red car / high contrast / severe", 1),
        (" RED CAR/ High contrast /SEVERE. ", 1),
        ("red car / high contrast / slight", 2 / 3),
        ("dog / high contrast / slight", 1 / 3),
        ("dog / blur / slight", 0),
        ("red car / high contrast", 0),  # two parts are no description
        ("car / contrast / severely", 0),  # part of a choice is not the choice
    ],
)
def test_a_third_for_each_right_choice(inner: str, expected: float) -> None:
    assert reward(inner) == pytest.approx(expected)


def test_another_task_gets_none() -> None:
    assert reward("red car / high contrast / severe", task="grounding") is None


@pytest.mark.parametrize("text", ["", "<answer>red car / high contrast / sev", "red car / high contrast / severe"])
def test_truncated_or_untagged_gets_nothing(text: str) -> None:
    assert description([text], ["description"], *[[value] for value in TRUTH.values()]) == [0]


def test_a_second_answer_forfeits_the_first() -> None:
    text = "<answer>red car / high contrast / severe</answer>" * 2
    assert description([text], ["description"], *[[value] for value in TRUTH.values()]) == [0]


@pytest.mark.parametrize(
    ("inner", "expected"),
    [("High contrast / severe", 1), ("blur / severe", 1 / 2), ("cup / high contrast / severe", 0), ("severe", 0)],
)
def test_of_a_whole_image_half_for_each_of_two_choices(inner: str, expected: float) -> None:
    columns = {key: [value] for key, value in {**TRUTH, "object": ""}.items()}
    assert description([f"<answer>{inner}</answer>"], ["description"], **columns) == [expected]
