"""Grounding DINO through transformers: the best box for a phrase."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from perception20k.core.extras import require
from perception20k.imaging.images import Array
from perception20k.models.detectors.detection import Detection, best, outward

TOGETHER = 8
"""Most queries that go through the model together."""


class GroundingDino:
    """Loads the model once; finds the best box of each phrase.

    Args:
        model: a folder, or a hub model.
        revision: for a hub model, its commit.

    Raises:
        UserError: the package is not installed, or the model could not be loaded.
    """

    def __init__(self, model: str, revision: str) -> None:
        require("detect", "models", "torch", "torchvision", "transformers")
        from perception20k.models.weights import load_pretrained

        self._processor, self._model = load_pretrained(
            "detect", model, revision, "AutoProcessor", "AutoModelForZeroShotObjectDetection"
        )

    def find(self, images: Sequence[Array], phrases: Sequence[Sequence[str]]) -> list[list[Detection]]:
        """The best box of each of an image's phrases, for each RGB image.

        Every phrase is a query of its own, so that none takes another's words. Queries go through the model together
        where it sees images and texts of one size. They are never padded to one: what is found would then depend on the
        others. A box's score is that of its best word.
        """
        from PIL import Image

        asked = [(place, phrase) for place, named in enumerate(phrases) for phrase in named]
        pictures = [Image.fromarray(image) for image in images]
        inputs = [
            self._processor(images=pictures[place], text=f"{phrase}.", return_tensors="pt") for place, phrase in asked
        ]
        alike: dict[Any, list[int]] = {}
        for number, one in enumerate(inputs):
            alike.setdefault((tuple(one.pixel_values.shape), tuple(one.input_ids.shape)), []).append(number)
        found: dict[int, Detection] = {}
        for numbers in alike.values():
            for start in range(0, len(numbers), TOGETHER):
                some = numbers[start : start + TOGETHER]
                sizes = [images[asked[number][0]].shape[:2] for number in some]
                found |= dict(zip(some, self._best([inputs[number] for number in some], sizes), strict=True))
        rest = iter(range(len(asked)))
        return [[found[next(rest)] for _ in named] for named in phrases]

    def _best(self, inputs: list[Any], sizes: list[tuple[int, int]]) -> list[Detection]:
        import torch

        together = {name: torch.cat([one[name] for one in inputs]).to(self._model.device) for name in inputs[0]}
        with torch.inference_mode():
            outputs = self._model(**together)
        every = outputs.logits.float().sigmoid().amax(dim=-1).cpu().tolist()
        boxes = outputs.pred_boxes.float().cpu().tolist()
        return [_best(*one) for one in zip(every, boxes, sizes, strict=True)]


def _best(scores: list[float], boxes: list[list[float]], size: tuple[int, int]) -> Detection:
    """The best of a query's boxes, which are centre, width and height in shares of the image."""
    height, width = size
    corners = [
        ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height) for x, y, w, h in boxes
    ]
    return best(Detection(outward(c, width, height), round(s, 4)) for c, s in zip(corners, scores, strict=True))
