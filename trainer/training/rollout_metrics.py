"""What is logged of a rollout in addition to its rewards, by task and mode: ``TASK/MODE/NAME``.

All values are averaged over the rollouts between two log lines, over all processes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from trainer.data import answers
from trainer.data.boxes import box_iou

RIGHT = {
    "description": 1.0,
    "grounding": 0.5,
    "answer": 1.0,
    "format": 1.0,
    "q_insight_score": 1.0,
    "degradation_level": 1.0,
}
"""From which reward on a rollout is right: all three choices, an IoU of one half, a score within the tolerance and
in Refine-IQA's form, class and level. VisualQuality-R1 has no right and wrong, only more and less."""


def measures(
    row: Mapping[str, Any],
    text: str,
    reward: float,
    *,
    truncated: bool,
    think_tokens: Callable[[str], int],
    mos_range: tuple[float, float] | None,
) -> dict[str, float]:
    """The measures of one rollout of ``row`` with its final, weighted reward.

    ``think_tokens`` counts the tokens of a think part; without ``mos_range``, the scale of ``row["mos"]``, the score's
    error is left out.
    """
    values = {"reward": reward, "truncated": float(truncated)}
    task = row["task"]
    if task == "description":
        parts = answers.right_parts(text, row["object"], row["distortion"], row["severity_label"])
        names = ("object_right", "distortion_right", "severity_right")
        values |= {name: float(part) for name, part in zip(names[-len(parts) :], parts, strict=True)}
    elif task == "grounding":
        values["iou"] = box_iou(text, row["box"])
    elif task == "degradation":
        said = answers.degradation(text)
        values["class_right"] = float(said is not None and said.distortion == row["distortion"])
        values["level_right"] = float(said == (row["distortion"], row["severity_label"]))
    elif task == "score" and mos_range is not None:
        score = answers.rating(text) if answers.json_answer(text) else answers.score(text, *mos_range)
        if score is not None:
            values["error"] = abs(score - row["mos"])
    if row["mode"] == "think":
        values["think_tokens"] = float(think_tokens(thought(text)))
    return {f"{task}/{row['mode']}/{name}": value for name, value in values.items()}


def thought(text: str) -> str:
    """What was thought, however badly formed: from the first ``<think>`` to its end, or to the text's if it has none.

    A thought that ran into the length limit counts with what there is of it. Counted as nothing, or left out of the
    mean, the longest thoughts would make the mean fall just when thinking grows.

    >>> thought("<think>sharp, but")
    'sharp, but'
    """
    return text.partition("<think>")[2].partition("</think>")[0].strip()
