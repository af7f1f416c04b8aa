"""The grounding reward against numbers worked out by hand."""

from __future__ import annotations

import pytest

from trainer.training.rewards.grounding import grounding


@pytest.mark.parametrize(
    ("inner", "expected"),
    [
        ("10,10,30,30", 1),
        ("(10, 10, 30, 30)", 1),
        ("20,10,40,30", 200 / 600),  # 10 x 20 shared; 400 + 400 - 200
        ("30,30,10,10", 0),  # swapped corners
        ("10,10,10,30", 0),  # no area
        ("100,100,120,120", 0),
        ("-10,10,30,30", 400 / 800),  # 40 x 20 around 20 x 20
        ("10.0,10,30,30", 0),
        ("10,10,30", 0),
    ],
)
def test_iou_is_the_reward(inner: str, expected: float) -> None:
    got = grounding([f"<answer>{inner}</answer>"], ["grounding"], [(10.0, 10.0, 30.0, 30.0)])
    assert got == [pytest.approx(expected)]


def test_another_task_gets_none_and_a_cut_off_answer_nothing() -> None:
    box = (0.0, 0.0, 1.0, 1.0)
    texts = ["<answer>0,0,1,1</answer>", "<answer>0,0,1"]
    assert grounding(texts, ["description", "grounding"], [None, box]) == [None, 0]
