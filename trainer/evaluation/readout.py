"""The ways of asking for a score, and the score by probability (Refine-IQA, Eq. 8).

That is the expectation over the integer digit's five values, plus one half: the middle of what the digit leaves open,
since 3 stands for 3.0 to 3.9. The digit is found by character in the answer's own text, so neither the answer's length
nor the tokens around the digit matter.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from trainer.data import answers


class Way(NamedTuple):
    """A way of asking for a score."""

    prompt: str
    system: str | None
    low: float
    high: float
    read: Callable[[str], float | None]


WAYS = {
    "think": Way("refine-iqa-think.v1", None, 0, 5, lambda text: answers.score(text, 0, 5)),
    "no-think": Way("refine-iqa-no-think.v1", None, 0, 5, lambda text: answers.score(text, 0, 5)),
    "q-insight": Way("q-insight-score.v1", "q-insight-system.v1", 1, 5, answers.rating),
    "visualquality-r1": Way("visualquality-r1.v1", None, 1, 5, lambda text: answers.score(text, 1, 5)),
}
"""The papers' ways, by the name on the command line."""

DIGITS = ("0", "1", "2", "3", "4")


def expectation(probabilities: Sequence[float]) -> float:
    """Eq. 8: the sum of j p_j over j = 0..4, plus 0.5; ``probabilities`` add up to 1.

    >>> expectation((0, 0, 0.5, 0.5, 0))
    3.0
    """
    return math.fsum(j * p for j, p in enumerate(probabilities)) + 0.5


def digit_place(text: str) -> int | None:
    """Where in ``text`` the score's integer digit stands, by character; None where no score on 0..5 can be read.

    >>> digit_place("<answer>Score: 3.4</answer>")
    15
    """
    if answers.score(text, 0, 5) is None:
        return None
    start = text.index("<answer>")
    found = re.search(r"\d", text[start:])
    assert found is not None, "a readable score has a digit"
    return start + found.start()


def from_log_probabilities(found: Mapping[str, float]) -> tuple[float, ...] | None:
    """The five probabilities, made to add up to 1, from the log-probabilities of some tokens, as servers give them.

    A digit that is not among them has probability 0: servers list only the likeliest tokens. None where none is.
    """
    chances: dict[str, float] = {}
    for token, value in found.items():
        digit = token.strip()
        if digit in DIGITS:
            chances[digit] = chances.get(digit, 0.0) + math.exp(value)
    total = math.fsum(chances.values())
    return tuple(chances.get(digit, 0.0) / total for digit in DIGITS) if total > 0 else None
