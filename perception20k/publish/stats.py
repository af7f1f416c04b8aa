"""A dataset's distributions of group, type, severity and box area, by split."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from distortions import SEVERITY_LEVELS
from perception20k.dataset.groups import groups_of, preset_of
from perception20k.dataset.records import Sample, Source

AREA_BINS = [round(0.05 * k, 2) for k in range(21)]
"""Edges of the box-area histogram, as shares of the image."""


def statistics(samples: Sequence[Sample], sources: Sequence[Source], rft_counts: dict[str, int]) -> dict[str, Any]:
    """Counts and distributions as a JSON-able value.

    Args:
        samples: samples that survived review, with their split.
        sources: the source images they come from.
        rft_counts: RFT samples written, by split.
    """
    parts = {"all": list(samples)} | {p: [s for s in samples if s.split == p] for p in ("train", "test")}
    return {
        "preset": preset_of(samples),
        "samples": len(samples),
        "source_images": len(sources),
        "objects": len({(s.image_id, s.object) for s in samples if not s.is_whole}),
        "rft_samples": rft_counts,
        "parts": {name: _part(part, list(groups_of(samples))) for name, part in parts.items()},
        "visibility": {name: _quantiles([getattr(s, name) for s in samples]) for name in ("psnr", "ssim", "delta_e")},
    }


def area_share(sample: Sample) -> float:
    """Area of a sample's box as a share of its image, 0..1."""
    x1, y1, x2, y2 = sample.box
    return (x2 - x1) * (y2 - y1) / (sample.width * sample.height)


def _part(samples: Sequence[Sample], names: list[str]) -> dict[str, Any]:
    groups, types = Counter(s.group for s in samples), Counter(s.type for s in samples)
    severities = Counter(s.severity for s in samples)
    areas, _ = np.histogram([area_share(s) for s in samples], bins=AREA_BINS)
    return {
        "samples": len(samples),
        "groups": {group: groups[group] for group in names},
        "types": dict(sorted(types.items())),
        "severities": {str(level): severities[level] for level in SEVERITY_LEVELS},
        "box_area": {"edges": AREA_BINS, "counts": areas.tolist()},
    }


def _quantiles(values: list[float]) -> dict[str, float]:
    if not values:
        return {}
    marks = {"min": 0.0, "p05": 0.05, "median": 0.5, "p95": 0.95, "max": 1.0}
    return {name: round(float(np.quantile(values, mark)), 3) for name, mark in marks.items()}
