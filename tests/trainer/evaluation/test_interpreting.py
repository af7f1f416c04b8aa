"""Questions in Q-Bench's form."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from perception20k.core.errors import UserError
from tests.trainer.evaluation.conftest import prediction, question
from trainer.evaluation import interpreting
from trainer.evaluation.interpreting import choice
from trainer.evaluation.suites import AS_STORED


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("<answer>B</answer>", 1),
        ("<think>A or B?</think><answer> b. </answer>", 1),
        ("<answer>(C) Dark</answer>", 2),
        ("<answer>noisy</answer>", 1),
        ("A. Clean", 0),
        ("A", 0),
        ("<answer>A. Noisy</answer>", None),  # letter and words disagree
        ("<answer>D</answer>", None),  # there is no D
        ("<answer>A or B</answer>", None),
        ("<think>It is A", None),
        ("I would say that it is A", None),
        ("", None),
    ],
)
def test_a_choice_is_a_letter_or_the_words(text: str, chosen: int | None) -> None:
    assert choice(text, ["Clean", "Noisy", "Dark"]) == chosen


def test_an_article_is_not_a_letter() -> None:
    assert choice("<answer>a little</answer>", ["Very", "A little"]) == 1


def test_a_question_is_asked_with_its_lettered_choices_and_its_image(pictures: Path) -> None:
    found = interpreting.read(pictures / "questions.json")
    assert (len(found.asked), found.missing) == (5, ())
    rows = interpreting.ChoiceRows(found, "think", AS_STORED)
    row = rows[1]
    words = row["prompt"][0]["content"][1]["text"]
    assert words.startswith("How noisy is {this} picture?\n") and "\nA. Clean\nB. Noisy\nC. Dark\n" in words
    assert "<think>" in words
    assert row["solution"] == "A. Clean"
    assert row["images"][0].size == (112, 84)
    assert (row["truth"]["type"], row["truth"]["concern"]) == ("what", "other")


def write(folder: Path, *entries: Any) -> Path:
    path = folder / "some.json"
    path.write_text(json.dumps(list(entries)))
    return path


def test_images_are_found_beside_the_file_or_a_folder_down_and_missing_ones_listed(
    pictures: Path, tmp_path: Path
) -> None:
    (tmp_path / "images").mkdir()
    (tmp_path / "images" / "0.png").write_bytes((pictures / "0.png").read_bytes())
    found = interpreting.read(write(tmp_path, question(0), question(1)))
    assert [asked.images[0].name for asked in found.asked] == ["0.png"]
    assert found.missing == (f"question 1: {tmp_path / '1.png'}: no such image",)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"candidates": None}, "question 0 has no candidates"),
        ({"correct_ans": None}, "no correct_ans. Q-Bench withholds its test answers"),
        ({"correct_ans": "Bright"}, "correct_ans is not among the candidates"),
        ({"type": 3}, "type must be 0..2"),
        ({"img_path": "elsewhere.png"}, "none of its images can be read"),
    ],
)
def test_a_file_that_is_not_in_the_form_is_refused(pictures: Path, changed: dict[str, Any], message: str) -> None:
    path = pictures / "bad.json"
    path.write_text(json.dumps([question(0, **changed)]))
    with pytest.raises(UserError, match=message):
        interpreting.read(path)


@pytest.mark.parametrize(("text", "message"), [("{", "not a JSON file"), ("{}", "expected a list")])
def test_another_file_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "x.json").write_text(text)
    with pytest.raises(UserError, match=message):
        interpreting.read(tmp_path / "x.json")


def test_table_4_by_hand() -> None:
    truths = [("binary", "technical", "A"), ("binary", "other", "B"), ("how", "technical", "nothing")]
    predictions = [
        prediction(f"<answer>{said}</answer>", index=i, candidates=["x", "y"], correct=0, type=kind, concern=concern)
        for i, (kind, concern, said) in enumerate(truths)
    ]
    (table,) = interpreting.tables({"interpreting q think": predictions})
    row = dict(zip(table.columns, table.rows[0], strict=True))
    assert (row["binary"], row["what"], row["how"]) == (0.5, None, 0)
    assert (row["technical"], row["other"], row["in-context other"]) == (0.5, 0, None)
    assert (row["overall"], row["questions"], row["unread"]) == (pytest.approx(1 / 3), 3, 1)


def test_a_question_about_a_damaged_image_is_left_out_and_named(tmp_path: Path) -> None:
    path = write(tmp_path, question(0), question(1))
    Image.new("RGB", (8, 8)).save(tmp_path / "0.png")
    (tmp_path / "1.png").write_bytes(b"no image")
    found = interpreting.read(path)
    assert [asked.where for asked in found.asked] == ["question 0"]
    assert found.missing == (
        f"question 1: {tmp_path / '1.png'}: cannot be read as an image: not an image in a known format",
    )
