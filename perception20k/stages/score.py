"""Stage 2, score: objective quality of each source image; an image is kept when every metric agrees.

Every metric is mapped to quality in 0..100, 100 the best, by the rule that stands beside it in ``METRICS``.
"""

from __future__ import annotations

import difflib
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from perception20k.config import Score
from perception20k.errors import UserError
from perception20k.files import digest
from perception20k.images import Array
from perception20k.stages.base import Stage
from perception20k.stages.sources import Candidate, load_source


@dataclass(frozen=True)
class Metric:
    """A quality metric: how to load it, and the rule that maps its raw value to 0..100."""

    name: str
    revision: str
    licence: str
    rule: str
    """The mapping in words, for the manifest and the card."""
    load: Callable[[], Callable[[Array], float]]
    """Loads the model; the function it returns gives the raw value of an RGB image."""
    quality: Callable[[float], float]


def _load_brisque() -> Callable[[Array], float]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # the package imports scipy's old module names
        from brisque import BRISQUE

    class Brisque(BRISQUE):  # type: ignore[misc]  # the package has no types
        """The package hands one-element arrays to ``float``, which NumPy refuses since 2.4."""

        def scale_features(self, features: Any) -> Any:
            return super().scale_features([np.ravel(feature)[0] for feature in features])

    model = Brisque()
    return lambda image: float(model.score(image))


METRICS = {
    "brisque": Metric(
        name="brisque",
        revision="brisque 0.2.0, its own SVM",
        licence="Apache-2.0",
        rule="100 - BRISQUE, clipped to 0..100",
        load=_load_brisque,
        quality=lambda raw: float(np.clip(100 - raw, 0, 100)),
    ),
}


def find_metric(name: str) -> Metric:
    """A metric by name.

    Raises:
        UserError: no such metric; the closest names are suggested.
    """
    if name in METRICS:
        return METRICS[name]
    close = difflib.get_close_matches(name, METRICS, n=1)
    hint = f"Did you mean '{close[0]}'?" if close else f"Known metrics: {', '.join(METRICS)}"
    raise UserError(f"score: unknown metric '{name}'", hint, code=2)


class ScoreStage(Stage[Candidate]):
    """Every configured metric on every source image."""

    name = "score"

    def __init__(self, wanted: tuple[Score, ...]) -> None:
        self._names = [score.metric for score in wanted]
        self._revisions = [find_metric(name).revision for name in self._names]
        self._functions: dict[str, Callable[[Array], float]] = {}

    def setup(self) -> None:
        """See :class:`Stage`."""
        self._functions = {name: METRICS[name].load() for name in self._names}

    def key(self, item: Candidate) -> str:
        """See :class:`Stage`."""
        return digest([self.name, 1, item.source.image_id, self._names, self._revisions])

    def process_one(self, item: Candidate) -> dict[str, float]:
        """Metric name to quality in 0..100."""
        _, pixels = load_source(item)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the fits of a metric may not converge on odd content
            raw = {name: score(pixels) for name, score in self._functions.items()}
        return {name: round(METRICS[name].quality(value), 4) for name, value in raw.items()}


def good_enough(scores: dict[str, float], wanted: tuple[Score, ...]) -> tuple[bool, str]:
    """Filter: keep an image when every metric gives at least its minimum (Refine-IQA, dataset construction)."""
    low = [f"{s.metric} {scores[s.metric]:.1f} is below {s.min:g}" for s in wanted if scores[s.metric] < s.min]
    return not low, "; ".join(low)
