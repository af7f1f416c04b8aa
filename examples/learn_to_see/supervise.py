"""Supervised learning on samples made on the fly: what the papers' base model brings along.

Descriptions, boxes and scores, each with the right answer. Reinforcement needs a start whose scores depend on the
image: from one that was taught only their form, RL stage 2 learns the best constant and nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.nn import functional

from distortions import GROUPS, SEVERITIES
from examples.learn_to_see import look, model, world
from examples.learn_to_see.fit import PROCESSES, RANK, fit
from examples.learn_to_see.reader import Learner, Read, Turn, read
from perception20k.dataset.rft import KINDS
from trainer import models
from trainer.data import prompts

SCORES = 0.125
"""Share of the questions that ask for a score."""


def teach(start: Path, photos: Sequence[world.Photo], state: Path, *, steps: int, batch: int) -> Any:
    """Train the whole model; returns it, its weights on disk stay as they are."""
    network, processor = models.load_model(str(start)), models.load_processor(str(start))
    network.set_attn_implementation("eager")  # faster than the fused one for sequences so short
    learner = Learner(network)

    def loss_of(step: int) -> torch.Tensor:
        asked = turns(photos, world.draw_for("supervise", step, RANK), batch // PROCESSES)
        with torch.autocast("cpu", torch.bfloat16):
            found = read(network, processor, asked)
            return answer_loss(network, found.last, found.inputs["labels"]) + pointer_loss(learner, found, asked)

    fit(learner, loss_of, steps=steps, learning_rate=1e-3, state=state, say="supervised")
    return network


def turns(photos: Sequence[world.Photo], draw: np.random.Generator, count: int) -> list[Turn]:
    """``count`` questions: each new sample is asked for its description and box, with its source and without."""
    found = []
    for _ in range(round(count * SCORES)):
        rated = world.rated(photos, draw)
        prompt = model.THINK if draw.random() < 0.7 else model.NO_THINK
        content = prompts.ask(prompt)[0]["content"]
        found.append(Turn(content, [rated.pixels], scored(rated, think=prompt == model.THINK)))
    while len(found) < count:
        sample = world.sample(photos, draw)
        found += [Turn(*model.perception_row(sample, *kind), sample) for kind in KINDS]
    return found[:count]


def scored(rated: world.Rated, *, think: bool) -> str:
    """The right answer: the distortion and its severity as the thought, then the quality."""
    said = f"{GROUPS[rated.group]}, {SEVERITIES[rated.severity - 1]}" if rated.severity else model.NOTHING
    return f"<think>{said}</think>" * think + f"<answer>Score: {rated.quality:.1f}</answer>"


def answer_loss(network: Any, hidden: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """Mean negative log-likelihood of the answers' tokens."""
    wanted = labels[:, 1:] >= 0
    logits = network.lm_head(hidden[:, :-1][wanted]).float()
    return functional.cross_entropy(logits, labels[:, 1:][wanted])


def pointer_loss(learner: Learner, found: Read, asked: Sequence[Turn]) -> torch.Tensor:
    """What lies under each visual token of the last image, and how severe it is, by how much of it the box covers.

    Answers alone teach a small model nothing for tens of thousands of questions: sixteen places answer at once here.
    """
    rows = [row for row, turn in enumerate(asked) if turn.sample is not None]
    samples = [turn.sample for turn in asked if turn.sample is not None]
    return look.boxed_loss(learner.point(found.halfway, found.inputs["input_ids"])[rows], samples)
