"""Photos without labels, as questions: how good, what is distorted, or where."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from perception20k.core.errors import UserError
from perception20k.core.files import digest, file_sha256
from perception20k.dataset.rft import prompt_parts
from trainer.data import answers, prompts
from trainer.data.boxes import Grid, scale_box
from trainer.data.images import read_image
from trainer.data.rows import Row
from trainer.evaluation.predictions import Prediction
from trainer.evaluation.readout import expectation
from trainer.evaluation.scoring import WAYS
from trainer.evaluation.suites import Suite

Cells = dict[str, str | int | float | None]


class Task(NamedTuple):
    """What is asked of a photo, and what of an answer is kept."""

    task: str
    columns: tuple[str, ...]
    read: Callable[[Prediction], Cells]


def find_photos(folder: Path) -> list[Path]:
    """Every image file in ``folder`` and below, in the order of their names; or the one that it is.

    Raises:
        UserError: nothing is there.
    """
    known = Image.registered_extensions()
    found = [folder] if folder.is_file() else sorted(path for path in folder.rglob("*") if path.suffix.lower() in known)
    if not found:
        raise UserError(f"{folder}: no image in it" if folder.is_dir() else f"{folder}: no such folder or file", code=2)
    return found


class PhotoRows:
    """One question about each photo."""

    def __init__(self, folder: Path, photos: Sequence[Path], task: str, way: str, objects: Sequence[str], grid: Grid):
        self.photos, self.task, self.way, self.grid = photos, TASKS[task].task, way, grid
        self.objects = tuple(objects)
        self.names = [photo.name if photo == folder else photo.relative_to(folder).as_posix() for photo in photos]
        self.datasets: Sequence[str] = ["photos"] * len(photos)
        if task == "quality":
            self.prompt = prompts.ask(WAYS[way].prompt, system=WAYS[way].system)
        else:
            self.prompt = [{"role": "user", "content": prompt_parts(self.task, "nr", self.objects)}]

    def __getitem__(self, index: int) -> Row:
        """The question about one photo."""
        photo = read_image(self.photos[index])
        shown = self.grid.resize(photo)
        return {
            "prompt": self.prompt,
            "images": [shown],
            "row_id": self.names[index],
            "dataset": self.datasets[index],
            "scene": self.names[index],
            "task": self.task,
            "mode": self.way if self.task == "score" else "nr",
            "frame": self.grid.frame(shown.size),
            "truth": {"size": photo.size, "objects": list(self.objects)},
        }


def suite(rows: PhotoRows, task: str) -> Suite:
    """One question about every photo; another photo, or a changed one, makes it another suite."""
    asked = [rows.prompt, [[name, file_sha256(photo)] for name, photo in zip(rows.names, rows.photos, strict=True)]]
    return Suite(f"{task} of photos", "scoring", rows, digest(asked))


def _quality(prediction: Prediction) -> Cells:
    probability = None if prediction.digits is None else round(expectation(prediction.digits), 4)
    return {"score": WAYS[prediction.truth["mode"]].read(prediction.text), "probability": probability}


def _description(prediction: Prediction) -> Cells:
    said = answers.description(prediction.text, whole=not prediction.truth["objects"])
    return dict(said._asdict()) if said else {}


def box_on_photo(prediction: Prediction) -> tuple[int, int, int, int] | None:
    """The answered box in pixels of the photo itself; None if there is none to read."""
    said = answers.box(prediction.text)
    if said is None:
        return None
    x1, y1, x2, y2 = scale_box(said, tuple(prediction.truth["frame"]), tuple(prediction.truth["size"]))
    return round(x1), round(y1), round(x2), round(y2)


def _box(prediction: Prediction) -> Cells:
    box = box_on_photo(prediction)
    return dict(zip(("x1", "y1", "x2", "y2"), box, strict=True)) if box else {}


TASKS = {
    "quality": Task("score", ("score", "probability"), _quality),
    "description": Task("description", ("object", "distortion", "severity"), _description),
    "boxes": Task("grounding", ("x1", "y1", "x2", "y2"), _box),
}
"""What can be asked, by the name on the command line, with the columns of the table."""
