"""Teach the whole model to compare two images, once its vision tower can tell distortions apart.

The mosaics of :mod:`look` again, now as the images of the grounding prompts, with the source and without. What lies
under each token of the distorted crop must be told from the language model's own state there, halfway up, so the
language model has to look up the same place in the source. From answers alone a model so small learns that very late.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from examples.learn_to_see import look, world
from examples.learn_to_see.fit import PROCESSES, RANK, fit
from examples.learn_to_see.reader import Learner, Turn, read
from perception20k.dataset.rft import prompt_parts
from trainer import models

_PROMPTS = {mode: prompt_parts("grounding", mode, ()) for mode in ("fr", "nr")}


def teach(start: Path, photos: Sequence[world.Photo], state: Path, *, steps: int, batch: int) -> Learner:
    """Train tower and language model; the weights on disk stay as they are."""
    network, processor = models.load_model(str(start)), models.load_processor(str(start))
    network.set_attn_implementation("eager")  # faster than the fused one for sequences so short
    learner = Learner(network)

    def loss_of(step: int) -> torch.Tensor:
        mosaics = look.draw_mosaics(photos, world.draw_for("compare", step, RANK), batch // PROCESSES)
        with torch.autocast("cpu", torch.bfloat16):
            logits = _point(learner, processor, mosaics)
        return look.mosaic_loss(logits["fr"], mosaics) + look.mosaic_loss(logits["nr"], mosaics)

    fit(learner, loss_of, steps=steps, learning_rate=1e-3, state=state, say="comparing")
    return learner


@torch.inference_mode()
def accuracy(learner: Learner, processor: Any, mosaics: Sequence[look.Mosaic]) -> dict[str, float]:
    """Share of visual tokens for which the right one of thirteen classes is named, without the source and with it."""
    right: dict[str, list[torch.Tensor]] = {"nr": [], "fr": []}
    for start in range(0, len(mosaics), 32):
        part = mosaics[start : start + 32]
        for mode, logits in _point(learner.eval(), processor, part).items():
            right[mode].append(logits[..., : len(look.CLASSES)].argmax(-1) == look.classes_of(part))
    return {mode: torch.cat(found).float().mean().item() for mode, found in right.items()}


def _point(learner: Learner, processor: Any, mosaics: Sequence[look.Mosaic]) -> dict[str, torch.Tensor]:
    asked = [Turn(_PROMPTS["fr"], [m.source, m.distorted], "") for m in mosaics]
    asked += [Turn(_PROMPTS["nr"], [m.distorted], "") for m in mosaics]
    found = read(learner.network, processor, asked)
    logits = learner.point(found.halfway, found.inputs["input_ids"])
    return {"fr": logits[: len(mosaics)], "nr": logits[len(mosaics) :]}
