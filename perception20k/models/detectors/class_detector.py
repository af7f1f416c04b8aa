"""Detectors with classes of their own (RT-DETR, D-FINE, DETR) through transformers: the best box of each class."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from typing import Any

from perception20k.config import LEAST_SCORE, Objects
from perception20k.core.errors import UserError
from perception20k.core.extras import require
from perception20k.core.from_plain import suggestion
from perception20k.imaging.images import Array
from perception20k.models.detectors.detection import Detection, best, outward
from perception20k.models.weights import load_pretrained, model_config


class ClassDetector:
    """Loads the model once; finds the best box of each of its classes.

    Args:
        model: a folder, or a hub model.
        revision: for a hub model, its commit.

    Raises:
        UserError: the package is not installed, or the model could not be loaded.
    """

    def __init__(self, model: str, revision: str) -> None:
        _require()
        self._processor, self._model = load_pretrained(
            "objects", model, revision, "AutoImageProcessor", "AutoModelForObjectDetection"
        )

    def find(self, images: Sequence[Array]) -> list[dict[str, Detection]]:
        """For each RGB image the best box of each class, by name, from :data:`LEAST_SCORE` up, best first.

        Images go through the model together where it sees them at one size. They are never padded to one: what is
        found in an image would then depend on the others.
        """
        from PIL import Image

        seen = [self._processor(images=Image.fromarray(image), return_tensors="pt").pixel_values for image in images]
        places = sorted(range(len(images)), key=lambda place: tuple(seen[place].shape))
        found: dict[int, dict[str, Detection]] = {}
        for _, same in groupby(places, key=lambda place: tuple(seen[place].shape)):
            batch = list(same)
            sizes = [images[place].shape[:2] for place in batch]
            found |= dict(zip(batch, self._find([seen[place] for place in batch], sizes), strict=True))
        return [found[place] for place in range(len(images))]

    def _find(self, pixels: list[Any], sizes: list[tuple[int, int]]) -> list[dict[str, Detection]]:
        import torch

        with torch.inference_mode():
            outputs = self._model(pixel_values=torch.cat(pixels).to(self._model.device))
        every = self._processor.post_process_object_detection(outputs, threshold=LEAST_SCORE, target_sizes=sizes)
        return [self._best_of_each(one, *size) for one, size in zip(every, sizes, strict=True)]

    def _best_of_each(self, found: Any, height: int, width: int) -> dict[str, Detection]:
        of_class: dict[str, list[Detection]] = {}
        rows = zip(*(found[key].float().cpu().tolist() for key in ("labels", "scores", "boxes")), strict=True)
        for label, score, corners in rows:
            name = self._model.config.id2label[int(label)]
            box = outward(corners, width, height)
            if named(name) and box[0] < box[2] and box[1] < box[3]:
                of_class.setdefault(name, []).append(Detection(box, round(score, 4)))
        chosen = {name: best(boxes) for name, boxes in of_class.items()}
        return dict(sorted(chosen.items(), key=lambda entry: (-entry[1].score, entry[0])))


def named(label: str) -> bool:
    """Whether a class has a name: COCO's DETR leaves gaps in its list, and a model may have numbers only."""
    return label.casefold() != "n/a" and not label.startswith("LABEL_")


def check_detector(objects: Objects) -> None:
    """Refuse what cannot work before the first file is decoded, from the model's ``config.json`` alone.

    Raises:
        UserError: a package is missing, there is no such model, it is not a detector of the kind that is needed, or it
            does not know one of the classes.
    """
    _require()
    config = model_config(objects.model, objects.revision, "objects")
    kind = str(config.get("model_type", ""))
    if objects.phrases:
        if not kind.endswith("grounding-dino"):
            raise UserError(f"objects: {objects.model} is not a Grounding DINO, which 'phrases' are for, but '{kind}'")
        return
    if kind.endswith("grounding-dino"):
        raise UserError(f"objects: {objects.model} has no classes of its own", "List what it looks for as 'phrases'")
    if not any(str(name).endswith("ForObjectDetection") for name in config.get("architectures") or ()):
        raise UserError(
            f"objects: {objects.model} is not an object detector: its model type is '{kind}'",
            "Name an RT-DETR, D-FINE or DETR",
        )
    known = [str(name) for name in (config.get("id2label") or {}).values() if named(str(name))]
    if not known:
        raise UserError(f"objects: {objects.model} has no names for its classes: config.json lacks id2label")
    for wanted in objects.classes or ():
        if wanted not in known:
            raise UserError(f"objects: {objects.model} does not know the class '{wanted}'", suggestion(wanted, known))


def _require() -> None:
    require("objects", "models", "torch", "torchvision", "transformers")
