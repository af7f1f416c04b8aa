"""The model: a Qwen2.5-VL of 3.6 M parameters, every class of the large one, and what it reads and writes.

Its tokenizer knows the fixed sentences of the prompts, the labels and the places as one token each: the prompts are the
paper's, word for word, but a small model on a CPU spends its time on pixels and not on reading the same words again.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from distortions import GROUPS, SEVERITIES
from examples.learn_to_see.world import PLACES, SIDE, Array, Sample
from perception20k.dataset.rft import KINDS, prompt_parts
from tests.tiny_vlm import build_tiny
from trainer.data import prompts

THINK, NO_THINK = "refine-iqa-think.v1", "refine-iqa-no-think.v1"
NOTHING = "nothing wrong"
"""What a thought says of a crop without a distortion."""


def build(path: Path) -> Path:
    """The model with random weights."""
    spoken = [*GROUPS.values(), *SEVERITIES, *PLACES, NOTHING, "<answer>", "</answer>", "<think>", "</think>", " / "]
    phrases = [*_sentences(), *spoken, "Score: ", "‘", "’", ", ", ", and ", "user\n", "assistant\n"]
    texts = [prompts.prompt(THINK), prompts.prompt(NO_THINK), "0123456789,."]
    return build_tiny(
        path,
        texts,
        hidden=192,
        layers=6,
        rope_theta=2,  # the usual 10,000 turns too little from one of 4 x 4 tokens to the next
        vision_hidden=128,
        vision_layers=6,
        vision_window=SIDE,
        vocabulary=300,
        phrases=phrases,
        max_pixels=SIDE * SIDE,
    )


def _sentences() -> list[str]:
    """The fixed text of the prompts: what stands between the images and the list of objects."""
    found = [prompts.prompt(THINK), prompts.prompt(NO_THINK)]
    for task, mode in KINDS:
        parts = [part["text"] for part in prompt_parts(task, mode, ("\0",)) if part["text"]]
        found += [piece for text in parts for piece in text.split("‘\0’")]
    return [text for text in dict.fromkeys(found) if text]


def perception_row(sample: Sample, task: str, mode: str) -> tuple[list[dict[str, Any]], list[Array], str]:
    """The paper's prompt for a sample, its images, and the right answer."""
    prompt = prompt_parts(task, mode, tuple(sample.boxes))
    images = [sample.source, sample.distorted] if mode == "fr" else [sample.distorted]
    said = f"{sample.object} / {GROUPS[sample.group]} / {SEVERITIES[sample.severity - 1]}"
    box = ",".join(map(str, sample.boxes[sample.object]))
    return prompt, images, f"<answer>{said if task == 'description' else box}</answer>"


def patches(processor: Any, images: Sequence[Array]) -> dict[str, torch.Tensor]:
    """Pixels as the vision tower takes them, ``pixel_values`` and ``image_grid_thw``."""
    return dict(processor.image_processor(images=list(images), return_tensors="pt"))
