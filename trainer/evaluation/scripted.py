"""Predictors without a model, to check a set-up: one knows the truth, one always says the same.

The oracle must reach 100 %, an IoU of 1 and an SRCC of 1; the constant shows what its answers, given without
looking, earn. Both go the way a model's answers go: written as text, kept, read, scored.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from trainer.data.rows import Row
from trainer.evaluation.suites import AS_STORED, Response


def oracle(row: Row) -> str:
    """A perfect answer, in the words the prompt asks for."""
    task, mode = row["task"], row["mode"]
    said = row["solution"]
    if task == "score":
        score = f"{row['mos']:.6f}"
        said = {"q-insight": f'{{"rating": {score}}}', "visualquality-r1": score}.get(mode, f"Score: {score}")
    return f"<think>It is written down.</think><answer>{said}</answer>"


_CONSTANT = {
    "description": "object / blur / severe",
    "grounding": "0,0,10,10",
    "score": "Score: 2.5",
    "degradation": '{"distortion_class": "null", "severity": "null"}',
    "choice": "A",
    "comparison": "Image A",
}


def constant(row: Row) -> str:
    """The same answer to every question of a task."""
    said = '{"rating": 2.5}' if row["mode"] == "q-insight" else _CONSTANT[row["task"]]
    return f"<think>As always.</think><answer>{said}</answer>"


SCRIPTS: dict[str, Callable[[Row], str]] = {"oracle": oracle, "constant": constant}
"""The scripts, by the name after ``scripted:`` on the command line."""


class Scripted:
    """Answers by a function of the row."""

    grid = AS_STORED

    def __init__(self, script: Callable[[Row], str]) -> None:
        self.script = script

    def answer(self, rows: Sequence[Row], samples: int) -> list[list[Response] | None]:
        """The same text for the greedy answer and every sampled one."""
        return [[Response(self.script(row))] * (1 + samples) for row in rows]
