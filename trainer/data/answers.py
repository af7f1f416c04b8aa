"""What a completion says: its think part, its answer, and what the answer holds.

Every reader is strict about structure and lenient about dress. Structure: the tags are lower case, exactly
one pair, closed; a completion with a second ``<answer>`` or a cut-off one has no answer, so that a policy
gains nothing by listing several. Dress: upper case, stray blanks, quotes and a final full stop do not matter.
A reader returns None for what it cannot read and never raises: a policy writes anything, numbers without end and
brackets a thousand deep among it, and one rollout must not end a run.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple

Completion = str | list[dict[str, Any]]
"""A completion as TRL gives it: plain text, or a conversation of one assistant message."""


class Description(NamedTuple):
    """The three choices of the description task, normalised."""

    object: str
    distortion: str
    severity: str


class Degradation(NamedTuple):
    """Q-Insight's degradation answer, normalised; ``null`` where the model says there is none."""

    distortion: str
    severity: str


def text_of(completion: Completion) -> str:
    """The text of a completion.

    >>> text_of([{"role": "assistant", "content": "<answer>1</answer>"}])
    '<answer>1</answer>'
    """
    if isinstance(completion, str):
        return completion
    content = completion[-1]["content"]
    if isinstance(content, str):
        return content
    return "".join(part.get("text") or "" for part in content)


def between(text: str, tag: str) -> str | None:
    """What stands between the one ``<tag>`` and the one ``</tag>``; None if either is missing or repeated.

    >>> between("<answer> dog </answer>", "answer")
    ' dog '
    >>> between("<answer>dog</answer><answer>cat</answer>", "answer") is None
    True
    """
    opening, closing = f"<{tag}>", f"</{tag}>"
    if text.count(opening) != 1 or text.count(closing) != 1:
        return None
    start, end = text.index(opening) + len(opening), text.index(closing)
    return text[start:end] if start <= end else None


def answer(text: str) -> str | None:
    """The answer, stripped; None if there is not exactly one."""
    inner = between(text, "answer")
    return None if inner is None else inner.strip()


def think_then_answer(text: str) -> bool:
    """Whether the text is one non-empty think part, then one answer, and nothing else but blanks."""
    thought, answered = between(text, "think"), between(text, "answer")
    if thought is None or answered is None or not thought.strip() or "<" in answered:
        return False
    outside = re.sub(r"<think>.*?</think>|<answer>.*?</answer>", "", text, flags=re.DOTALL)
    return not outside.strip() and text.index("</think>") < text.index("<answer>")


def normal(word: str) -> str:
    """A choice as it is compared: lower case, single blanks, no quotes around it, no full stop after it.

    >>> normal("  ‘High  Contrast’. ")
    'high contrast'
    """
    return " ".join(word.strip(" \t\r\n'\"‘’“”`.").lower().split())


def description(text: str, *, whole: bool = False) -> Description | None:
    """The answer of the description task, ``object / distortion / severity``.

    The object may itself hold a slash: the last two parts are the distortion and the severity. Where the
    ``whole`` image is distorted the answer is ``distortion / severity``, and the object is empty.

    >>> description("<answer>Red car / Blur / severe</answer>")
    Description(object='red car', distortion='blur', severity='severe')
    >>> description("<answer>Blur / severe</answer>", whole=True)
    Description(object='', distortion='blur', severity='severe')
    """
    parts = (answer(text) or "").rsplit("/", 2)
    if whole:
        parts = ["", *parts]
    if len(parts) != 3:
        return None
    return Description(*(normal(part) for part in parts))


def right_parts(text: str, object: str | None, distortion: str | None, severity_label: str | None) -> tuple[bool, ...]:
    """Whether the description's object, distortion and severity are right, in this order.

    Without an object, where the whole image is distorted, only the latter two.
    """
    said = description(text, whole=not object)
    truth = [normal(word or "") for word in (object, distortion, severity_label)]
    right = (False,) * 3 if said is None else tuple(a == b for a, b in zip(said, truth, strict=True))
    return right if object else right[1:]


_PIXEL = r"\s*(-?[0-9]{1,6})\s*"
"""A coordinate: more digits than any image has pixels are no number of pixels."""

_BOX = re.compile(rf"[\[(]?{_PIXEL},{_PIXEL},{_PIXEL},{_PIXEL}[\])]?")


def box(text: str) -> tuple[int, int, int, int] | None:
    """The answer of the grounding task, ``x1,y1,x2,y2`` in whole pixels, as the model wrote it.

    Nothing is repaired: swapped corners stay swapped.

    >>> box("<answer> 3, 4,10,12 </answer>")
    (3, 4, 10, 12)
    """
    found = _BOX.fullmatch(answer(text) or "")
    if found is None:
        return None
    x1, y1, x2, y2 = (int(number) for number in found.groups())
    return x1, y1, x2, y2


_SCORE = re.compile(r"(?:score\s*:)?\s*([0-9]+(?:\.[0-9]+)?)", re.IGNORECASE)


def score(text: str, low: float, high: float) -> float | None:
    """The number in the answer, with or without ``Score:`` before it; None outside ``low..high``.

    >>> score("<think>sharp</think><answer>Score: 4.2</answer>", 0, 5)
    4.2
    >>> score("<answer>7.0</answer>", 0, 5) is None
    True
    """
    found = _SCORE.fullmatch(answer(text) or "")
    if found is None:
        return None
    value = float(found.group(1))
    return value if low <= value <= high else None


def json_answer(text: str) -> dict[str, Any] | None:
    """The answer as a JSON object; None if it is not one (Q-Insight's answers)."""
    try:
        value = json.loads(answer(text) or "")
    except (ValueError, RecursionError):
        return None
    return value if isinstance(value, dict) else None


def rating(text: str) -> float | None:
    """Q-Insight's ``{"rating": ...}``, on 1..5; None if it is missing, no number or out of range.

    >>> rating('<answer>{"rating": 3.52}</answer>')
    3.52
    """
    value = (json_answer(text) or {}).get("rating")
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        number = float(value)
    except (ValueError, OverflowError):
        return None
    return number if 1 <= number <= 5 else None


def degradation(text: str) -> Degradation | None:
    """Q-Insight's ``{"distortion_class": ..., "severity": ...}``; JSON null and the word ``null`` are one.

    A value that is no word, such as a number or a list, is the empty word: no choice.

    >>> degradation('<answer>{"distortion_class": "Noise", "severity": "slight"}</answer>')
    Degradation(distortion='noise', severity='slight')
    """
    found = json_answer(text)
    if found is None or "distortion_class" not in found:
        return None
    values = (found["distortion_class"], found.get("severity"))
    return Degradation(
        *("null" if value is None else normal(value) if isinstance(value, str) else "" for value in values)
    )
