"""The experiment's tables, from the answers that were kept. Beside every figure stand those of not looking."""

from __future__ import annotations

from collections.abc import Sequence
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
    found = interval([float(values[rows].mean()) for rows in resamples(scenes, "learn to see")])
    return Estimate(float(values.mean()), *(found or (np.nan, np.nan)))


def earnings(questions: Sequence[Question], said: Sequence[str]) -> Values:
    """What each answer earns."""
    return np.array([earned(question, text) for question, text in zip(questions, said, strict=True)])


def of_kind(questions: Sequence[Question], task: str, mode: str) -> list[int]:
    """The places of one kind of question."""
    return [i for i, question in enumerate(questions) if (question.task, question.mode) == (task, mode)]


def stage_1(questions: Sequence[Question], runs: dict[int, Path], shuffled: dict[int, list[str]]) -> str:
    """Each task and mode: the best blind constant, shuffled images, the supervised start, and every seed at its end."""
    first = next(iter(runs))
    start = answers_by_step(runs[first])[0]
    lines = [
        "| task | mode | blind constant | shuffled images | supervised start | after RL |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    for task, mode in KINDS:
        places = of_kind(questions, task, mode)
        asked, scenes = [questions[i] for i in places], [questions[i].scene for i in places]

        def over(said: Sequence[str], places: Sequence[int] = places) -> Values:
            return earnings([questions[i] for i in places], [said[i] for i in places])

        before = over(start)
        cells = [estimate(earnings(asked, blind.best(asked)), scenes), None, estimate(before, scenes)]
        for number, (seed, run) in enumerate(runs.items()):
            steps = answers_by_step(run)
            after = over(steps[max(steps)])
            cells[1] = estimate(over(shuffled[seed]), scenes)
            numbers = [*(cells if not number else ["", cells[1], ""]), estimate(after, scenes)]
            names = [task, mode.upper()] if not number else ["", f"seed {seed}"]
            lines.append("| " + " | ".join(map(str, [*names, *numbers])) + " |")
    return "\n".join(lines)


def gains(questions: Sequence[Question], runs: dict[str, Path]) -> str:
    """What reinforcement added to its start: greedy answers, and sampled ones, whose reward is what it maximises."""
    lines = [
        "| answers | task | mode | run | supervised start | after RL | gain |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    for decoding in DECODINGS:
        for task, mode in KINDS:
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


def stage_2(questions: Sequence[Question], arms: dict[str, Path], shuffled: dict[str, list[str]]) -> str:
    """Right scores and rank correlation of every arm, beside the best constant, shuffled images and the start."""
    scenes = [question.scene for question in questions]
    constant = estimate(earnings(questions, blind.best(questions)), scenes)
    lines = [
        "| arm | right scores at its start | right scores at its end | with shuffled images | SRCC at its end |",
        "| --- | --- | --- | --- | --- |",
        f"| best blind constant | {constant} | {constant} | | |",
    ]
    for name, run in arms.items():
        steps = answers_by_step(run)
        first, last = (earnings(questions, steps[step]) for step in (0, max(steps)))
        correlation = rank_correlation(questions, steps[max(steps)])
        blindly = estimate(earnings(questions, shuffled[name]), scenes)
        cells = [estimate(first, scenes), estimate(last, scenes), blindly, correlation]
        lines.append(f"| {name} | " + " | ".join(map(str, cells)) + " |")
    return "\n".join(lines)


def rank_correlation(questions: Sequence[Question], said: Sequence[str]) -> Estimate:
    """SRCC of scores and qualities; an answer that cannot be read counts as the middle of the scale."""
    scores = np.array([answers.score(text, 0, 5) or 2.5 for text in said])
    truth = np.array([question.quality for question in questions])
    drawn = resamples([question.scene for question in questions], "learn to see")
    found = interval([srcc(scores[rows], truth[rows]) for rows in drawn])
    return Estimate(srcc(scores, truth), *(found or (np.nan, np.nan)))


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
