"""The rules a build applies to objects and boxes, told while they are drawn.

Nothing is decided here: the build's own filters are asked (:mod:`perception20k.pipeline.stages.filters`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from perception20k.config import Filters
from perception20k.dataset.boxes import Box, box_area
from perception20k.dataset.quarantine import Reason
from perception20k.dataset.records import SceneObject, Source
from perception20k.pipeline.stages.filters import enough_objects, select_objects
from perception20k.pipeline.stages.object_names import bad_name, clean

PAGE_KEYS = ("max_box", "min_box", "min_side", "max_iou", "min_objects", "max_objects")
"""The keys of :class:`perception20k.config.Filters` that the page needs to tell while a box is being drawn."""


@dataclass(frozen=True)
class DrawnObject:
    """One object of a picture as it is being drawn. Its name is empty until it has one."""

    name: str
    box: Box
    proposed: bool = False
    """Proposed by a file or a detector, and not accepted yet: it does not count."""


@dataclass(frozen=True)
class Verdict:
    """What a build would make of a picture's objects."""

    objects: tuple[Reason | None, ...]
    """For each object, why it would be dropped; None for one that is kept, or only proposed."""
    picture: Reason | None
    """Why the picture itself would be dropped."""

    @property
    def first(self) -> Reason | None:
        """The first thing that is wrong, if any."""
        return next((reason for reason in (*self.objects, self.picture) if reason is not None), None)


def judge(objects: Sequence[DrawnObject], width: int, height: int, limits: Filters) -> Verdict:
    """What a build with these limits would make of objects drawn on a picture of ``width`` x ``height`` px.

    As in a build, the largest object comes first, so of two that overlap or share a name the smaller one is at fault.
    """
    counted = [place for place, item in enumerate(objects) if not item.proposed]
    counted.sort(key=lambda place: (-box_area(objects[place].box), objects[place].box, objects[place].name))
    wrong: dict[int, Reason] = {}
    named: dict[str, int] = {}
    for place in counted:
        name = clean(objects[place].name)
        reason = bad_name(name)
        if reason is None and named.setdefault(name.casefold(), place) != place:
            reason = Reason("same_subject", f"'{name}' is the name of a larger object")
        if reason is not None:
            wrong[place] = reason
    scene = tuple(SceneObject(name, objects[place].box) for name, place in named.items())
    kept, dropped = select_objects(Source("", "", "", width, height, "", objects=scene), limits)
    wrong |= {named[name]: reason for name, reason in dropped}
    return Verdict(tuple(wrong.get(place) for place in range(len(objects))), enough_objects(kept, limits))
