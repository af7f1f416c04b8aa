"""Stage 3 with models, second half: a detector boxes each named object, one box an object (Refine-IQA, dataset
construction)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from perception20k.config import Config, Detect
from perception20k.detectors.grounding_dino import GroundingDino
from perception20k.files import digest, sha256
from perception20k.models import Weights, stated_revision
from perception20k.records import SceneObject
from perception20k.stages.base import Stage
from perception20k.stages.describe import PROMPT_VERSION, Named, prompt
from perception20k.stages.sources import load_source


class DetectStage(Stage[Named]):
    """The best box of each phrase, whatever its score: the threshold is applied afterwards, and can be changed."""

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
        """One ``name``, ``box`` and ``score`` a phrase, in the phrases' order."""
        assert self._detector is not None
        _, pixels = load_source(item.candidate)
        found = self._detector.find(pixels, item.phrases)
        return [
            {"name": phrase, "box": list(best.box), "score": best.score}
            for phrase, best in zip(item.phrases, found, strict=True)
        ]


def confident(found: list[dict[str, Any]], threshold: float) -> tuple[tuple[SceneObject, ...], list[tuple[str, str]]]:
    """The objects whose box is sure enough, and ``(phrase, reason)`` of the others."""
    kept: list[SceneObject] = []
    dropped: list[tuple[str, str]] = []
    for best in found:
        if best["score"] >= threshold:
            x1, y1, x2, y2 = best["box"]
            kept.append(SceneObject(best["name"], (x1, y1, x2, y2), best["score"]))
        else:
            dropped.append((best["name"], f"its best box scores {best['score']:.2f}, under {threshold:g}"))
    return tuple(kept), dropped


def objects_note(config: Config) -> dict[str, Any]:
    """What the manifest says of where objects and boxes come from; :func:`objects_sentence` for the card."""
    describe, detect = config.describe, config.detect
    if describe is None or detect is None:
        assert config.annotations is not None
        return {"annotations": Path(config.annotations.coco).name}
    note = {
        "named_by": f"{describe.backend} {_model_name(describe.model)}",
        "prompt": PROMPT_VERSION,
        "prompt_sha256": sha256(prompt().encode()),
        "boxed_by": _model_name(detect.model),
        "boxed_by_revision": stated_revision(detect.model, detect.revision),
        "threshold": detect.threshold,
    }
    if describe.backend == "local":  # an API has no revision but its model's name
        note["named_by_revision"] = stated_revision(describe.model, describe.revision)
    return note


def objects_sentence(config: Config) -> str:
    """The same in words.

    >>> from perception20k.config import Annotations
    >>> objects_sentence(Config(("photos/",), Annotations("photos/instances.json")))
    'Objects and boxes come from annotations (`instances.json`).'
    """
    note = objects_note(config)
    if "annotations" in note:
        return f"Objects and boxes come from annotations (`{note['annotations']}`)."
    named_at = f"revision `{note['named_by_revision']}`, " if "named_by_revision" in note else ""
    return (
        f"Objects were named by {note['named_by']} ({named_at}prompt `{note['prompt']}`) and boxed by "
        f"{note['boxed_by']} (revision `{note['boxed_by_revision']}`), with a score of {note['threshold']:g} or more."
    )


def _model_name(model: str) -> str:
    """A model of the hub by its whole name, a folder by its own."""
    return Path(model).name if Path(model).is_absolute() else model
