"""Perception (Refine-IQA, tables 1 and 2): what is distorted, how, how badly, and where.

A description is right when object, distortion and severity are all right; each alone is given too. A grounding earns
its IoU. Shares and means are over questions, so that "overall" weighs groups by how often they occur. An answer that
cannot be read is wrong and has IoU 0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from distortions import EASY_GROUPS, GROUPS, PRESETS, SEVERITIES, groups
from perception20k.core.files import digest
from perception20k.dataset.boxes import iou
from perception20k.dataset.layout import Layout
from trainer.data import answers
from trainer.data.boxes import Grid
from trainer.data.shards import ShardRows
from trainer.evaluation.confusion import UNREAD, Confusion
from trainer.evaluation.measures import Measure, mean_of
from trainer.evaluation.predictions import Prediction
from trainer.evaluation.suites import Suite
from trainer.evaluation.tables import Cell, Table

_HARD_GROUPS = (
    "saturate_strengthen",
    "saturate_weaken",
    "oversharpen",
    "contrast_strengthen",
    "contrast_weaken",
    "pixelate",
    "quantization",
)
COLUMNS = tuple(GROUPS[group] for group in (*EASY_GROUPS, *_HARD_GROUPS))
"""The groups' labels in the order of the paper's tables: easy, then hard."""

_EASY = frozenset(GROUPS[group] for group in EASY_GROUPS)
_MODES = {"fr": "FR", "nr": "NR"}
_PARTS = ("object", "distortion", "severity")
"""Of a description, as the tables call them; one of a whole image names no object."""


@dataclass(frozen=True)
class _Labels:
    """The labels of the groups that a dataset was built from, as the tables order them."""

    all: tuple[str, ...]
    easy: frozenset[str]
    hard: frozenset[str]

    @classmethod
    def of(cls, predictions: Sequence[Prediction]) -> _Labels:
        """The paper's; those of the other family where a label is not the paper's, which tells no easy from hard."""
        given = {prediction.truth["distortion"] for prediction in predictions}
        if given <= set(COLUMNS):
            return cls(COLUMNS, _EASY, frozenset(COLUMNS) - _EASY)
        families = (tuple(groups(preset).values()) for preset in PRESETS)
        found = next((labels for labels in families if given <= set(labels)), tuple(sorted(given)))
        return cls(found, frozenset(), frozenset())


def suite(dataset: Path, grid: Grid) -> Suite:
    """The questions of a dataset's test part: description and grounding, FR and NR."""
    rows = ShardRows(dataset, "test", grid)
    return Suite(f"perception {dataset.resolve().name}", "perception", rows, fingerprint(dataset))


def fingerprint(dataset: Path) -> str:
    """Digest of the test part's questions: their ids name image, box, distortion and severity."""
    files = sorted(Layout(dataset).shards.glob("test-*.parquet"))
    return digest([pq.read_table(path, columns=["rft_id"])["rft_id"].to_pylist() for path in files])


def tables(suites: Mapping[str, Sequence[Prediction]]) -> list[Table]:
    """Tables 1 and 2 of every suite."""
    return [
        table
        for name, predictions in suites.items()
        for table in (_descriptions(name, predictions), _boxes(name, predictions))
    ]


def measures(predictions: Sequence[Prediction]) -> list[Measure]:
    """Accuracy and IoU, overall, easy and hard, FR and NR."""
    found = []
    for task in ("description", "grounding"):
        mine = [prediction for prediction in predictions if prediction.truth["task"] == task]
        values = _description_values(mine) if task == "description" else {"IoU": _ious(mine)}
        for name in values:
            for part, chosen in _parts(mine, _Labels.of(predictions)).items():
                about, lines = [mine[i] for i in chosen], [values[name][i] for i in chosen]
                found.append(mean_of(f"{task}, {name}, {part}", about, lines, percent=task == "description"))
    return found


def confusions(suites: Mapping[str, Sequence[Prediction]]) -> list[Confusion]:
    """What was said for each distortion and each severity, FR and NR together."""
    found = []
    for name, predictions in suites.items():
        mine = [prediction for prediction in predictions if prediction.truth["task"] == "description"]
        of_groups = _Labels.of(predictions).all
        for part, key, labels in (("distortion", "distortion", of_groups), ("severity", "severity_label", SEVERITIES)):
            truth = [prediction.truth[key] for prediction in mine]
            said = [getattr(_said(prediction), part, UNREAD) for prediction in mine]
            found.append(Confusion.count(f"{name}, {part}", labels, truth, said))
    return found


def worst(predictions: Sequence[Prediction], count: int) -> list[Prediction]:
    """The ``count`` groundings of lowest IoU; among equals, the more severe distortion first: it was easier to see."""
    mine = [prediction for prediction in predictions if prediction.truth["task"] == "grounding"]
    earned = dict(zip([prediction.index for prediction in mine], _ious(mine), strict=True))
    level = {prediction.index: -SEVERITIES.index(prediction.truth["severity_label"]) for prediction in mine}
    return sorted(mine, key=lambda prediction: (earned[prediction.index], level[prediction.index], prediction.index))[
        :count
    ]


def _descriptions(name: str, predictions: Sequence[Prediction]) -> Table:
    mine = [prediction for prediction in predictions if prediction.truth["task"] == "description"]
    values = _description_values(mine)
    unread = [_said(prediction) is None for prediction in mine]
    labels = _Labels.of(predictions)
    rows = [line for part in values for line in _lines(mine, values[part], unread, part, labels)]
    title = f"Description accuracy, {name} (Refine-IQA, table 1)"
    return Table(f"{name}, description", title, _columns("right", labels), tuple(rows), percent=True)


def _boxes(name: str, predictions: Sequence[Prediction]) -> Table:
    mine = [prediction for prediction in predictions if prediction.truth["task"] == "grounding"]
    unread = [answers.box(prediction.text) is None for prediction in mine]
    labels = _Labels.of(predictions)
    rows = _lines(mine, _ious(mine), unread, "IoU", labels)
    title = f"Grounding IoU, {name} (Refine-IQA, table 2)"
    return Table(f"{name}, grounding", title, _columns("mean", labels), tuple(rows))


def _columns(what: str, labels: _Labels) -> tuple[str, ...]:
    return (what, "mode", *labels.all, "easy", "hard", "overall", "questions", "unread")


def _lines(
    predictions: Sequence[Prediction], values: Sequence[float], unread: Sequence[bool], what: str, labels: _Labels
) -> list[tuple[Cell, ...]]:
    lines: list[tuple[Cell, ...]] = []
    for key, mode in (*_MODES.items(), ("", "both")):
        chosen = [i for i, prediction in enumerate(predictions) if not key or prediction.truth["mode"] == key]
        label = [predictions[i].truth["distortion"] for i in chosen]
        mine = np.array([values[i] for i in chosen], dtype=np.float64)
        wanted = [*({column} for column in labels.all), labels.easy, labels.hard, set(labels.all)]
        picked = [mine[[name in some for name in label]] if label else mine for some in wanted]
        means: list[Cell] = [float(part.mean()) if len(part) else None for part in picked]
        lines.append((what, mode, *means, len(chosen), sum(unread[i] for i in chosen)))
    return lines


def _parts(predictions: Sequence[Prediction], labels: _Labels) -> dict[str, list[int]]:
    truths = [prediction.truth for prediction in predictions]
    return {
        "overall": list(range(len(truths))),
        "easy": [i for i, truth in enumerate(truths) if truth["distortion"] in labels.easy],
        "hard": [i for i, truth in enumerate(truths) if truth["distortion"] in labels.hard],
        **{name: [i for i, truth in enumerate(truths) if truth["mode"] == mode] for mode, name in _MODES.items()},
    }


def _description_values(predictions: Sequence[Prediction]) -> dict[str, list[float]]:
    keys = ("object", "distortion", "severity_label")
    right = [
        answers.right_parts(prediction.text, *(prediction.truth[key] for key in keys)) for prediction in predictions
    ]
    names, together = (_PARTS, "all three") if all(len(parts) == 3 for parts in right) else (_PARTS[1:], "both parts")
    alone = {name: [float(parts[place]) for parts in right] for place, name in enumerate(names, -len(names))}
    return {together: [float(all(parts)) for parts in right], **alone}


def _said(prediction: Prediction) -> answers.Description | None:
    return answers.description(prediction.text, whole=not prediction.truth["object"])


def _ious(predictions: Sequence[Prediction]) -> list[float]:
    said = [answers.box(prediction.text) for prediction in predictions]
    return [
        0.0 if box is None else iou(box, prediction.truth["box"])
        for box, prediction in zip(said, predictions, strict=True)
    ]
