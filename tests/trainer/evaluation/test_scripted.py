from typing import Any

import pytest

from trainer.evaluation.scripted import SCRIPTS, Scripted, constant, oracle


@pytest.mark.parametrize(
    ("row", "answer"),
    [
        ({"task": "score", "mode": "think", "mos": 3.25, "solution": ""}, "Score: 3.250000"),
        ({"task": "score", "mode": "q-insight", "mos": 2.0, "solution": ""}, '{"rating": 2.000000}'),
        ({"task": "score", "mode": "visualquality-r1", "mos": 4.0, "solution": ""}, "4.000000"),
        ({"task": "grounding", "mode": "nr", "solution": "1,2,3,4"}, "1,2,3,4"),
    ],
)
def test_the_oracle_says_the_truth_in_the_form_that_is_asked_for(row: dict[str, Any], answer: str) -> None:
    assert oracle(row).endswith(f"<answer>{answer}</answer>")  # type: ignore[arg-type]


def test_the_constant_says_the_same_whatever_the_truth() -> None:
    rows: list[Any] = [{"task": "grounding", "mode": "nr", "solution": word} for word in ("1,2,3,4", "5,6,7,8")]
    assert constant(rows[0]) == constant(rows[1])


def test_a_script_answers_once_greedily_and_as_often_as_asked() -> None:
    row: Any = {"task": "choice", "mode": "think", "solution": "B"}
    [responses] = Scripted(SCRIPTS["oracle"]).answer([row], samples=2)
    assert responses is not None and len(responses) == 3
    assert all("<answer>B</answer>" in response.text for response in responses)
