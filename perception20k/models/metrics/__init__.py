"""Quality metrics: one table, and beside each name its range, direction, weights and licence.

Every metric is mapped to quality in 0..100, 100 the best, by one rule: the straight line through its worst and
best value, clipped. A metric whose lower values are the better ones has its worst value above its best.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from perception20k.core.errors import UserError
from perception20k.core.from_plain import suggestion
from perception20k.imaging.images import Array
from perception20k.models.metrics import brisque, iqa, qalign

Scorer = Callable[[Sequence[Array]], list[float]]
"""Raw values of RGB images, in their order."""


_PYIQA = "PolyForm-Noncommercial-1.0.0 with parts under the NTU S-Lab licence (pyiqa)"


@dataclass(frozen=True)
class Metric:
    """A quality metric and the rule that maps its raw value to 0..100."""

    name: str
    worst: float
    best: float
    revision: str
    """The weights, by a name that changes when they do."""
    licence: str
    load: Callable[[str, str], Scorer]
    """Loads the model, given the metric's name and the commit of one that is ``on_hub``."""
    is_model: bool = True
    """Whether a GPU makes it faster."""
    on_hub: bool = False
    """Whether ``revision`` names a Hugging Face hub model; its commit then counts, because the weights may change."""

    @property
    def rule(self) -> str:
        """The mapping in words, for the manifest and the card."""
        return f"{self.worst:g} is 0, {self.best:g} is 100, linear, clipped"

    def quality(self, raw: float) -> float:
        """Quality in 0..100 of a raw value."""
        return float(np.clip(100 * (raw - self.worst) / (self.best - self.worst), 0, 100))


def _pyiqa(name: str, worst: float, best: float, weights: str) -> Metric:
    return Metric(name, worst, best, weights, _PYIQA, iqa.load)


METRICS = {
    metric.name: metric
    for metric in (
        Metric("brisque", 100, 0, "the SVM of brisque 0.2.0", "Apache-2.0", brisque.load, is_model=False),
        # the paper's three
        Metric("qalign", 1, 5, qalign.MODEL, f"MIT (weights); {_PYIQA}", qalign.load, on_hub=True),
        _pyiqa("dbcnn", 0, 1, "DBCNN_KonIQ10k-2de81c0a"),
        _pyiqa("hyperiqa", 0, 1, "HyperIQA-resnet50-koniq10k-c96c41b1"),
        # lighter ones
        _pyiqa("topiq_nr", 0, 1, "cfanet_nr_koniq_res50-9a73138b"),
        _pyiqa("musiq", 0, 100, "musiq_koniq_ckpt-e95806b9"),
        _pyiqa("clipiqa+", 0, 1, "CLIP-IQA+_learned_prompts-603f3273"),
        _pyiqa("cnniqa", 0, 1, "CNNIQA_koniq10k-e6f14c91"),
        _pyiqa("piqe", 100, 0, "no weights"),
    )
}
"""Metrics by name. pyiqa's metrics with random crops are left out: an image must score the same twice."""


def find_metric(name: str) -> Metric:
    """A metric by name.

    Raises:
        UserError: no such metric; the closest name is suggested.
    """
    if name not in METRICS:
        raise UserError(f"score: unknown metric '{name}'", suggestion(name, METRICS), code=2)
    return METRICS[name]
