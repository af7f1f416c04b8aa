"""Krippendorff's alpha over everything that two or more people judged, with intervals over scenes.

Alpha takes any number of reviewers and missing judgments (K. Krippendorff, Content Analysis, 2004, ch. 11). Samples of
one scene are alike, so that the interval draws whole scenes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from annotate_app.review.dataset import Dataset
from annotate_app.review.history import DecisionRow
from perception20k.core.seeding import keyed_rng

DRAWS = 200
_ANSWERS = ("accept", "delete")


@dataclass(frozen=True)
class Alpha:
    """Of one kind of samples."""

    kind: str
    samples: int
    """That two or more people judged."""
    alpha: float | None
    """At most 1; 0 is what chance gives. None where all answers are one and the same, which leaves it undefined."""
    low: float | None
    high: float | None
    """The middle 95 % of the values when the scenes are drawn anew; None where most draws are undefined."""


def alphas(decisions: Sequence[DecisionRow], kinds: Mapping[str, str], scenes: Mapping[str, str]) -> list[Alpha]:
    """Of all samples, then of each kind.

    Args:
        decisions: of finished reviews; trials and repeats are left out. Of one person the last on a sample counts.
        kinds: by sample, such as its group; samples that are not in it are left out.
        scenes: by sample.
    """
    given: dict[str, dict[str, str]] = {}
    for d in decisions:
        if d.role == "sample" and d.sample_id in kinds:
            given.setdefault(d.sample_id, {})[d.reviewer] = d.action
    shared = sorted(sample for sample, answers in given.items() if len(answers) > 1)
    counts = {s: [list(given[s].values()).count(answer) for answer in _ANSWERS] for s in shared}
    rows = [_alpha("all", shared, counts, scenes)] if shared else []
    present = sorted({kinds[sample] for sample in shared})
    return rows + [_alpha(kind, [s for s in shared if kinds[s] == kind], counts, scenes) for kind in present]


def alphas_by(decisions: Sequence[DecisionRow], dataset: Dataset) -> dict[str, list[Alpha]]:
    """Of all samples and each ``group``, and of each ``severity``."""
    samples = dataset.samples
    scenes = {sample_id: dataset.scene(sample_id) for sample_id in samples}
    groups = {sample_id: dataset.label(sample) for sample_id, sample in samples.items()}
    severities = {sample_id: f"severity {sample.severity}" for sample_id, sample in samples.items()}
    return {"group": alphas(decisions, groups, scenes), "severity": alphas(decisions, severities, scenes)[1:]}


def _alpha(kind: str, samples: Sequence[str], counts: Mapping[str, Sequence[int]], scenes: Mapping[str, str]) -> Alpha:
    of_scene: dict[str, list[Sequence[int]]] = {}
    for sample in samples:
        of_scene.setdefault(scenes[sample], []).append(counts[sample])
    every = [np.array(rows) for _, rows in sorted(of_scene.items())]
    rng = keyed_rng("alpha", kind)
    drawn = [
        _value(np.concatenate([every[k] for k in rng.integers(len(every), size=len(every))])) for _ in range(DRAWS)
    ]
    defined = [value for value in drawn if value is not None]
    low, high = np.percentile(defined, [2.5, 97.5]) if len(defined) > DRAWS / 2 else (None, None)
    value = _value(np.concatenate(every))
    return Alpha(kind, len(samples), value, None if low is None else float(low), None if high is None else float(high))


def _value(counts: np.ndarray) -> float | None:
    """Alpha of nominal answers: 1 less the differing pairs within samples over those that chance would give.

    Args:
        counts: how often each answer was given, shape (samples, answers), at least two answers to each sample.
    """
    given, totals = counts.sum(axis=1), counts.sum(axis=0)
    if np.count_nonzero(totals) < 2:
        return None
    observed = ((given**2 - (counts**2).sum(axis=1)) / (given - 1)).sum()
    by_chance = (totals.sum() ** 2 - (totals**2).sum()) / (totals.sum() - 1)
    return float(1 - observed / by_chance)
