"""Filters on boxes and images; each returns ``(keep, reason)``, and the quarantine lists what is dropped.

The limits are the configuration's; boxes over 90 % of the image are removed before review, as the paper's
protocol requires (Refine-IQA, "Subjective Experiment Supplementary").
"""

from __future__ import annotations

from perception20k.config import Filters
from perception20k.dataset.records import Box, SceneObject, Source


def iou(a: Box, b: Box) -> float:
    """Intersection over union of two boxes, in 0..1."""
    width = min(a[2], b[2]) - max(a[0], b[0])
    height = min(a[3], b[3]) - max(a[1], b[1])
    if width <= 0 or height <= 0:
        return 0.0
    both = width * height
    return both / (_area(a) + _area(b) - both)


def box_fits(box: Box, width: int, height: int, limits: Filters) -> tuple[bool, str]:
    """Keep a box that lies inside its image and is neither oversized nor too small to see."""
    x1, y1, x2, y2 = box
    if not (0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height):
        return False, f"box {box} is not inside the {width}x{height} image"
    share = _area(box) / (width * height)
    if share > limits.max_box:
        return False, f"box covers {share:.1%} of the image, over {limits.max_box:.0%}"
    if share < limits.min_box:
        return False, f"box covers {share:.2%} of the image, under {limits.min_box:.0%}"
    if min(x2 - x1, y2 - y1) < limits.min_side:
        return False, f"box is {x2 - x1}x{y2 - y1} px, a side under {limits.min_side}"
    return True, ""


def large_enough(source: Source, limits: Filters) -> tuple[bool, str]:
    """Keep an image that is large enough for the smallest box."""
    if min(source.width, source.height) >= limits.min_side:
        return True, ""
    return False, f"the image is {source.width}x{source.height} px, a side under {limits.min_side}"


def select_objects(source: Source, limits: Filters) -> tuple[tuple[SceneObject, ...], list[tuple[str, str]]]:
    """The objects of a source that may be distorted, and ``(object, reason)`` of the others.

    Objects come most salient first. Of two that overlap too much the earlier stays; past ``max_objects`` the
    rest is dropped.
    """
    kept: list[SceneObject] = []
    dropped: list[tuple[str, str]] = []
    for item in source.objects:
        fits, reason = box_fits(item.box, source.width, source.height, limits)
        rival = next((k for k in kept if iou(k.box, item.box) > limits.max_iou), None)
        if not fits:
            dropped.append((item.name, reason))
        elif rival is not None:
            overlap = iou(rival.box, item.box)
            dropped.append((item.name, f"overlaps '{rival.name}' with IoU {overlap:.2f}, over {limits.max_iou:g}"))
        elif len(kept) == limits.max_objects:
            dropped.append((item.name, f"the image already has {limits.max_objects} objects"))
        else:
            kept.append(item)
    return tuple(kept), dropped


def enough_objects(objects: tuple[SceneObject, ...], limits: Filters) -> tuple[bool, str]:
    """Keep an image with enough distinct objects: at least two in the paper."""
    names = [item.name for item in objects]
    if len(names) >= limits.min_objects:
        return True, ""
    found = ", ".join(f"'{name}'" for name in names) or "none"
    return False, f"{len(names)} usable distinct objects ({found}), fewer than {limits.min_objects}"


def visible(delta_e: float, limits: Filters) -> tuple[bool, str]:
    """Keep a sample whose distortion a person could see."""
    if delta_e >= limits.min_delta_e:
        return True, ""
    return False, f"mean colour difference {delta_e:.2f} in the box, under {limits.min_delta_e:g}"


def _area(box: Box) -> int:
    return (box[2] - box[0]) * (box[3] - box[1])
