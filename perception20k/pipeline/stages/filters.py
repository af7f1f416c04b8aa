"""Filters on boxes and images; each returns None to keep, or the reason to drop.

The limits are the configuration's; boxes over 90 % of the image are removed before review, as the paper's
protocol requires (Refine-IQA, "Subjective Experiment Supplementary").
"""

from __future__ import annotations

from perception20k.config import Filters
from perception20k.dataset.boxes import Box, box_area, iou
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import WHOLE_IMAGE, SceneObject, Source


def box_fits(box: Box, width: int, height: int, limits: Filters) -> Reason | None:
    """Keep a box that lies inside its image and is neither oversized nor too small to see."""
    x1, y1, x2, y2 = box
    if not (0 <= x1 < x2 <= width and 0 <= y1 < y2 <= height):
        return Reason("box_outside", f"box {box} is not inside the {width}x{height} image")
    share, side = box_area(box) / (width * height), min(x2 - x1, y2 - y1)
    if share > limits.max_box:
        return Reason("box_too_large", f"box covers {share:.1%} of the image, over {limits.max_box:.0%}", share)
    if share < limits.min_box:
        return Reason("box_too_small", f"box covers {share:.2%} of the image, under {limits.min_box:.0%}", share)
    if side < limits.min_side:
        return Reason("box_too_small", f"box is {x2 - x1}x{y2 - y1} px, a side under {limits.min_side}", side)
    return None


def large_enough(source: Source, limits: Filters) -> Reason | None:
    """Keep an image that is large enough for the smallest box."""
    side = min(source.width, source.height)
    if side >= limits.min_side:
        return None
    text = f"the image is {source.width}x{source.height} px, a side under {limits.min_side}"
    return Reason("image_too_small", text, side)


def select_objects(source: Source, limits: Filters) -> tuple[tuple[SceneObject, ...], list[tuple[str, Reason]]]:
    """The objects of a source that may be distorted, and ``(object, reason)`` of the others.

    Objects come most salient first. Of two that overlap too much the earlier stays; past ``max_objects`` the
    rest is dropped.
    """
    kept: list[SceneObject] = []
    dropped: list[tuple[str, Reason]] = []
    for item in source.objects:
        reason = box_fits(item.box, source.width, source.height, limits) or _distinct(item, kept, limits)
        if reason is None:
            kept.append(item)
        else:
            dropped.append((item.name, reason))
    return tuple(kept), dropped


def whole_image(source: Source) -> SceneObject:
    """What is distorted where there are no objects: everything. No filter applies to it."""
    return SceneObject(WHOLE_IMAGE, (0, 0, source.width, source.height))


def enough_objects(objects: tuple[SceneObject, ...], limits: Filters) -> Reason | None:
    """Keep an image with enough distinct objects: at least two in the paper."""
    names = [item.name for item in objects]
    if len(names) >= limits.min_objects:
        return None
    found = ", ".join(f"'{name}'" for name in names) or "none"
    text = f"{len(names)} usable distinct objects ({found}), fewer than {limits.min_objects}"
    return Reason("too_few_objects", text, len(names))


def visible(delta_e: float, limits: Filters) -> Reason | None:
    """Keep a sample whose distortion a person could see."""
    if delta_e >= limits.min_delta_e:
        return None
    text = f"mean colour difference {delta_e:.2f} in the box, under {limits.min_delta_e:g}"
    return Reason("invisible", text, delta_e)


def _distinct(item: SceneObject, kept: list[SceneObject], limits: Filters) -> Reason | None:
    for rival in kept:
        overlap = iou(rival.box, item.box)
        if overlap > limits.max_iou:
            text = f"overlaps '{rival.name}' with IoU {overlap:.2f}, over {limits.max_iou:g}"
            return Reason("overlap", text, overlap)
    if len(kept) == limits.max_objects:
        return Reason("too_many_objects", f"the image already has {limits.max_objects} objects")
    return None
