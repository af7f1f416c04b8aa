"""From the reward of one rollout to a reward function as TRL calls it."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from inspect import signature
from typing import Any

from trainer.data import answers

Reward = Callable[..., list[float | None]]


def for_tasks(*tasks: str) -> Callable[[Callable[..., float]], Reward]:
    """Turn ``(text, *columns of its row) -> float`` into ``(completions, task, *columns) -> list[float | None]``.

    The reward is None for a row of another task, and for one that lacks a column. Columns go by their names, or in
    the order of the function's own parameters; columns it does not name are ignored.

    >>> @for_tasks("score")
    ... def close(text: str, mos: float) -> float:
    ...     return abs(float(text) - mos) < 0.5
    >>> close(["3.4", "1", "2"], task=["score", "score", "grounding"], mos=[3.0, 3.0, None], box=[None] * 3)
    [1.0, 0.0, None]
    """

    def make(judge: Callable[..., float]) -> Reward:
        names = list(signature(judge).parameters)[1:]

        @wraps(judge)
        def reward(completions: Any, task: Any, *columns: Any, **named: Any) -> list[float | None]:
            rows = zip(completions, task, *(columns or [named[name] for name in names]), strict=True)
            return [
                float(judge(answers.text_of(completion), *values)) if which in tasks and None not in values else None
                for completion, which, *values in rows
            ]

        return reward

    return make
