"""Interpreting (Refine-IQA, table 4): multiple-choice questions in the form that Q-Bench publishes.

A JSON list of objects with ``img_path``, ``question``, ``candidates``, ``correct_ans``, ``type`` (0 yes or no, 1 what,
2 how) and ``concern`` (0 technical, 1 other, 2 in-context technical, 3 in-context other). Images are looked for beside
the file and in the folders beside it. Q-Bench's own test file has no ``correct_ans``: its authors keep the answers.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from perception20k.core.errors import UserError
from perception20k.core.reporting import SILENT, Reporter
from trainer.data import answers, prompts
from trainer.data.boxes import Grid
from trainer.data.images import Entry, read_image, readable
from trainer.data.rows import Row
from trainer.evaluation.measures import Measure, mean_of
from trainer.evaluation.predictions import Prediction
from trainer.evaluation.suites import Lines, Suite
from trainer.evaluation.tables import Cell, Table

MODES = ("think", "no-think")
TYPES = ("binary", "what", "how")
CONCERNS = ("technical", "other", "in-context technical", "in-context other")
_LETTERS = "ABCDEFGH"


@dataclass(frozen=True)
class Question(Entry):
    """One question about one image."""

    question: str
    candidates: tuple[str, ...]
    correct: str
    type: str
    concern: str


Questions = Lines[Question]


def read(path: Path, reporter: Reporter = SILENT) -> Questions:
    """Read the questions of a file in Q-Bench's form whose images can be read.

    Raises:
        UserError: not such a file, a question without its answer, or no question is left.
    """
    try:
        entries = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise UserError(f"{path}: no such file", code=2) from None
    except (ValueError, OSError) as error:
        raise UserError(f"{path}: not a JSON file: {error}") from None
    if not isinstance(entries, list):
        raise UserError(f"{path}: expected a list of questions")
    folders = [path.parent, *sorted(place for place in path.parent.iterdir() if place.is_dir())]
    questions = [_question(entry, folders, path, f"question {number}") for number, entry in enumerate(entries)]
    if not questions:
        raise UserError(f"{path}: no questions in it")
    return Questions(path, *readable(questions, str(path), reporter))


class ChoiceRows:
    """Questions as rows."""

    def __init__(self, questions: Questions, mode: str, grid: Grid) -> None:
        self.questions, self.mode, self.grid = questions.asked, mode, grid
        self.datasets: Sequence[str] = [questions.path.stem] * len(questions.asked)

    def __getitem__(self, index: int) -> Row:
        """One question, its choices lettered from A in their published order."""
        asked = self.questions[index]
        (image,) = asked.images
        choices = "\n".join(f"{letter}. {text}" for letter, text in zip(_LETTERS, asked.candidates, strict=False))
        words = prompts.prompt(f"choice-{self.mode}.v1").format(question=asked.question, choices=choices)
        correct = asked.candidates.index(asked.correct)
        return {
            "prompt": [{"role": "user", "content": [{"type": "image"}, {"type": "text", "text": words}]}],
            "images": [self.grid.resize(read_image(image))],
            "row_id": f"{asked.where.partition(' ')[2]}/{image.name}",
            "dataset": self.datasets[index],
            "scene": image.name,
            "task": "choice",
            "mode": self.mode,
            "solution": f"{_LETTERS[correct]}. {asked.correct}",
            "truth": {
                "candidates": list(asked.candidates),
                "correct": correct,
                "type": asked.type,
                "concern": asked.concern,
                "question": asked.question,
            },
        }


def suite(questions: Questions, mode: str, grid: Grid) -> Suite:
    """All questions of a file, asked with or without thinking."""
    rows = ChoiceRows(questions, mode, grid)
    return Suite(f"interpreting {questions.path.stem} {mode}", rows, questions.fingerprint)


def choice(text: str, candidates: Sequence[str]) -> int | None:
    """Which candidate an answer chooses: by letter, by letter and words, or by its words; None if none is.

    The answer is what stands between the tags; a text without any tag is an answer as a whole.

    >>> choice("<answer>B. Blurry</answer>", ["Sharp", "Blurry"]), choice("sharp.", ["Sharp", "Blurry"])
    (1, 0)
    """
    said = text if "<" not in text else answers.answer(text)
    if said is None:
        return None
    words = [answers.normal(candidate) for candidate in candidates]
    if (plain := answers.normal(said)) in words:
        return words.index(plain)
    found = re.fullmatch(r"\(?([A-H])\s*(?:[.:)]\s*(.*))?", said.strip(), re.DOTALL | re.IGNORECASE)
    if found is None:
        return None
    place = _LETTERS.index(found[1].upper())
    rest = answers.normal(found[2] or "")
    return place if place < len(words) and rest in ("", words[place]) else None


def tables(suites: Mapping[str, Sequence[Prediction]]) -> list[Table]:
    """Table 4: accuracy by question type and by concern."""
    rows: list[tuple[Cell, ...]] = []
    for name, predictions in suites.items():
        means = [measure.number for measure in measures(predictions)]
        unread = sum(_chosen(prediction) is None for prediction in predictions)
        rows.append((name, *means, len(predictions), unread))
    columns = ("suite", *TYPES, *CONCERNS, "overall", "questions", "unread")
    return [Table("interpreting", "Interpreting (Refine-IQA, table 4)", columns, tuple(rows), percent=True)]


def measures(predictions: Sequence[Prediction]) -> list[Measure]:
    """Accuracy by type, by concern and overall."""
    marked = [(prediction, float(_chosen(prediction) == prediction.truth["correct"])) for prediction in predictions]
    found = []
    for name, key in (*((name, "type") for name in TYPES), *((name, "concern") for name in CONCERNS), ("overall", "")):
        chosen = [(about, mark) for about, mark in marked if not key or about.truth[key] == name]
        found.append(mean_of(f"accuracy, {name}", chosen))
    return found


def _chosen(prediction: Prediction) -> int | None:
    return choice(prediction.text, prediction.truth["candidates"])


def _question(entry: Any, folders: Sequence[Path], path: Path, place: str) -> Question:
    where = f"{path}: {place}"
    wanted = ("img_path", "question", "candidates", "type", "concern")
    lacking = [key for key in wanted if not isinstance(entry, dict) or key not in entry]
    if lacking:
        raise UserError(f"{where} has no {', '.join(lacking)}")
    if "correct_ans" not in entry:
        raise UserError(f"{where} has no correct_ans", "Q-Bench withholds its test answers; use its dev file")
    candidates = tuple(str(candidate) for candidate in entry["candidates"])
    if entry["correct_ans"] not in candidates:
        raise UserError(f"{where}: correct_ans is not among the candidates")
    if entry["type"] not in range(len(TYPES)) or entry["concern"] not in range(len(CONCERNS)):
        raise UserError(f"{where}: type must be 0..2 and concern 0..3")
    places = [folder / entry["img_path"] for folder in folders]
    image = next((place for place in places if place.is_file()), places[0])
    kinds = TYPES[entry["type"]], CONCERNS[entry["concern"]]
    return Question(place, (image,), str(entry["question"]), candidates, str(entry["correct_ans"]), *kinds)
