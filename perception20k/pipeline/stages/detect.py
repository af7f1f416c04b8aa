"""The detect stage: a detector boxes each named object, one box an object (Refine-IQA, dataset construction)."""

from __future__ import annotations

from typing import Any

from perception20k.config import Detect
from perception20k.core.files import digest
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import SceneObject
from perception20k.execution.stage import Stage
from perception20k.models.detectors.grounding_dino import GroundingDino
from perception20k.models.weights import Weights
from perception20k.pipeline.stages.describe import Named
from perception20k.pipeline.stages.sources import load_source


class DetectStage(Stage[Named]):
    """The best box of each phrase, whatever its score; the threshold is applied later and can be changed."""

    name = "detect"
    place = "gpu"

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

    def process_one(self, item: Named) -> list[dict[str, Any]]:
        """A ``name``, ``box`` and ``score`` for each phrase, in order."""
        assert self._detector is not None
        _, pixels = load_source(item.candidate)
        found = self._detector.find(pixels, item.phrases)
        return [
            {"name": phrase, "box": list(best.box), "score": best.score}
            for phrase, best in zip(item.phrases, found, strict=True)
        ]


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
