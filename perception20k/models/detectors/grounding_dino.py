"""Grounding DINO through transformers: the best box for a phrase."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from perception20k.core.errors import UserError
from perception20k.core.extras import require
from perception20k.imaging.images import Array
from perception20k.models.detectors.detection import Detection, best, outward


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
        from perception20k.models.weights import first_line, torch_device

        commit = {} if Path(model).is_dir() else {"revision": revision}
        try:
            from transformers import AutoModelForZeroShotObjectDetection, AutoProcessor

            self._processor: Any = AutoProcessor.from_pretrained(model, **commit)
            loaded = AutoModelForZeroShotObjectDetection.from_pretrained(model, **commit)
        except Exception as error:  # transformers and the hub raise many kinds
            raise UserError(f"detect: {model} cannot be loaded: {first_line(error)}") from None
        self._model: Any = loaded.to(torch_device()).eval()

    def find(self, image: Array, phrases: tuple[str, ...]) -> list[Detection]:
        """The best box of each phrase. Phrases are queried one by one, so that none takes another's words.

        A box's score is that of its best word.
        """
        return [self._best(image, phrase) for phrase in phrases]

    def _best(self, image: Array, phrase: str) -> Detection:
        import torch
        from PIL import Image

        inputs = self._processor(images=Image.fromarray(image), text=f"{phrase}.", return_tensors="pt")
        inputs = inputs.to(self._model.device)
        with torch.inference_mode():
            outputs = self._model(**inputs)
        scores = outputs.logits[0].float().sigmoid().amax(dim=-1).cpu().tolist()
        boxes = outputs.pred_boxes[0].float().cpu().tolist()
        height, width = image.shape[:2]
        corners = [
            ((x - w / 2) * width, (y - h / 2) * height, (x + w / 2) * width, (y + h / 2) * height)
            for x, y, w, h in boxes
        ]
        return best(Detection(outward(c, width, height), round(s, 4)) for c, s in zip(corners, scores, strict=True))
