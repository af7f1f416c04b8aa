"""Questions about photos that were never trained on, a model's answers, and what they earn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from PIL import Image

from distortions import GROUPS, SEVERITIES
from examples.learn_to_see import model, world
from perception20k.dataset.boxes import iou
from perception20k.dataset.rft import KINDS
from trainer.data import answers, prompts

BATCH = 64
RIGHT_WITHIN = 0.5
"""Stage 2's answer reward: a score is right this near to the quality."""


@dataclass(frozen=True)
class Question:
    """A prompt with its images and what is true of them."""

    scene: str
    task: str
    mode: str
    content: list[dict[str, Any]]
    images: list[world.Array]
    box: world.Box | None = None
    object: str = ""
    objects: tuple[str, ...] = ()
    distortion: str = ""
    severity: str = ""
    quality: float = 0.0


def perception(photos: Sequence[world.Photo], each: int) -> list[Question]:
    """``each`` samples a photo, asked for description and grounding, with the source and without.

    The objects are named in any order, as a built dataset names them.
    """
    found = []
    for photo in photos:
        for number in range(each):
            draw = world.draw_for("unseen", photo.name, number)
            sample = world.sample([photo], draw)
            boxes = list(sample.boxes.items())
            sample = replace(sample, boxes=dict(boxes[i] for i in draw.permutation(len(boxes))))
            for task, mode in KINDS:
                content, images, _ = model.perception_row(sample, task, mode)
                truth = {
                    "box": sample.boxes[sample.object],
                    "object": sample.object,
                    "objects": tuple(sample.boxes),
                    "distortion": GROUPS[sample.group],
                    "severity": SEVERITIES[sample.severity - 1],
                }
                found.append(Question(photo.name, task, mode, content, images, **truth))
    return found


def ratings(photos: Sequence[world.Photo], each: int) -> list[Question]:
    """``each`` crops a photo, asked for their quality with thinking."""
    found = []
    for photo in photos:
        for number in range(each):
            rated = world.rated([photo], world.draw_for("unseen rating", photo.name, number), world.RATED)
            content = prompts.ask(model.THINK)[0]["content"]
            found.append(Question(photo.name, "score", "think", content, [rated.pixels], quality=rated.quality))
    return found


@torch.inference_mode()
def ask(network: Any, processor: Any, questions: Sequence[Question], *, sampled: bool = False) -> list[str]:
    """Greedy answers, or ``sampled`` ones at temperature 1 as the reinforcement samples them, the same draws each time.

    Questions of one kind go together, since they are of one length.
    """
    from transformers import GenerationConfig

    tokenizer = processor.tokenizer
    ends = {"eos_token_id": tokenizer.eos_token_id, "pad_token_id": tokenizer.pad_token_id}
    drawing = {"do_sample": True, "temperature": 1.0, "top_k": 0} if sampled else {"do_sample": False}
    decoding = GenerationConfig(max_new_tokens=32, **drawing, **ends)
    order = sorted(
        range(len(questions)), key=lambda i: (questions[i].task, questions[i].mode, len(questions[i].objects))
    )
    said = [""] * len(questions)
    for start in range(0, len(order), BATCH):
        places = order[start : start + BATCH]
        asked = [[{"role": "user", "content": filled(questions[i].content, questions[i].images)}] for i in places]
        inputs = processor.apply_chat_template(
            asked,
            add_generation_prompt=True,
            tokenize=True,
            return_dict=True,
            processor_kwargs={"padding": True, "return_tensors": "pt"},
        )
        with torch.random.fork_rng():  # the draws of the training go on as if nothing had been asked
            torch.manual_seed(start)
            output = network.generate(**inputs.to(network.device), generation_config=decoding)
        for i, ids in zip(places, output[:, inputs["input_ids"].shape[1] :], strict=True):
            said[i] = tokenizer.decode(ids, skip_special_tokens=True)
    return said


def filled(content: Sequence[dict[str, Any]], images: Sequence[world.Array]) -> list[dict[str, Any]]:
    """A message's parts with the images in their places."""
    left = iter(images)
    return [
        {"type": "image", "image": Image.fromarray(next(left))}
        if part["type"] == "image"
        else {"type": "text", "text": part["text"]}
        for part in content
    ]


def shuffled(questions: Sequence[Question]) -> list[Question]:
    """Every question with the images of another photo's question of its kind: what is earned without looking."""
    found = list(questions)
    for kind in {(q.task, q.mode) for q in questions}:
        places = [i for i, q in enumerate(questions) if (q.task, q.mode) == kind]
        away = sum(questions[i].scene == questions[places[0]].scene for i in places)
        for i, other in zip(places, np.roll(places, away), strict=True):
            q = questions[i]
            found[i] = Question(**{**vars(q), "images": questions[other].images})
    return found


def earned(question: Question, text: str) -> float:
    """The trainer's own reward: share of the three choices, IoU, or whether the score is right."""
    if question.task == "description":
        return sum(answers.right_parts(text, question.object, question.distortion, question.severity)) / 3
    if question.task == "grounding":
        said = answers.box(text)
        return 0.0 if said is None or question.box is None else iou(said, question.box)
    score = answers.score(text, 0, 5)
    return float(score is not None and abs(score - question.quality) < RIGHT_WITHIN)
