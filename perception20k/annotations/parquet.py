"""Boxes of datasets as the hub has them: Parquet tables with a column of objects beside that of the images.

What the four numbers of a box are is written nowhere in such a table, and three readings are in use. The config says
which; one that the sizes of the images contradict is refused.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

from perception20k.annotations.object_columns import ImageObjects, objects_by_image
from perception20k.annotations.record import AnnotatedImage, Corners, LabelledBox
from perception20k.core.errors import UserError

READINGS: dict[str, Callable[[float, float, float, float], Corners]] = {
    "xywh": lambda x, y, width, height: (x, y, x + width, y + height),
    "xyxy": lambda x1, y1, x2, y2: (x1, y1, x2, y2),
    "cxcywh": lambda x, y, width, height: (x - width / 2, y - height / 2, x + width / 2, y + height / 2),
}
"""What four numbers can be: COCO's corner and size, two corners, YOLO's centre and size."""

_LOOKED_AT = 100
"""Images that the readings are held against."""

_SLACK = 0.01
"""Share of an image by which a box may leave it, and of the boxes that may be wrong in the right reading."""


def read_parquet(kind: str, where: Path | str) -> Iterator[AnnotatedImage]:
    """The images of a table, a folder of tables, or either at a URL.

    An image is named as :func:`perception20k.storage.places.members` names it, below its table.

    Args:
        kind: one of ``READINGS``. Whether the numbers are pixels or shares of the image shows in themselves.
        where: a path or a URL.

    Raises:
        UserError: see :func:`perception20k.annotations.object_columns.objects_by_image`; or most boxes contradict the
            reading, and hardly any another.
    """
    judged = _Judged(where)
    if judged.possible and 2 * judged.wrong[kind] > judged.count:
        raise UserError(judged.sentence, judged.hint)
    for found in objects_by_image(where):
        boxes = (LabelledBox(n, READINGS[kind](*box)) for n, box in zip(found.names, found.boxes, strict=True))
        width, height = found.size or (None, None)
        yield AnnotatedImage(found.file, tuple(boxes), width, height, _relative(found))


def only_reading(where: Path | str) -> tuple[str, str]:
    """The format's key for the one reading that the images allow, and a sentence that says why.

    Raises:
        UserError: they allow several, or none.
    """
    judged = _Judged(where)
    if len(judged.possible) != 1:
        raise UserError(judged.sentence, judged.hint)
    [kind] = judged.possible
    others = (f"{wrong} as {other}" for other, wrong in judged.wrong.items() if other != kind)
    why = f"impossible boxes among {judged.count}: {', '.join(others)}"
    return f"parquet_{kind}", f"boxes from the column '{judged.column}', read as {kind} ({why})"


class _Judged:
    """How many boxes each reading makes impossible: outside their image, or without area."""

    def __init__(self, where: Path | str) -> None:
        self._where, self._first, self.column = where, "no boxes", ""
        self.count, self.wrong = 0, dict.fromkeys(READINGS, 0)
        for found in islice((one for one in objects_by_image(where, measured=True) if one.boxes), _LOOKED_AT):
            width, height = (1, 1) if _relative(found) else found.size or (math.inf, math.inf)
            if not self.count:
                self._first, self.column = _told(found), found.column
            for box in found.boxes:
                self.count += 1
                for kind, corners_of in READINGS.items():
                    self.wrong[kind] += not _fits(corners_of(*box), width, height)

    @property
    def possible(self) -> list[str]:
        """Readings in which hardly a box is wrong."""
        return [kind for kind, wrong in self.wrong.items() if wrong <= _SLACK * self.count]

    @property
    def sentence(self) -> str:
        """What the first box is in each reading, and how many are impossible."""
        wrong = ", ".join(f"{number} as {kind}" for kind, number in self.wrong.items())
        count = f"{self.count} box{'es' * (self.count != 1)}"
        return f"{self._where}: {self._first}. Of {count}, outside their image or without area: {wrong}"

    @property
    def hint(self) -> str:
        """What to write into a config."""
        keys = (f"{{parquet_{kind}: {self._where}}}" for kind in self.possible or READINGS)
        return f"Say in the config which it is: annotations: {' or '.join(keys)}"


def _relative(found: ImageObjects) -> bool:
    """Whether the numbers are shares: in pixels, every box would end before the second one."""
    return max((number for box in found.boxes for number in box), default=2.0) < 2


def _told(found: ImageObjects) -> str:
    numbers = ", ".join(f"{number:g}" for number in found.boxes[0])
    size = f" ({found.size[0]}x{found.size[1]})" if found.size else ""
    readings = []
    for kind, corners_of in READINGS.items():
        x1, y1, x2, y2 = corners_of(*found.boxes[0])
        readings.append(f"{x2 - x1:g} by {y2 - y1:g} at ({x1:g}, {y1:g}) as {kind}")
    return f"the box [{numbers}] of '{found.column}' in {found.file}{size} is {', '.join(readings)}"


def _fits(box: Corners, width: float, height: float) -> bool:
    x1, y1, x2, y2 = box
    return -_SLACK * width <= x1 < x2 <= (1 + _SLACK) * width and -_SLACK * height <= y1 < y2 <= (1 + _SLACK) * height
