"""The best that can be earned without looking: one answer for all questions, chosen with hindsight on these."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from distortions import GROUPS, SEVERITIES
from examples.learn_to_see import world
from examples.learn_to_see.unseen import Question, earned

_STEP = 7
"""Pixels between the edges of the boxes that are tried."""


def best(questions: Sequence[Question]) -> list[str]:
    """The answer to each of these questions of one task: the text that is the best constant for them."""
    tried = {"description": _descriptions, "grounding": _boxes, "score": _scores}[questions[0].task](questions)
    return max(tried, key=lambda texts: sum(map(earned, questions, texts)))


def best_in_place(questions: Sequence[Question]) -> list[str]:
    """The best box for each object by its name alone: what knowing the object earns, without seeing how far it goes."""
    found = [""] * len(questions)
    for name in {q.object for q in questions}:
        places = [i for i, q in enumerate(questions) if q.object == name]
        for i, text in zip(places, best([questions[i] for i in places]), strict=True):
            found[i] = text
    return found


def _descriptions(questions: Sequence[Question]) -> list[list[str]]:
    """Object, distortion and severity are right or wrong each by itself, so each is chosen by itself."""
    distortion = max(GROUPS.values(), key=[q.distortion for q in questions].count)
    severity = max(SEVERITIES, key=[q.severity for q in questions].count)
    objects = [[name] * len(questions) for name in world.PLACES]
    objects += [[q.objects[min(place, len(q.objects) - 1)] for q in questions] for place in range(3)]
    return [[f"<answer>{name} / {distortion} / {severity}</answer>" for name in names] for names in objects]


def _boxes(questions: Sequence[Question]) -> list[list[str]]:
    truth = np.array([q.box for q in questions], dtype=float)
    edges = range(0, world.SIDE + 1, _STEP)
    boxes = np.array([(x1, y1, x2, y2) for x1, x2 in combinations(edges, 2) for y1, y2 in combinations(edges, 2)])
    totals = np.array([_ious(box, truth).sum() for box in boxes])
    return [[f"<answer>{','.join(map(str, boxes[totals.argmax()]))}</answer>"] * len(questions)]


def _ious(box: np.ndarray, truth: np.ndarray) -> np.ndarray:
    size = np.minimum(box[2:], truth[:, 2:]) - np.maximum(box[:2], truth[:, :2])
    shared = np.clip(size, 0, None).prod(axis=1)
    return shared / ((box[2:] - box[:2]).prod() + (truth[:, 2:] - truth[:, :2]).prod(axis=1) - shared)


def _scores(questions: Sequence[Question]) -> list[list[str]]:
    return [[f"<answer>Score: {tenth / 10:.1f}</answer>"] * len(questions) for tenth in range(50)]
