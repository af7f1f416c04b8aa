"""A dataset's distributions of group, type, severity and box area, by split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from distortions import SEVERITY_LEVELS, groups
from perception20k.publish.overview import Overview

AREA_BINS = [round(0.05 * k, 2) for k in range(21)]
"""Edges of the box-area histogram, as shares of the image."""


def statistics(view: Overview, rft_counts: dict[str, int]) -> dict[str, Any]:
    """Counts and distributions as a JSON-able value.

    Args:
        view: of the samples that survived review, with their split.
        rft_counts: RFT samples written, by split.
    """
    return {
        "preset": view.preset,
        "samples": view.count(),
        "source_images": view.sources,
        "objects": view.objects,
        "rft_samples": rft_counts,
        "parts": {name: _part(view, part) for name, part in (("all", None), ("train", "train"), ("test", "test"))},
        "visibility": {name: _quantiles(values) for name, values in view.visibility.items()},
    }


def _part(view: Overview, part: str | None) -> dict[str, Any]:
    types: Counter[str] = Counter()
    for (where, kind), count in view.types.items():
        types[kind] += count if part in (None, where) else 0
    areas = [values for (where, _), values in view.areas.items() if part in (None, where)]
    counts, _ = np.histogram(np.concatenate([np.empty(0), *areas]), bins=AREA_BINS)
    return {
        "samples": view.count(part),
        "groups": {group: view.count(part, group) for group in groups(view.preset)},
        "types": {kind: count for kind, count in sorted(types.items()) if count},
        "severities": {str(level): view.count(part, severity=level) for level in SEVERITY_LEVELS},
        "box_area": {"edges": AREA_BINS, "counts": counts.tolist()},
    }


def _quantiles(values: Sequence[float]) -> dict[str, float]:
    if not values:
        return {}
    marks = {"min": 0.0, "p05": 0.05, "median": 0.5, "p95": 0.95, "max": 1.0}
    found = np.quantile(values, list(marks.values()))
    return {name: round(float(value), 3) for name, value in zip(marks, found, strict=True)}
