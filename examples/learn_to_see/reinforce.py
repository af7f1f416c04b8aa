"""Reinforcement by the project's own trainer and recipes, with answers about unseen photos taken along the way."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from examples.learn_to_see.unseen import Question, ask
from perception20k.core.reporting import Reporter
from trainer.data.datasets import read_datasets
from trainer.training import recipe
from trainer.training.train import train

ANSWERS = "unseen.jsonl"
"""In a run's directory, one line per evaluation: its step and the answers to every question, greedy and sampled."""
DECODINGS = ("greedy", "sampled")


class Exam(TrainerCallback):  # type: ignore[misc]  # transformers is not typed
    """Asks the model the questions before the first step, every ``every`` steps, and after the last."""

    def __init__(self, questions: Sequence[Question], every: int, path: Path) -> None:
        self.questions, self.every, self.path = questions, every, path

    def on_train_begin(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any
    ) -> None:
        """The model that the run starts from; the fused attention is the slower one for sequences so short."""
        given["model"].set_attn_implementation("eager")
        if state.global_step == 0:
            self._ask(0, **given)

    def on_step_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **given: Any) -> None:
        """The model after a step."""
        if state.global_step % self.every == 0 or state.global_step == state.max_steps:
            self._ask(state.global_step, **given)

    def _ask(self, step: int, model: Any, processing_class: Any, **_: Any) -> None:
        training = model.training
        model.eval()
        said = {name: ask(model, processing_class, self.questions, sampled=name == "sampled") for name in DECODINGS}
        model.train(training)
        with self.path.open("a", encoding="utf-8") as stream:
            stream.write(json.dumps({"step": step, **said}) + "\n")


def answers_by_step(run: Path, decoding: str = "greedy") -> dict[int, list[str]]:
    """What was answered when; a step that was done twice counts as it was the last time."""
    lines = (run / ANSWERS).read_text(encoding="utf-8").splitlines()
    return {entry["step"]: entry[decoding] for entry in map(json.loads, lines)}


def reinforce(
    name: str, source: str, start: Path, run: Path, questions: Sequence[Question], changes: dict[str, Any], every: int
) -> None:
    """Train recipe ``name`` with ``changes`` on ``source`` into ``run``; goes on if it was stopped."""
    if (run / "model" / "README.md").is_file():
        return
    chosen = recipe.load(name, tuple(f"{key}={value}" for key, value in changes.items()))
    exam = Exam(questions, every, run / ANSWERS)
    train(chosen, read_datasets([source]), str(start), run, report=Reporter(), callbacks=[exam])
