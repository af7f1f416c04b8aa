"""Label Studio's export "JSON": a list of tasks, each with its annotations."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from perception20k.annotations.record import AnnotatedImage, LabelledBox, corners, reading, turned


def read_label_studio(path: Path) -> Iterator[AnnotatedImage]:
    """The images of an export. Of several annotations of a task, one marked as ground truth counts, else the first.

    Raises:
        UserError: the file is missing, not JSON, or not in the form of that export; the line names the task.
    """
    with reading(path):
        try:
            tasks = json.loads(path.read_text(encoding="utf-8-sig"))
        except UnicodeDecodeError:
            raise
        except (ValueError, RecursionError) as error:
            raise ValueError(f"not a JSON file: {error}") from None
        if not isinstance(tasks, list):
            raise ValueError("not a Label Studio export: expected a list of tasks. Export it as 'JSON'")
        for place, task in enumerate(tasks):
            try:
                yield _image(task)
            except (AttributeError, IndexError, KeyError, TypeError) as error:
                what = f"lacks {error}" if isinstance(error, KeyError) else "not in the form of the export 'JSON'"
                raise ValueError(f"not a Label Studio export: [{place}]: {what}") from None
            except ValueError as error:
                raise ValueError(f"[{place}]: {error}") from None


def is_label_studio(head: str) -> bool:
    """Whether the beginning of a file looks like a Label Studio export."""
    return head.startswith("[") and '"annotations"' in head and '"data"' in head


def _image(task: dict[str, Any]) -> AnnotatedImage:
    done = [entry for entry in task["annotations"] if not entry.get("was_cancelled")]
    chosen = next((entry for entry in done if entry.get("ground_truth")), done[0] if done else None)
    results = [r for r in chosen["result"] if r.get("type") == "rectanglelabels"] if chosen else []
    sizes = {(r.get("original_width"), r.get("original_height")) for r in results}
    if len(sizes) > 1:
        raise ValueError("different image sizes in one task; tasks of several images are not read")
    width, height = sizes.pop() if sizes else (None, None)
    if results and not (isinstance(width, int) and isinstance(height, int) and min(width, height) > 0):
        raise ValueError("no image size: lacks 'original_width' or 'original_height'")
    boxes = tuple(_box(result["value"], width or 1, height or 1) for result in results)
    return AnnotatedImage(_file(task["data"]), boxes, width, height)


def _box(value: dict[str, Any], width: int, height: int) -> LabelledBox:
    """A box in percent of the image, which may be turned about its top left corner."""
    x, y, w, h = corners(value[key] for key in ("x", "y", "width", "height"))
    sides = (x * width / 100, y * height / 100, (x + w) * width / 100, (y + h) * height / 100)
    box = turned(corners(sides), float(value.get("rotation") or 0), sides[:2])
    return LabelledBox(str(value["rectanglelabels"][0]), box)


def _file(data: dict[str, Any]) -> str:
    """The photo's name in a URL or path of an upload, of local files (``?d=``) or of a bucket."""
    texts = [text for text in data.values() if isinstance(text, str)]
    text = data.get("image") or next((t for t in texts if re.search(r"\.\w{3,4}$", t)), None)
    if not isinstance(text, str):
        raise ValueError("its data names no image")
    url = urlsplit(text)
    name = PurePosixPath(parse_qs(url.query).get("d", [unquote(url.path)])[0]).name
    return re.sub(r"^[0-9a-f]{8}-", "", name) if "/upload/" in url.path else name
