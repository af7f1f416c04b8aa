"""What this machine has for a build: GPUs, installed extras, models in the local hub cache, API keys."""

from __future__ import annotations

import os
from dataclasses import dataclass

from perception20k.core.extras import gpu_count, installed
from perception20k.models.metrics.qalign import MODEL as QALIGN
from perception20k.models.weights import local_revision

DETECTORS = (
    "PekingU/rtdetr_v2_r18vd",
    "PekingU/rtdetr_v2_r50vd",
    "ustc-community/dfine-medium-coco",
    "facebook/detr-resnet-50",
)
"""Detectors with classes of their own, the fastest first."""

GROUNDING_DINO = "IDEA-Research/grounding-dino-base"

NAMERS = ("Qwen/Qwen2.5-VL-7B-Instruct", "Qwen/Qwen2.5-VL-3B-Instruct")
"""Vision-language models that can name objects on this machine, the better first."""

KEYS = ("GEMINI_API_KEY", "GOOGLE_API_KEY", "OPENAI_API_KEY")
"""Environment variables that hold an API key."""


@dataclass(frozen=True)
class Surroundings:
    """What there is. Keys by name only: their values are nobody's business here."""

    gpus: int = 0
    models: bool = False
    """Whether the extra ``models`` is installed."""
    cached: tuple[str, ...] = ()
    """Models in the local hub cache, of those that are looked for."""
    keys: tuple[str, ...] = ()


def look_around() -> Surroundings:
    """The surroundings of this process. Asks nothing of the network and imports nothing heavy."""
    wanted = (*DETECTORS, GROUNDING_DINO, *NAMERS, QALIGN)
    return Surroundings(
        gpus=gpu_count(),
        models=installed("torch", "torchvision", "transformers"),
        cached=tuple(model for model in wanted if local_revision(model, "main")),
        keys=tuple(key for key in KEYS if os.environ.get(key, "").strip()),
    )
