"""A model's answers about your own photos: a table, a page with pictures, and every answer verbatim.

scores.csv      one line per photo: what was read from the answer, the answer itself, and what went wrong
scores.html     the same with the pictures, the worst first
scores.answers/ run.json and predictions.parquet (trainer.evaluation.predict), from which a stopped run continues
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

from PIL import Image

from perception20k.core.errors import UserError
from perception20k.core.files import digest, file_sha256, write_text
from perception20k.core.reporting import SILENT, Reporter
from perception20k.dataset.rft import prompt_parts
from trainer import pages
from trainer.data import answers, prompts
from trainer.data.boxes import Grid, scale_box
from trainer.data.images import Entry, read_image, readable
from trainer.data.rows import Row
from trainer.evaluation.predict import predict, processes
from trainer.evaluation.predictions import Prediction
from trainer.evaluation.predictors import Asking, predictor
from trainer.evaluation.readout import WAYS, expectation
from trainer.evaluation.suites import Suite

Cells = dict[str, Any]

SHOWN = 200
"""Photos on the page."""


@dataclass(frozen=True)
class ScoreConfig(Asking):
    """Who is asked what about the photos."""

    task: str = "quality"
    """One of :data:`TASKS`."""
    way: str = "think"
    """The prompt for quality, one of :data:`trainer.evaluation.readout.WAYS`."""
    objects: tuple[str, ...] = ()
    """What a description chooses its object from; without any it is about the whole photo."""

    def settings(self) -> dict[str, Any]:
        """What the answers depend on."""
        return {name: value for name, value in asdict(self).items() if name not in ("timeout", "objects")}


def score(config: ScoreConfig, folder: Path, out: Path, reporter: Reporter = SILENT) -> None:
    """Ask about every photo in ``folder`` and write ``out`` (a CSV) with its page and answers next to it.

    Raises:
        UserError: no photos, none that can be read, a file in the way, or questions that got no answer.
    """
    if config.model == "scripted:oracle":
        raise UserError("scripted:oracle knows only what is labelled, and these photos are not", code=2)
    state = processes()
    reporter = reporter if state.is_main_process else SILENT
    answered = out.with_suffix(".answers")
    if out.exists() and not answered.is_dir():
        raise UserError(f"{out}: exists, and was not written by score", "Choose another --out")
    photos = _find_photos(folder)
    good, missing = readable(photos, str(folder), reporter)
    with predictor(config, state.device, reporter) as who:
        rows = PhotoRows(good, config, who.grid)
        asked = [rows.prompt, [[photo.where, file_sha256(photo.images[0])] for photo in good]]
        suite = Suite(f"{config.task} of photos", rows, digest(asked))
        found = predict(
            [(suite, who)],
            answered,
            config.settings(),
            missing,
            batch=config.batch,
            samples=0,
            reporter=reporter,
        )
    if not state.is_main_process:
        return
    read = TASKS[config.task].read
    lines: list[Cells] = [{"image": p.row_id, **read(p), "answer": p.text, "error": p.error} for p in found]
    unread = [photo for photo in photos if photo not in good]
    bad = [
        {"image": photo.where, "error": reason.removeprefix(f"{photo.where}: {photo.images[0]}: ")}
        for photo, reason in zip(unread, missing, strict=True)
    ]
    shown = {photo.where: photo.images[0] for photo in good}
    _write_table(out, config.task, [*lines, *bad])
    _write_page(out, config, folder, shown, lines, len(bad))


def _find_photos(folder: Path) -> list[Entry]:
    """Every image file in ``folder`` and below with its name there, in the order of names; or the one that it is."""
    if folder.is_file():
        return [Entry(_printable(Path(folder.name)), (folder,))]
    known = Image.registered_extensions()
    found = sorted(path for path in folder.rglob("*") if path.suffix.lower() in known)
    if not found:
        raise UserError(f"{folder}: no image in it" if folder.is_dir() else f"{folder}: no such folder or file", code=2)
    return [Entry(_printable(path.relative_to(folder)), (path,)) for path in found]


def _printable(name: Path) -> str:
    return os.fsencode(name.as_posix()).decode("utf-8", "backslashreplace")


class PhotoRows:
    """One question about each photo; another photo, or a changed one, makes it another suite."""

    def __init__(self, photos: Sequence[Entry], config: ScoreConfig, grid: Grid) -> None:
        self.photos, self.task, self.way, self.grid = photos, TASKS[config.task].task, config.way, grid
        self.objects = config.objects
        self.datasets: Sequence[str] = ["photos"] * len(photos)
        if config.task == "quality":
            self.prompt = prompts.ask(WAYS[config.way].prompt, system=WAYS[config.way].system)
        else:
            self.prompt = [{"role": "user", "content": prompt_parts(self.task, "nr", self.objects)}]

    def __getitem__(self, index: int) -> Row:
        """The question about one photo."""
        asked = self.photos[index]
        photo = read_image(asked.images[0])
        shown = self.grid.resize(photo)
        return {
            "prompt": self.prompt,
            "images": [shown],
            "row_id": asked.where,
            "dataset": self.datasets[index],
            "scene": asked.where,
            "task": self.task,
            "mode": self.way if self.task == "score" else "nr",
            "frame": self.grid.frame(shown.size),
            "truth": {"size": photo.size, "objects": list(self.objects)},
        }


def _quality(prediction: Prediction) -> Cells:
    probability = None if prediction.digits is None else round(expectation(prediction.digits), 4)
    return {"score": WAYS[prediction.truth["mode"]].read(prediction.text), "probability": probability}


def _description(prediction: Prediction) -> Cells:
    said = answers.description(prediction.text, whole=not prediction.truth["objects"])
    return said._asdict() if said else {}


def _box(prediction: Prediction) -> Cells:
    """The answered box in pixels of the photo itself, as far as it is inside; nothing if no part of it is."""
    said = answers.box(prediction.text)
    if said is None:
        return {}
    width, height = prediction.truth["size"]
    box = scale_box(said, prediction.truth["frame"], (width, height))
    x1, y1, x2, y2 = (min(max(round(side), 0), most) for side, most in zip(box, (width, height) * 2, strict=True))
    return {"x1": x1, "y1": y1, "x2": x2, "y2": y2} if x1 < x2 and y1 < y2 else {}


class Task(NamedTuple):
    """What is asked of a photo, and what of an answer is kept."""

    task: str
    columns: tuple[str, ...]
    read: Callable[[Prediction], Cells]


TASKS = {
    "quality": Task("score", ("score", "probability"), _quality),
    "description": Task("description", ("object", "distortion", "severity"), _description),
    "boxes": Task("grounding", ("x1", "y1", "x2", "y2"), _box),
}
"""What can be asked, by the name on the command line, with the columns of the table."""


def _write_table(out: Path, task: str, lines: Sequence[Cells]) -> None:
    stream = io.StringIO()
    columns = ("image", *TASKS[task].columns, "answer", "error")
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    write_text(out, stream.getvalue())


def _write_page(
    out: Path, config: ScoreConfig, folder: Path, photos: Mapping[str, Path], lines: Sequence[Cells], damaged: int
) -> None:
    """The photos with what was said of them: by score where there is one, unread ones last."""
    task = config.task

    def worst(line: Cells) -> tuple[bool, float]:
        value = line.get("score") if line.get("probability") is None else line["probability"]
        return value is None, value or 0.0

    cases = []
    for line in sorted(lines, key=worst)[:SHOWN]:
        said = {name: line[name] for name in TASKS[task].columns if line.get(name) is not None}
        boxes = [list(said.values())] if task == "boxes" and said else []
        cases.append(
            {
                "picture": pages.picture(read_image(photos[line["image"]]), answers=boxes, longest=480),
                "name": line["image"],
                "said": ", ".join(f"{name} {_short(value)}" for name, value in said.items()) or "unread",
                "answer": " ".join(line["answer"].split()),
            }
        )
    pages.write_page(
        out.with_suffix(".html"),
        "photos",
        title=f"{task.capitalize()} of {folder.resolve().name} by {config.model}",
        task=task,
        scale=WAYS[config.way],
        cases=cases,
        total=len(lines),
        damaged=damaged,
        table=out.name,
    )


def _short(value: float | str) -> str:
    return f"{value:.3g}" if isinstance(value, float) else str(value)
