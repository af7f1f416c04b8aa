"""The page of a run: tables, confusion pictures, and the worst groundings drawn, as one self-contained HTML file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from perception20k.dataset.boxes import iou
from trainer import pages
from trainer.data import answers
from trainer.evaluation import perception
from trainer.evaluation.predictions import Prediction
from trainer.evaluation.suites import Suite, kind_of
from trainer.evaluation.tables import Table, shown

WORST = 24
"""Cases drawn of each perception suite."""


def write_page(
    path: Path,
    title: str,
    tables: Sequence[Table],
    pictures: Sequence[Path],
    predictions: Mapping[str, Sequence[Prediction]],
    suites: Mapping[str, Suite],
) -> None:
    """Write the page, aside and renamed.

    Args:
        path: the HTML file.
        title: its heading.
        tables: shown in their order.
        pictures: PNG files, put into the page.
        predictions: the greedy answers of each suite.
        suites: where the images of the worst cases come from; a suite that is not there has no cases drawn.
    """
    confusions = [pages.data_url(picture.read_bytes(), "png") for picture in pictures]
    chosen = [name for name in predictions if name in suites and kind_of(name) == "perception"]
    cases = {name: _cases(predictions[name], suites[name]) for name in chosen}
    pages.write_page(path, "evaluation", title=title, tables=tables, shown=shown, confusions=confusions, cases=cases)


def _cases(predictions: Sequence[Prediction], suite: Suite) -> list[dict[str, str]]:
    described = {
        _sample(prediction): prediction.text for prediction in predictions if prediction.truth["task"] == "description"
    }
    return [
        _case(prediction, suite, described.get(_sample(prediction), ""))
        for prediction in perception.worst(predictions, WORST)
    ]


def _case(prediction: Prediction, suite: Suite, described: str) -> dict[str, str]:
    truth, said = prediction.truth, answers.box(prediction.text)
    image = suite.rows[prediction.index]["images"][-1]
    return {
        "picture": pages.picture(image, truth["box"], [said], frame=truth.get("frame"), longest=480),
        "earned": "unread" if said is None else f"IoU {iou(said, truth['box']):.2f}",
        "caption": f"{truth['mode'].upper()} {truth['object']}: {truth['distortion']}, {truth['severity_label']}",
        "where": " ".join(prediction.text.split()),
        "what": " ".join(described.split()),
    }


def _sample(prediction: Prediction) -> tuple[str, str]:
    """The sample and mode a question is about."""
    sample, _, mode = prediction.row_id.rsplit("-", 2)
    return sample, mode
