"""YOLO, in the layout of versions 5 to 8: ``data.yaml``, and a text file of labels an image in folders ``labels``."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import yaml

from perception20k.annotations.record import AnnotatedImage, Corners, LabelledBox, around, corners, reading


def read_yolo(path: Path) -> Iterator[AnnotatedImage]:
    """The images of the label files beside a ``data.yaml``, whatever part they are in.

    A line is a class and a box (centre, width and height), or a class and an outline. An image is named by what
    follows ``labels/``; where two label files agree in that, by their whole paths, with ``images`` for ``labels``.

    Args:
        path: the ``data.yaml``.

    Raises:
        UserError: it is missing or has no names, there are no labels beside it, or a line is wrong.
    """
    with reading(path):
        names = _names(path)
        home = path.parent
        files = sorted(file for file in home.rglob("*.txt") if "labels" in file.relative_to(home).parts[:-1])
        if not files:
            raise ValueError("no label file in a folder 'labels' beside it")
    images = [_image(file.relative_to(home)) for file in files]
    below = [image[len(image) - image[::-1].index("images") :] for image in images]
    count = Counter(below)
    for file, image, short in zip(files, images, below, strict=True):
        name = "/".join(short if count[short] == 1 else image)
        with reading(file):
            yield AnnotatedImage(name, tuple(_boxes(file, names)), relative=True)


def is_yolo(head: str) -> bool:
    """Whether a YAML file looks like YOLO's ``data.yaml``."""
    lines = head.splitlines()
    return any(line.startswith("names:") for line in lines) and any(line.startswith("train:") for line in lines)


def _names(path: Path) -> dict[int, str]:
    try:
        data = yaml.safe_load(path.read_text(encoding="utf-8-sig"))
    except yaml.YAMLError as error:
        raise ValueError(f"not a YAML file: {' '.join(str(error).split())}") from None
    names = data.get("names") if isinstance(data, dict) else None
    if isinstance(names, list):
        names = dict(enumerate(names))
    if not isinstance(names, dict) or not names or not all(isinstance(key, int) for key in names):
        raise ValueError("not YOLO's data.yaml: 'names' must be a list of class names, or number: name")
    return {key: str(name) for key, name in names.items()}


def _boxes(file: Path, names: dict[int, str]) -> Iterator[LabelledBox]:
    with file.open(encoding="utf-8-sig") as lines:
        for number, line in enumerate(lines, 1):
            words = line.split()
            if not words:
                continue
            try:
                yield LabelledBox(_class(words[0], names), _corners(words[1:]))
            except ValueError as error:
                raise ValueError(f"line {number}: {error}") from None


def _class(word: str, names: dict[int, str]) -> str:
    try:
        return names[int(word)]
    except ValueError:
        raise ValueError(f"{word[:40]!r} is not a class number") from None
    except KeyError:
        raise ValueError(f"class {word[:40]} is not among the {len(names)} names of data.yaml") from None


def _corners(words: list[str]) -> Corners:
    """A box, with or without a confidence behind it, or the box around an outline."""
    if len(words) in (4, 5):
        x, y, width, height = corners(words[:4])
        return x - width / 2, y - height / 2, x + width / 2, y + height / 2
    if len(words) >= 6 and len(words) % 2 == 0:
        try:
            values = [float(word) for word in words]
            return around(zip(values[::2], values[1::2], strict=True))
        except ValueError:
            raise ValueError("the outline is not made of numbers") from None
    raise ValueError(f"{len(words)} values after the class where a box has 4 and an outline pairs")


def _image(file: Path) -> tuple[str, ...]:
    """A label file's path below ``data.yaml`` as that of its image: ``images`` for the last ``labels``, no suffix."""
    parts = file.with_suffix("").parts
    place = max(place for place, part in enumerate(parts[:-1]) if part == "labels")
    return (*parts[:place], "images", *parts[place + 1 :])
