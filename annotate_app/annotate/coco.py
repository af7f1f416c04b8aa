"""Drawn boxes as a COCO instances file, which a build takes and which can be imported again.

Boxes are in pixels of the file, also where a photo was shown smaller. ``file_name`` is a picture's origin: the name by
which a build knows the photo, or ``name#frame=N`` for a keyframe.
A picture on which there is nothing is listed without annotations. ``annotator``, beside COCO's own keys, is whoever
drew on it last.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

from annotate_app.annotate.log import Drawing, Status
from annotate_app.annotate.pictures import Opened
from annotate_app.annotate.proposals import Find
from annotate_app.annotate.rules import DrawnObject, judge
from annotate_app.annotate.service import Annotation
from perception20k import __version__
from perception20k.core.errors import ItemError, UserError
from perception20k.core.files import write_json
from perception20k.core.reporting import Reporter
from perception20k.dataset.boxes import Box, box_area

_MADE_BY = "perception20k annotate"


def as_coco(drawings: Iterable[Drawing]) -> dict[str, Any]:
    """The finished pictures as COCO: what is done with its objects, what was skipped without any."""
    finished = sorted((d for d in drawings if d.status != "open"), key=lambda d: d.origin)
    objects = [
        (number, item, drawing.original_width / drawing.width, drawing.original_height / drawing.height)
        for number, drawing in enumerate(finished, 1)
        for item in sorted(drawing.objects, key=lambda o: (-box_area(o.box), o.box))
        if drawing.status == "done"
    ]
    names = sorted({item.name for _, item, _, _ in objects})
    return {
        "info": {"description": "Objects and boxes drawn by hand", "contributor": _MADE_BY, "version": __version__},
        "images": [
            {
                "id": number,
                "file_name": drawing.origin,
                "width": drawing.original_width,
                "height": drawing.original_height,
                "annotator": drawing.holder or "",
            }
            for number, drawing in enumerate(finished, 1)
        ],
        "annotations": [
            {
                "id": place,
                "image_id": number,
                "category_id": names.index(item.name) + 1,
                "bbox": _bbox(item.box, across, down),
                "area": box_area(item.box) * across * down,
                "iscrowd": 0,
            }
            for place, (number, item, across, down) in enumerate(objects, 1)
        ],
        "categories": [{"id": number, "name": name} for number, name in enumerate(names, 1)],
    }


def export(drawings: Iterable[Drawing], path: Path) -> tuple[int, int]:
    """Write the finished pictures to ``path``; how many pictures and how many boxes.

    Raises:
        UserError: a file is there that was not written by this.
    """
    if path.exists() and not _is_ours(path):
        raise UserError(f"{path}: exists, and was not written by {_MADE_BY}", "Give another name to --export")
    data = as_coco(drawings)
    write_json(path, data)
    return len(data["images"]), len(data["annotations"])


def import_boxes(annotation: Annotation, find: Find, reviewer: str, reporter: Reporter) -> dict[Status, int]:
    """Take the pictures that a file lists into the log; how many came to each status.

    A picture whose objects a build would keep is done; one without objects is skipped; any other is left open, to be
    finished by hand. Pictures that somebody has drawn on already are left as they are.
    """
    counts: dict[Status, int] = {"done": 0, "skipped": 0, "open": 0}
    with reporter.progress("import", len(annotation.pictures), "photo") as advance:
        session = None
        for picture in annotation.pictures.values():
            advance(1)
            if picture.picture_id in annotation.log.drawings:
                continue
            with suppress(ItemError, OSError):  # the page tells which pictures cannot be opened
                opened = annotation.look_at(picture)
                objects = find(picture, opened)
                if objects is None:
                    continue
                status = _status(objects, opened, annotation)
                session = session or annotation.begin_import(reviewer)
                annotation.add_import(session, picture, opened, objects, status)
                counts[status] += 1
    return counts


def _bbox(box: Box, across: float, down: float) -> list[float]:
    """x, y, width and height in pixels of the file. A build that scales the file down comes back to the same box."""
    x1, y1, x2, y2 = box
    return [x1 * across, y1 * down, (x2 - x1) * across, (y2 - y1) * down]


def _status(objects: tuple[DrawnObject, ...], opened: Opened, annotation: Annotation) -> Status:
    if not objects:
        return "skipped"
    return "open" if judge(objects, opened.width, opened.height, annotation.limits).first else "done"


def _is_ours(path: Path) -> bool:
    try:
        return bool(json.loads(path.read_text(encoding="utf-8"))["info"]["contributor"] == _MADE_BY)
    except (OSError, ValueError, KeyError, TypeError):
        return False
