"""The detect stage: a detector boxes each named object, one box an object (Refine-IQA, dataset construction).

A detector with classes of its own needs nobody to name the objects: it gives one box a class.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from perception20k.config import Detect, Filters, Objects
from perception20k.core.files import digest
from perception20k.dataset.boxes import box_area
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import SceneObject, Source
from perception20k.execution.stage import Item, Outcome, Stage, together
from perception20k.imaging.images import Array
from perception20k.models.detectors.class_detector import ClassDetector
from perception20k.models.detectors.detection import Detection
from perception20k.models.detectors.grounding_dino import GroundingDino
from perception20k.models.weights import Weights
from perception20k.pipeline.stages.describe import Named
from perception20k.pipeline.stages.filters import select_objects
from perception20k.pipeline.stages.object_names import bad_name, clean
from perception20k.pipeline.stages.sources import Candidate, load_source


class _OnGpu(Stage[Item]):
    """Batches are always the same and complete: what goes through the model together changes the last digits."""

    name = "detect"
    place = "gpu"
    batch_size = 8
    whole_batches = True


class DetectStage(_OnGpu[Named]):
    """The best box of each phrase, whatever its score; the threshold is applied later and can be changed."""

    def __init__(self, config: Detect) -> None:
        self._model = config.model
        self._weights = Weights(config.model, config.revision, "detect")
        self._detector: GroundingDino | None = None

    def setup(self) -> None:
        """See :class:`Stage`."""
        self._detector = GroundingDino(self._model, self._weights.needed())

    def key(self, item: Named) -> str:
        """See :class:`Stage`."""
        return digest([self.name, 1, item.candidate.source.image_id, list(item.phrases), self._weights.mark])

    def process(self, batch: list[Named]) -> list[Outcome]:
        """A ``name``, ``box`` and ``score`` for each phrase of an image, in order."""
        return together(batch, lambda item: (load_source(item.candidate)[1], item.phrases), self._find)

    def _find(self, asked: list[tuple[Array, tuple[str, ...]]]) -> list[list[dict[str, Any]]]:
        assert self._detector is not None
        found = self._detector.find([pixels for pixels, _ in asked], [phrases for _, phrases in asked])
        return [
            [_row(phrase, best) for phrase, best in zip(phrases, boxes, strict=True)]
            for (_, phrases), boxes in zip(asked, found, strict=True)
        ]


class DetectClassesStage(_OnGpu[Candidate]):
    """The best box of each class the detector knows; threshold and classes are applied later and can be changed."""

    def __init__(self, config: Objects) -> None:
        self._model = config.model
        self._weights = Weights(config.model, config.revision, "objects")
        self._detector: ClassDetector | None = None

    def setup(self) -> None:
        """See :class:`Stage`."""
        self._detector = ClassDetector(self._model, self._weights.needed())

    def key(self, item: Candidate) -> str:
        """See :class:`Stage`."""
        return digest([self.name, "classes", 1, item.source.image_id, self._weights.mark])

    def process(self, batch: list[Candidate]) -> list[Outcome]:
        """A ``name``, ``box`` and ``score`` for each class found in an image, the most confident first."""
        return together(batch, lambda item: load_source(item)[1], self._find)

    def _find(self, pixels: list[Array]) -> list[list[dict[str, Any]]]:
        assert self._detector is not None
        return [[_row(name, best) for name, best in found.items()] for found in self._detector.find(pixels)]


def _row(name: str, found: Detection) -> dict[str, Any]:
    return {"name": name, "box": list(found.box), "score": found.score}


def salient(
    source: Source, found: list[dict[str, Any]], config: Objects, limits: Filters
) -> tuple[tuple[SceneObject, ...], list[tuple[str, Reason]]]:
    """What a detector found by itself: the wanted and confident objects, the largest first.

    The most confident are taken first, so that of two boxes in one place the less confident goes.

    Returns:
        The objects, and ``(name, reason)`` of others that were confident enough.
    """
    wanted = [row for row in found if config.classes is None or row["name"] in config.classes]
    named = [{**row, "name": clean(row["name"])} for row in wanted]
    sure, _ = confident(sorted(named, key=lambda row: -row["score"]), config.threshold)
    refused = [(item.name, reason) for item in sure if (reason := bad_name(item.name))]
    usable = tuple(item for item in sure if not bad_name(item.name))
    kept, dropped = select_objects(replace(source, objects=usable), replace(limits, max_objects=config.max_objects))
    return tuple(sorted(kept, key=lambda item: (-box_area(item.box), item.box, item.name))), refused + dropped


def confident(
    found: list[dict[str, Any]], threshold: float
) -> tuple[tuple[SceneObject, ...], list[tuple[str, Reason]]]:
    """The objects with a confident box, and ``(phrase, reason)`` of the others."""
    kept: list[SceneObject] = []
    dropped: list[tuple[str, Reason]] = []
    for best in found:
        if best["score"] >= threshold:
            x1, y1, x2, y2 = best["box"]
            kept.append(SceneObject(best["name"], (x1, y1, x2, y2), best["score"]))
        else:
            text = f"its best box scores {best['score']:.2f}, under {threshold:g}"
            dropped.append((best["name"], Reason("low_confidence", text, best["score"])))
    return tuple(kept), dropped
