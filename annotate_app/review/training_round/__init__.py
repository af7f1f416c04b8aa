"""The training round: samples with known answers, made on the spot from the photos that ship with the project.

The questions, and why an answer is right, are in ``round.json``. The images are distorted here by the same
code that made the dataset, so that nothing but text is stored; one lesson shows no distortion at all.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from annotate_app.people.refusal import Malformed, Unknown
from annotate_app.review.schemas import TrainingAnswer
from annotate_app.review.words import question
from distortions import GROUPS, distort_region
from perception20k.imaging import images


@cache
def lessons() -> list[dict[str, Any]]:
    """The lessons of ``round.json``, in its order."""
    rows: list[dict[str, Any]] = json.loads((Path(__file__).parent / "round.json").read_text(encoding="utf-8"))
    return rows


def as_json() -> list[dict[str, Any]]:
    """The lessons as the page shows them, answers included: it explains each as soon as it is given."""
    shown = []
    for lesson in lessons():
        height, width = _photo(lesson["photo"]).shape[:2]
        words = {key: lesson[key] for key in ("object", "box", "severity", "answer", "reason", "why")}
        label = GROUPS[lesson["group"]]
        shown.append({**words, "label": label, "question": question(label), "width": width, "height": height})
    return shown


@cache
def image(number: int, which: str) -> bytes:
    """The image of a lesson (``which`` is ``image`` or ``reference``) as lossless WebP.

    Raises:
        Unknown: there is no such lesson or no such image of it.
    """
    if number >= len(lessons()) or which not in ("image", "reference"):
        raise Unknown
    lesson = lessons()[number]
    pixels = _photo(lesson["photo"])
    if which == "image" and lesson["type"] is not None:
        pixels = distort_region(pixels, tuple(lesson["box"]), lesson["type"], lesson["severity"], seed=number)
    return images.encode(pixels)[0]


def check(answers: Sequence[Sequence[TrainingAnswer]]) -> None:
    """Accept the answers of a whole round only: every lesson answered, each rightly in the end.

    Raises:
        Malformed: a lesson is missing, or its last answer is wrong. The reason of a deletion is free.
    """
    rows = lessons()
    if len(answers) != len(rows) or any(
        given[-1].action != lesson["answer"] for given, lesson in zip(answers, rows, strict=True)
    ):
        raise Malformed("the training round is not done")


def _photo(name: str) -> images.Array:
    return images.decode((files("perception20k") / "sample" / name).read_bytes())
