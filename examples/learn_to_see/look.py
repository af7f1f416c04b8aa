"""Teach the vision tower to look: a classifier of distortions and their severities, on crops made on the fly.

Every crop is a mosaic: each of its quarters is distorted by itself, or left as it is, and every visual token is asked
what lies there and how severe it is. The heads that answer are thrown away afterwards: one sees the tokens of the
distorted crop alone (no-reference), one sees them beside those of the source (full-reference).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional

from distortions import GROUPS, distort
from examples.learn_to_see import model, world
from examples.learn_to_see.fit import PROCESSES, RANK, fit
from trainer import models

GRID = world.SIDE // 28
"""Visual tokens along a side of a crop."""
TOKENS = GRID * GRID
CLASSES = ("nothing", *GROUPS)


class Mosaic(NamedTuple):
    """A crop with its quarters distorted."""

    source: world.Array
    distorted: world.Array
    classes: world.Array
    """Index into ``CLASSES`` of each visual token, row by row."""
    levels: world.Array
    """Severity less one of each visual token, 0 where nothing is distorted."""


class Looker(torch.nn.Module):
    """The vision tower with its two heads."""

    def __init__(self, visual: Any, width: int) -> None:
        super().__init__()
        self.visual = visual
        outputs = len(CLASSES) + 5
        self.alone = torch.nn.Linear(width, outputs)
        self.beside = torch.nn.Sequential(
            torch.nn.Linear(3 * width, width), torch.nn.GELU(), torch.nn.Linear(width, outputs)
        )

    def forward(self, pixels: dict[str, torch.Tensor], count: int) -> tuple[torch.Tensor, torch.Tensor]:
        """Logits of classes and severities, no-reference and full-reference, of shape (count, tokens, 13 + 5).

        ``pixels`` holds ``count`` distorted crops and then their sources.
        """
        seen = self.visual(pixels["pixel_values"], pixels["image_grid_thw"]).pooler_output
        tokens = torch.cat(list(seen)).view(2 * count, TOKENS, -1)
        distorted, source = tokens[:count], tokens[count:]
        return self.alone(distorted), self.beside(torch.cat([distorted, source, distorted - source], dim=-1))


def teach(start: Path, photos: Sequence[world.Photo], state: Path, *, steps: int, batch: int) -> Looker:
    """Train tower and heads; the model's weights on disk stay as they are."""
    network, processor = models.load_model(str(start)), models.load_processor(str(start))
    network.set_attn_implementation("eager")  # faster than the fused one for 64 patches
    _whiten(network.model.visual, processor, photos)
    looker = Looker(network.model.visual, network.config.text_config.hidden_size)

    def loss_of(step: int) -> torch.Tensor:
        mosaics = draw_mosaics(photos, world.draw_for("look", step, RANK), batch // PROCESSES)
        with torch.autocast("cpu", torch.bfloat16):
            alone, beside = looker(_pixels(processor, mosaics), len(mosaics))
        return mosaic_loss(alone, mosaics) + mosaic_loss(beside, mosaics)

    fit(looker, loss_of, steps=steps, learning_rate=2e-3, state=state, say="looking")
    return looker


def draw_mosaics(photos: Sequence[world.Photo], draw: np.random.Generator, count: int) -> list[Mosaic]:
    """``count`` mosaics; a quarter is left as it is as often as it gets any one group."""
    return [_mosaic(world.crop(photos[draw.integers(len(photos))], draw), draw) for _ in range(count)]


@torch.inference_mode()
def accuracy(looker: Looker, processor: Any, mosaics: Sequence[Mosaic]) -> dict[str, float]:
    """Share of visual tokens for which the right one of thirteen classes is named, without the source and with it."""
    truth = classes_of(mosaics)
    right: list[list[torch.Tensor]] = [[], []]
    for start in range(0, len(mosaics), 64):
        part = mosaics[start : start + 64]
        for mode, logits in enumerate(looker.eval()(_pixels(processor, part), len(part))):
            right[mode].append(logits[..., : len(CLASSES)].argmax(-1) == truth[start : start + 64])
    return {mode: torch.cat(found).float().mean().item() for mode, found in zip(("nr", "fr"), right, strict=True)}


def _mosaic(source: world.Array, draw: np.random.Generator) -> Mosaic:
    distorted, side = source.copy(), world.HALF // 28
    classes, levels = np.zeros((2, 2), np.uint8), np.zeros((2, 2), np.uint8)
    for row, column in np.ndindex(2, 2):
        if draw.integers(len(CLASSES)):
            group, type_, severity = world.distortion(draw)
            quarter = (
                slice(row * world.HALF, (row + 1) * world.HALF),
                slice(column * world.HALF, (column + 1) * world.HALF),
            )
            distorted[quarter] = distort(source[quarter], type_, severity, seed=int(draw.integers(2**62)))
            classes[row, column], levels[row, column] = CLASSES.index(group), severity - 1
    each = np.ones((side, side), np.uint8)
    return Mosaic(source, distorted, np.kron(classes, each).ravel(), np.kron(levels, each).ravel())


@torch.no_grad()
def _whiten(visual: Any, processor: Any, photos: Sequence[world.Photo]) -> None:
    """Start the patch embedding as the principal components of crops, each of one strength.

    Random filters answer to what is strong in photos, broad light and dark; what tells distortions apart is faint.
    """
    draw = world.draw_for("whiten")
    crops = [world.crop(photos[draw.integers(len(photos))], draw) for _ in range(512)]
    weight = visual.patch_embed.proj.weight
    pixels = model.patches(processor, crops)["pixel_values"].double()
    strength, directions = torch.linalg.eigh(torch.cov(pixels.T))
    largest = slice(-weight.shape[0], None)
    filters = directions[:, largest] / (strength[largest] + 1e-3).sqrt()
    weight.copy_(filters.T.reshape(weight.shape))


def _pixels(processor: Any, mosaics: Sequence[Mosaic]) -> dict[str, torch.Tensor]:
    return model.patches(processor, [m.distorted for m in mosaics] + [m.source for m in mosaics])


def mosaic_loss(logits: torch.Tensor, mosaics: Sequence[Mosaic]) -> torch.Tensor:
    """Cross-entropy of the classes of all tokens and of the severities of those where something is distorted."""
    logits, classes = logits.float(), classes_of(mosaics)
    levels = torch.tensor(np.stack([mosaic.levels for mosaic in mosaics])).long()
    named = functional.cross_entropy(logits[..., : len(CLASSES)].flatten(0, 1), classes.flatten())
    there = classes > 0
    return named + 0.5 * functional.cross_entropy(logits[..., len(CLASSES) :][there], levels[there])


def boxed_loss(logits: torch.Tensor, samples: Sequence[world.Sample]) -> torch.Tensor:
    """The same for samples with a box: a token counts for what lies there by the share that the box covers of it."""
    covered, logits = torch.tensor(np.stack([_coverage(s.boxes[s.object]) for s in samples])).float(), logits.float()
    names = logits[..., : len(CLASSES)].log_softmax(-1)
    group = torch.tensor([CLASSES.index(s.group) for s in samples]).view(-1, 1, 1).expand(-1, TOKENS, 1)
    named = -(covered * names.gather(2, group).squeeze(2) + (1 - covered) * names[..., 0]).mean()
    levels = torch.tensor([s.severity - 1 for s in samples]).unsqueeze(1).expand(-1, TOKENS)
    graded = functional.cross_entropy(logits[..., len(CLASSES) :].transpose(1, 2), levels, reduction="none")
    return named + 0.5 * (graded * covered).sum() / covered.sum()


def _coverage(box: world.Box) -> NDArray[np.float64]:
    """The share of each visual token's square that a box covers, row by row."""
    edges, cell = np.arange(GRID) * (world.SIDE // GRID), world.SIDE // GRID

    def shares(low: int, high: int) -> NDArray[np.float64]:
        return np.clip(np.minimum(high, edges + cell) - np.maximum(low, edges), 0, cell) / cell

    return np.outer(shares(box[1], box[3]), shares(box[0], box[2])).ravel()


def classes_of(mosaics: Sequence[Mosaic]) -> torch.Tensor:
    """Index into ``CLASSES``, of shape (mosaics, tokens)."""
    return torch.tensor(np.stack([mosaic.classes for mosaic in mosaics])).long()
