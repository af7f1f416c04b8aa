"""The experiment's tables, from the answers that were kept. Beside every figure stand those of not looking."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from distortions import GROUPS
from examples.learn_to_see import blind
from examples.learn_to_see.reinforce import DECODINGS, answers_by_step
from examples.learn_to_see.unseen import Question, earned
from trainer.data import answers
from trainer.evaluation.confusion import UNREAD, Confusion
from trainer.evaluation.statistics import interval, resamples, srcc

Values = NDArray[np.float64]
Rows = NDArray[np.intp]
Measure = Callable[[Rows], float]
"""What is measured on some of the questions."""

KINDS = (("description", "fr"), ("description", "nr"), ("grounding", "fr"), ("grounding", "nr"))


class Estimate(NamedTuple):
    """A mean with its 95 % interval, scenes resampled."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.3f} ({self.low:.3f} to {self.high:.3f})"


def estimate(values: Values, scenes: Sequence[str]) -> Estimate:
    """The mean of one value per question and its interval over scenes."""
    return over_scenes(lambda rows: float(values[rows].mean()), scenes)


def over_scenes(measure: Measure, scenes: Sequence[str]) -> Estimate:
    """A measure of the questions' rows, and its interval over scenes."""
    found = interval([measure(rows) for rows in resamples(scenes, "learn to see")])
    return Estimate(measure(np.arange(len(scenes))), *(found or (np.nan, np.nan)))


def earnings(questions: Sequence[Question], said: Sequence[str]) -> Values:
    """What each answer earns."""
    return np.array([earned(question, text) for question, text in zip(questions, said, strict=True)])


def of_kind(questions: Sequence[Question], task: str, mode: str) -> list[int]:
    """The places of one kind of question, or of a task's in both modes, ``fr+nr``."""
    return [i for i, question in enumerate(questions) if question.task == task and question.mode in mode.split("+")]


def stage_1(questions: Sequence[Question], runs: dict[int, Path], shuffled: dict[int, list[str]]) -> str:
    """Each task and mode: the baselines, the supervised start, and every seed at its end."""
    first = next(iter(runs))
    start = answers_by_step(runs[first])[0]
    lines = [
        "| task | mode | blind constant | true object, one box | shuffled images | supervised start | after RL |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for task, mode in KINDS:
        places = of_kind(questions, task, mode)
        asked, scenes = [questions[i] for i in places], [questions[i].scene for i in places]

        def over(said: Sequence[str], places: Sequence[int] = places) -> Values:
            return earnings([questions[i] for i in places], [said[i] for i in places])

        constant = estimate(earnings(asked, blind.best(asked)), scenes)
        placed = estimate(earnings(asked, blind.best_in_place(asked)), scenes) if task == "grounding" else ""
        before = estimate(over(start), scenes)
        for number, (seed, run) in enumerate(runs.items()):
            steps = answers_by_step(run)
            after = over(steps[max(steps)])
            blindly = estimate(over(shuffled[seed]), scenes)
            cells = [task, mode.upper(), constant, placed, blindly, before]
            if number:
                cells = ["", f"seed {seed}", "", "", blindly, ""]
            lines.append("| " + " | ".join(map(str, [*cells, estimate(after, scenes)])) + " |")
    return "\n".join(lines)


def gains(questions: Sequence[Question], runs: dict[str, Path]) -> str:
    """What reinforcement added to its start: greedy answers, and sampled ones, whose reward is what it maximises."""
    lines = [
        "| answers | task | mode | run | supervised start | after RL | gain |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for decoding in DECODINGS:
        for task, mode in (*KINDS, ("description", "fr+nr"), ("grounding", "fr+nr")):
            places = of_kind(questions, task, mode)
            asked, scenes = [questions[i] for i in places], [questions[i].scene for i in places]
            pairs = {}
            for name, run in runs.items():
                steps = answers_by_step(run, decoding)
                pairs[name] = [earnings(asked, [steps[step][i] for i in places]) for step in (0, max(steps))]
            if len(runs) > 1:
                pairs["all seeds"] = [np.mean(values, axis=0) for values in zip(*pairs.values(), strict=True)]
            for name, (before, after) in pairs.items():
                cells = (estimate(values, scenes) for values in (before, after, after - before))
                lines.append(f"| {decoding} | {task} | {mode.upper()} | {name} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def over_steps(questions: Sequence[Question], runs: dict[str, Path], decoding: str = "greedy") -> str:
    """The mean reward on the unseen photos after so many steps, task by task, run by run."""
    steps = sorted(answers_by_step(next(iter(runs.values()))))
    lines = ["| task | mode | run | " + " | ".join(map(str, steps)) + " |", "| --- " * (len(steps) + 3) + "|"]
    for task, mode in dict.fromkeys((q.task, q.mode) for q in questions):
        places = of_kind(questions, task, mode)
        for name, run in runs.items():
            kept = answers_by_step(run, decoding)
            means = [earnings([questions[i] for i in places], [kept[s][i] for i in places]).mean() for s in steps]
            lines.append(f"| {task} | {mode.upper()} | {name} | " + " | ".join(f"{mean:.3f}" for mean in means) + " |")
    return "\n".join(lines)


def stage_2(questions: Sequence[Question], arms: dict[str, dict[int, Path]]) -> str:
    """Right scores and rank correlation of every arm and seed, beside the best constant, shuffled images and the start.

    The last line is what Stage 1 adds: the second arm less the first, over the seeds that both have.
    """
    scenes = [question.scene for question in questions]
    constant = estimate(earnings(questions, blind.best(questions)), scenes)
    lines = [
        "| arm | seed | measure | start | end | end, shuffled images |",
        "| --- | --- | --- | --- | --- | --- |",
        f"| best blind constant | | right | | {constant} | |",
    ]
    right: dict[tuple[str, int], Values] = {}
    ranked: dict[tuple[str, int], Measure] = {}
    for arm, runs in arms.items():
        for seed, run in runs.items():
            steps = answers_by_step(run)
            texts = (steps[0], steps[max(steps)], json.loads((run / "shuffled.json").read_text()))
            earned_by = [earnings(questions, said) for said in texts]
            ranks = [rank_correlation(questions, said) for said in texts]
            right[arm, seed], ranked[arm, seed] = earned_by[1], ranks[1]
            cells = " | ".join(str(estimate(values, scenes)) for values in earned_by)
            lines.append(f"| {arm} | {seed} | right | {cells} |")
            lines.append("| | | SRCC | " + " | ".join(str(over_scenes(rank, scenes)) for rank in ranks) + " |")
    alone, after = arms
    if both := sorted(arms[alone].keys() & arms[after].keys()):
        gain = np.mean([right[after, seed] - right[alone, seed] for seed in both], axis=0)
        higher = over_scenes(
            lambda rows: float(np.mean([ranked[after, s](rows) - ranked[alone, s](rows) for s in both])), scenes
        )
        lines.append(f"| {after}, less {alone} | mean | right | | {estimate(gain, scenes)} | |")
        lines.append(f"| | | SRCC | | {higher} | |")
    return "\n".join(lines)


def rank_correlation(questions: Sequence[Question], said: Sequence[str]) -> Measure:
    """SRCC of scores and qualities; an answer that cannot be read counts as the middle of the scale."""
    scores = np.array([answers.score(text, 0, 5) or 2.5 for text in said])
    truth = np.array([question.quality for question in questions])
    return lambda rows: srcc(scores[rows], truth[rows])


def confusion(questions: Sequence[Question], said: Sequence[str]) -> Confusion:
    """What was said for each distortion, full-reference and no-reference together."""
    places = [i for i, question in enumerate(questions) if question.task == "description"]
    truth = [questions[i].distortion for i in places]
    named = [getattr(answers.description(said[i]), "distortion", UNREAD) for i in places]
    return Confusion.count("distortion", tuple(GROUPS.values()), truth, named)


def choices(questions: Sequence[Question], runs: dict[str, Path]) -> str:
    """Share of right objects, distortions and severities before and after, full-reference and no-reference."""
    lines = ["| run | mode | step | object | distortion | severity |", "| --- | --- | --- | --- | --- | --- |"]
    for name, run in runs.items():
        kept = answers_by_step(run)
        for mode in ("fr", "nr"):
            places = of_kind(questions, "description", mode)
            for step in (0, max(kept)):
                right = [answers.right_parts(kept[step][i], *_truth(questions[i])) for i in places]
                shares = " | ".join(f"{share:.3f}" for share in np.mean(right, axis=0))
                lines.append(f"| {name} | {mode.upper()} | {step} | {shares} |")
    return "\n".join(lines)


def _truth(question: Question) -> tuple[str, str, str]:
    return question.object, question.distortion, question.severity
