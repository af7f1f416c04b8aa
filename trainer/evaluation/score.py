"""A model's answers about your own photos: a table, a page with pictures, and every answer verbatim.

scores.csv      one line per photo: what was read from the answer, the answer itself, and what went wrong
scores.html     the same with the pictures, the worst first
scores.answers/ run.json and predictions.parquet (trainer.evaluation.predict), from which a stopped run continues
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from perception20k.core.errors import UserError
from perception20k.core.files import write_text
from perception20k.core.reporting import SILENT, Reporter
from trainer import pages
from trainer.data.images import read_image, unreadable
from trainer.evaluation.photos import TASKS, Cells, PhotoRows, box_on_photo, find_photos, suite
from trainer.evaluation.predict import predict, processes
from trainer.evaluation.predictions import Prediction
from trainer.evaluation.predictors import Asking, predictor

SHOWN = 200
"""Photos on the page."""


@dataclass(frozen=True)
class ScoreConfig(Asking):
    """Who is asked what about the photos."""

    task: str = "quality"
    """One of :data:`trainer.evaluation.photos.TASKS`."""
    way: str = "think"
    """The prompt for quality, one of :data:`trainer.evaluation.scoring.WAYS`."""
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
    photos = find_photos(folder)
    bad = unreadable(photos, reporter)
    good = [photo for photo in photos if photo not in bad]
    if not good:
        raise UserError(f"{folder}: none of its {len(photos)} images can be read", next(iter(bad.values())))
    with predictor(config, state.device, reporter) as who:
        rows = PhotoRows(folder, good, config.task, config.way, config.objects, who.grid)
        asked = suite(rows, config.task)
        found = predict([(asked, who)], answered, config.settings(), batch=config.batch, samples=0, reporter=reporter)
    if not state.is_main_process:
        return
    read = TASKS[config.task].read
    lines: list[Cells] = [{"image": p.row_id, **read(p), "answer": p.text, "error": p.error} for p in found]
    for reason in bad.values():
        reporter.line(reason)
    _write_table(out, config.task, lines, bad.values())
    _write_page(out.with_suffix(".html"), config, folder, rows, found, lines)


def _write_table(out: Path, task: str, lines: Sequence[Cells], unread: Any) -> None:
    stream = io.StringIO()
    columns = ("image", *TASKS[task].columns, "answer", "error")
    writer = csv.DictWriter(stream, columns, lineterminator="\n")
    writer.writeheader()
    writer.writerows(lines)
    for reason in unread:
        name, _, why = reason.partition(": ")
        writer.writerow({"image": name, "error": why})
    write_text(out, stream.getvalue())


def _write_page(
    path: Path, config: ScoreConfig, folder: Path, rows: PhotoRows, found: Sequence[Prediction], lines: Sequence[Cells]
) -> None:
    """The photos with what was said of them: by score where there is one, unread ones last."""

    def worst(i: int) -> tuple[bool, Any]:
        value = lines[i].get("probability") if lines[i].get("probability") is not None else lines[i].get("score")
        return value is None, value if value is not None else i

    order = sorted(range(len(lines)), key=worst)[:SHOWN]
    cases = []
    for i in order:
        image = read_image(rows.photos[found[i].index])
        boxes = [box_on_photo(found[i])] if config.task == "boxes" else []
        said = {name: lines[i].get(name) for name in TASKS[config.task].columns}
        cases.append(
            {
                "picture": pages.picture(image, answers=boxes, longest=480),
                "name": lines[i]["image"],
                "said": ", ".join(f"{name} {value}" for name, value in said.items() if value is not None) or "unread",
                "answer": " ".join(str(lines[i]["answer"]).split()),
            }
        )
    title = f"{config.task.capitalize()} of {folder.name} by {Path(config.model).name}"
    pages.write_page(path, "photos", title=title, cases=cases, total=len(lines))
