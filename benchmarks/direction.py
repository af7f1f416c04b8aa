"""How often the pixels deny a label: every type with a direction, in every box of the sample photos, at 5 severities.

    python -m benchmarks.direction

A box is denied where the change that was measured in it has not the label's sign and least size, or where another
change dominates it (``perception20k.imaging.direction``); it went the wrong way where the change has the opposite sign.
Boxes in which nothing is to be seen are left out and counted: a build drops them before it looks at directions.
"""

from __future__ import annotations

import sys
from pathlib import Path

import cv2

sys.path[0] = str(Path(__file__).parents[1])  # the folder of this file has a module named as the library

from benchmarks.build import scenes  # noqa: E402
from distortions import SEVERITY_LEVELS, catalog, distort_region  # noqa: E402
from perception20k.config import Filters  # noqa: E402
from perception20k.dataset.boxes import crop  # noqa: E402
from perception20k.imaging.direction import DIRECTIONS, UNDIRECTED, denied, effects  # noqa: E402
from perception20k.imaging.images import Array  # noqa: E402
from perception20k.imaging.visibility import measure  # noqa: E402
from perception20k.pipeline.stages.filters import visible  # noqa: E402
from perception20k.pipeline.stages.sources import load_source  # noqa: E402


def main() -> None:
    cv2.setNumThreads(1)
    photos = [(load_source(candidate)[1], candidate.source.objects) for candidate in scenes()]
    boxes = [(pixels, item.box) for pixels, objects in photos for item in objects]
    print(f"{len(boxes)} boxes of {len(photos)} photos at {len(SEVERITY_LEVELS)} severities")
    print(f"  {'type':<32}{'made':>6}{'invisible':>11}{'denied':>8}{'wrong way':>11}")
    for kind in catalog():
        if kind.group not in DIRECTIONS or kind.type in UNDIRECTED:
            continue
        name, sign = DIRECTIONS[kind.group]
        made = invisible = refused = wrong = 0
        for pixels, box in boxes:
            for severity in SEVERITY_LEVELS:
                made += 1
                before, after = crop(pixels, box), crop(_distorted(pixels, box, kind.type, severity), box)
                if visible(measure(before, after).delta_e, Filters()) is not None:
                    invisible += 1
                elif denied(kind.group, kind.type, before, after):
                    refused += 1
                    wrong += sign * effects(before, after)[name] < 0
        print(f"  {kind.type:<32}{made:>6}{invisible:>11}{refused:>8}{wrong:>11}", flush=True)


def _distorted(pixels: Array, box: tuple[int, int, int, int], kind: str, severity: int) -> Array:
    return distort_region(pixels, box, kind, severity, seed=severity)


if __name__ == "__main__":
    main()
