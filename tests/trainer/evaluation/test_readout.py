"""Eq. 8 and where its digit is."""

from __future__ import annotations

import math

import pytest

from trainer.evaluation.readout import digit_place, expectation, from_log_probabilities


def test_eq_8_by_hand() -> None:
    # logits 0, 0, ln 2, ln 4, 0 are weights 1 1 2 4 1 of 9: (0 + 1 + 4 + 12 + 4) / 9 + 0.5
    weights = [math.exp(logit) for logit in (0, 0, math.log(2), math.log(4), 0)]
    assert expectation([w / sum(weights) for w in weights]) == pytest.approx(21 / 9 + 0.5)
    assert expectation((1, 0, 0, 0, 0)) == 0.5
    assert expectation((0, 0, 0, 0, 1)) == 4.5


@pytest.mark.parametrize(
    ("text", "before"),
    [
        ("<answer>Score: 3.4</answer>", "<answer>Score: "),
        (
            "<think>4 of 5, I say 2.2</think> <answer>Score:3.4</answer>",
            "<think>4 of 5, I say 2.2</think> <answer>Score:",
        ),
        ("<answer> 3.4 </answer>", "<answer> "),
    ],
)
def test_the_digit_is_the_answers_own_not_the_thoughts(text: str, before: str) -> None:
    place = digit_place(text)
    assert place is not None and text[:place] == before and text[place] == "3"


@pytest.mark.parametrize("text", ["Score: 3.4", "<answer>good</answer>", "<answer>7.0</answer>", "<answer>3.4"])
def test_an_answer_without_a_readable_score_has_no_digit(text: str) -> None:
    assert digit_place(text) is None


def test_a_servers_log_probabilities_are_made_to_add_up() -> None:
    found = {"3": math.log(0.3), " 3": math.log(0.1), "4": math.log(0.1), "good": math.log(0.5)}
    assert from_log_probabilities(found) == pytest.approx((0, 0, 0, 0.8, 0.2))
    assert from_log_probabilities({"good": -0.1}) is None
