from __future__ import annotations

import numpy as np
import pytest

from annotate_app.people.refusal import Malformed, Unknown
from annotate_app.review import training_round as training
from annotate_app.review.schemas import TrainingAnswer
from annotate_app.review.service import Review
from distortions import GROUPS, find
from perception20k.imaging import images
from tests.annotate_app.conftest import client_of


def right() -> list[list[TrainingAnswer]]:
    return [[TrainingAnswer(action=lesson["answer"])] for lesson in training.lessons()]


def test_lessons_cover_both_answers_and_both_reasons() -> None:
    answers = {(lesson["answer"], lesson["reason"]) for lesson in training.lessons()}
    assert answers == {("accept", None), ("delete", "object_mismatch"), ("delete", "not_perceptible")}


@pytest.mark.parametrize("number", range(len(training.lessons())))
def test_a_lesson_shows_what_its_answer_says(number: int) -> None:
    lesson = training.lessons()[number]
    image, reference = (images.decode(training.image(number, which)).astype(int) for which in ("image", "reference"))
    x1, y1, x2, y2 = lesson["box"]
    assert 0 <= x1 < x2 <= image.shape[1]
    assert 0 <= y1 < y2 <= image.shape[0]
    changed = np.abs(image - reference).sum(axis=2) > 0
    outside = changed.copy()
    outside[y1:y2, x1:x2] = False
    assert not outside.any()
    named_is_there = lesson["type"] is not None and find(lesson["type"]).group == lesson["group"]
    assert changed.any() == (lesson["type"] is not None)
    assert named_is_there == (lesson["reason"] != "not_perceptible")
    assert lesson["group"] in GROUPS
    assert (x2 - x1) * (y2 - y1) <= 0.9 * image.shape[0] * image.shape[1]


def test_only_a_whole_round_answered_rightly_in_the_end_is_accepted() -> None:
    training.check(right())
    wrong_first = right()
    wrong_first[0].insert(0, TrainingAnswer(action="delete"))
    training.check(wrong_first)
    wrong = right()
    wrong[1] = [TrainingAnswer(action="accept")]
    for answers in (wrong, right()[:-1], []):
        with pytest.raises(Malformed):
            training.check(answers)


def test_images_of_no_lesson_are_unknown() -> None:
    with pytest.raises(Unknown):
        training.image(len(training.lessons()), "image")
    with pytest.raises(Unknown):
        training.image(0, "answer")


def test_the_round_is_kept_with_every_answer(review: Review) -> None:
    client = client_of(review)
    lessons = client.get("/api/training").json()
    answers = [[{"action": lesson["answer"], "reason": lesson["reason"]}] for lesson in lessons]
    answers[0].insert(0, {"action": "delete", "reason": None})
    assert client.post("/api/training", json={"reviewer": "ann", "answers": answers[:-1]}).status_code == 400
    assert client.post("/api/training", json={"reviewer": "ann", "answers": answers}).json() == {"trained": True}
    kept = review.log.connection.execute("SELECT reviewer, json_array_length(answers, '$[0]') FROM training").fetchall()
    assert [tuple(row) for row in kept] == [("ann", 2)]
