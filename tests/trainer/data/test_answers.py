"""The readers of completions: what is accepted, what is refused."""

from __future__ import annotations

import pytest

from trainer.data import answers
from trainer.training.rewards import q_insight, scoring, thurstone
from trainer.training.rewards.grounding import grounding

GOOD = "<think>soft edges</think><answer>Score: 3.4</answer>"


def test_the_text_of_a_conversation_a_string_and_content_parts_is_the_same() -> None:
    parts = [{"type": "text", "text": "<answer>1"}, {"type": "text", "text": "</answer>"}]
    assert answers.text_of("<answer>1</answer>") == "<answer>1</answer>"
    assert answers.text_of([{"role": "assistant", "content": "<answer>1</answer>"}]) == "<answer>1</answer>"
    assert answers.text_of([{"role": "assistant", "content": parts}]) == "<answer>1</answer>"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "dog",
        "<answer>dog",  # truncated
        "dog</answer>",
        "<answer>dog</answer><answer>cat</answer>",  # a second answer
        "<answer><answer>dog</answer>",
        "</answer>dog<answer>",
        "<ANSWER>dog</ANSWER>",
        "[answer]dog[/answer]",
    ],
)
def test_no_single_closed_answer_is_no_answer(text: str) -> None:
    assert answers.answer(text) is None


def test_an_answer_may_stand_among_other_words_and_blanks() -> None:
    assert answers.answer("Sure! <answer>\n dog \n</answer> Done.") == "dog"


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        (GOOD, True),
        (" \n<think>a</think>\n\n<answer>b</answer>\n", True),
        ("<think>a\nb</think><answer>c</answer>", True),
        ("<think> </think><answer>b</answer>", False),  # empty think
        ("<answer>b</answer>", False),
        ("<answer>b</answer><think>a</think>", False),  # wrong order
        ("Well <think>a</think><answer>b</answer>", False),
        ("<think>a</think> so <answer>b</answer>", False),
        ("<think>a<answer>b</answer></think>", False),
        ("<think>a</think><answer>b", False),
        ("<think>a</think><think>a</think><answer>b</answer>", False),
        ("<think>a <answer>1</answer></think><answer>b</answer>", False),
    ],
)
def test_think_then_answer(text: str, holds: bool) -> None:
    assert answers.think_then_answer(text) is holds


@pytest.mark.parametrize(
    "text",
    [
        "<answer>red car / high contrast / relatively obvious</answer>",
        "<answer> Red  Car/HIGH CONTRAST/ Relatively  obvious. </answer>",
        "<answer>‘red car’ / 'high contrast' / \"relatively obvious\"</answer>",
    ],
)
def test_a_description_is_read_whatever_its_dress(text: str) -> None:
    assert answers.description(text) == ("red car", "high contrast", "relatively obvious")


def test_an_objects_own_slash_stays_in_the_object() -> None:
    assert answers.description("<answer>salt/pepper shaker / blur / slight</answer>") == (
        "salt/pepper shaker",
        "blur",
        "slight",
    )


@pytest.mark.parametrize("inner", ["", "dog", "dog / blur", "dog, blur, slight"])
def test_a_description_without_three_parts_is_none(inner: str) -> None:
    assert answers.description(f"<answer>{inner}</answer>") is None


@pytest.mark.parametrize(
    ("inner", "box"),
    [
        ("1,2,30,40", (1, 2, 30, 40)),
        (" 1 , 2 ,30,  40 ", (1, 2, 30, 40)),
        ("(1,2,30,40)", (1, 2, 30, 40)),
        ("[1, 2, 30, 40]", (1, 2, 30, 40)),
        ("-3,2,9999,40", (-3, 2, 9999, 40)),
        ("30,40,1,2", (30, 40, 1, 2)),  # swapped corners are not repaired
        ("1.5,2,30,40", None),  # the prompt asks for integers
        ("1,2,30", None),
        ("1,2,30,40,50", None),
        ("x1,y1,x2,y2", None),
    ],
)
def test_boxes(inner: str, box: tuple[int, int, int, int] | None) -> None:
    assert answers.box(f"<answer>{inner}</answer>") == box


@pytest.mark.parametrize(
    ("inner", "value"),
    [
        ("Score: 3.4", 3.4),
        ("score:3.4", 3.4),
        (" SCORE :  3.4 ", 3.4),
        ("3.4", 3.4),
        ("0", 0.0),
        ("5.0", 5.0),
        ("5.1", None),  # out of range
        ("-1.0", None),
        ("3.4/5", None),
        ("Score: Your score", None),
        ("Score: 3.4 3.5", None),
    ],
)
def test_scores(inner: str, value: float | None) -> None:
    assert answers.score(f"<think>a</think><answer>{inner}</answer>", 0, 5) == value


@pytest.mark.parametrize(
    ("inner", "value"),
    [
        ('{"rating": 3.52}', 3.52),
        ('{"rating": "3.52"}', 3.52),
        ('{"rating": 4}', 4.0),
        ('{"rating": 0.5}', None),
        ('{"rating": true}', None),
        ('{"rating": null}', None),
        ('{"rating": "good"}', None),
        ('{"score": 3.5}', None),
        ("3.52", None),
        ("[3.52]", None),
    ],
)
def test_ratings(inner: str, value: float | None) -> None:
    assert answers.rating(f"<answer>{inner}</answer>") == value


@pytest.mark.parametrize(
    ("inner", "said"),
    [
        ('{"distortion_class": "noise", "severity": "slight"}', ("noise", "slight")),
        ('{"distortion_class": "Noise ", "severity": " SLIGHT"}', ("noise", "slight")),
        ('{"distortion_class": "null", "severity": "null"}', ("null", "null")),
        ('{"distortion_class": null, "severity": null}', ("null", "null")),
        ('{"distortion_class": null}', ("null", "null")),
        ('{"severity": "slight"}', None),
        ('{"distortion_class": "noise"', None),
    ],
)
def test_degradations(inner: str, said: tuple[str, str] | None) -> None:
    assert answers.degradation(f"<answer>{inner}</answer>") == said


NASTY = [
    "9" * 20,
    "9" * 5000,
    "-" + "9" * 5000,
    "0,0," + "9" * 20 + "," + "9" * 20,
    "1" * 5000 + ",2,3,4",
    '{"rating": ' + "3" * 320 + "}",
    '{"rating": "' + "3" * 320 + '"}',
    '{"rating": ' + "3" * 5000 + "}",
    '{"rating": NaN}',
    '{"rating": Infinity}',
    '{"rating": -3}',
    '{"rating": "inf"}',
    "[" * 1000 + "]" * 1000,
    "[" * 100_000,
    '{"distortion_class": ' + "[" * 900 + "]" * 900 + "}",
    '{"rating": ' + "[" * 900 + "]" * 900 + "}",
    "NaN",
    "inf",
    "Score: ٣.٤",
    "١,٢,٣,٤",
    "²,2,3,4",
    "\x00",
    "<think>" * 1000,
]


@pytest.mark.parametrize("inner", NASTY, ids=lambda inner: f"{inner[:24]!r} {len(inner)}")
def test_no_reader_raises_and_nothing_is_read_into_nonsense(inner: str) -> None:
    text = f"<think>a</think><answer>{inner}</answer>"
    assert answers.box(text) is None
    assert answers.score(text, 0, 5) is None
    assert answers.rating(text) is None
    answers.description(text)
    answers.think_then_answer(text)
    assert (answers.degradation(text) or ("", ""))[0] == ""
    boxes: list[tuple[float, float, float, float]] = [(1.0, 2.0, 30.0, 40.0)]
    assert grounding([text], ["grounding"], boxes) == [0]
    assert q_insight.q_insight_score([text], ["score"], [3.0]) == [0]
    assert q_insight.degradation_class([text], ["degradation"], ["noise"]) == [0]
    assert [scoring.answer([text], ["score"], [3.4]), scoring.format([text], ["score"])] == [[0], [0]]
    assert thurstone.visualquality_format([text], ["score"]) == [0]


def test_of_a_whole_image_distortion_and_severity_are_asked() -> None:
    said = "<answer>Blur / severe</answer>"
    assert answers.description(said, whole=True) == ("", "blur", "severe") and answers.description(said) is None
    assert answers.description("<answer>cup / blur / severe</answer>", whole=True) is None
    assert answers.right_parts(said, "", "blur", "slight") == (True, False)
    assert answers.right_parts("nothing", "", "blur", "slight") == (False, False)
