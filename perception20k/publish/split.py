"""The split: a test part with the joint group and severity distribution of the whole, safe by source.

No source image is in both parts: a model that saw a photo distorted in training would know it in the test.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from perception20k.core.seeding import key_int
from perception20k.dataset.groups import groups_of
from perception20k.dataset.records import Sample


def split(samples: Sequence[Sample], test_fraction: float, seed: int) -> dict[str, str]:
    """``train`` or ``test`` for every ``image_id``.

    Whole source images move to the test part one by one, each time the one that brings the counts nearest to
    ``test_fraction`` of the whole, by squared distance over the counts of each group and severity together, each
    group, each severity and the total, every count weighed by its expected size. Images are tried in an order
    keyed by ``seed``, so equals are settled by chance, not by name.
    """
    ids = sorted({s.image_id for s in samples}, key=lambda image_id: key_int(seed, "split", image_id))
    place = {image_id: row for row, image_id in enumerate(ids)}
    column = {group: number for number, group in enumerate(groups_of(samples))}
    counts = np.zeros((len(ids), len(column), 5))
    for s in samples:
        counts[place[s.image_id], column[s.group], s.severity - 1] += 1
    features = _features(counts)
    test = _nearest_subset(features, test_fraction * features.sum(axis=0))
    return {image_id: "test" if row in test else "train" for image_id, row in place.items()}


def _features(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Per image: the joint counts, those of groups, those of severities, and the total."""
    joint = counts.reshape(len(counts), counts.shape[1] * counts.shape[2])
    return np.hstack([joint, counts.sum(axis=2), counts.sum(axis=1), joint.sum(axis=1, keepdims=True)])


def _nearest_subset(features: NDArray[np.float64], target: NDArray[np.float64]) -> set[int]:
    """Greedy choice of rows whose sum comes near ``target``; stops when no row brings it nearer."""
    weight = 1 / np.maximum(target, 1)
    own = (features**2) @ weight
    missing = target.copy()
    chosen: set[int] = set()
    free = np.ones(len(features), dtype=bool)
    while free.sum() > 1:  # the train part is never empty
        change = np.where(free, own - 2 * features @ (weight * missing), np.inf)
        best = int(change.argmin())
        if change[best] >= 0:
            break
        chosen.add(best)
        free[best] = False
        missing -= features[best]
    return chosen
