"""Perception (Refine-IQA, tables 1 and 2): what is distorted, how, how badly, and where.

A description is right when object, distortion and severity are all right; each alone is given too. A grounding earns
its IoU. Shares and means are over questions, so that "overall" weighs groups by how often they occur. An answer that
cannot be read is wrong and has IoU 0.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

import pyarrow.parquet as pq

from distortions import EASY_GROUPS, GROUPS, PRESETS, SEVERITIES, groups
from perception20k.core.files import digest
from perception20k.dataset.layout import Layout
from trainer.data import answers
from trainer.data.boxes import Grid, box_iou
from trainer.data.shards import ShardRows
from trainer.evaluation.confusion import UNREAD, Confusion
from trainer.evaluation.measures import Marked, Measure, average, mean_of
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
_PARTS = ("object", "distortion", "severity")
"""Of a description, as the tables call them; one of a whole image names no object."""


class _Task(NamedTuple):
    title: str
    heading: str
    percent: bool


_TASKS = {
    "description": _Task("Description accuracy, {} (Refine-IQA, table 1)", "right", True),
    "grounding": _Task("Grounding IoU, {} (Refine-IQA, table 2)", "mean", False),
}


class _Labels(NamedTuple):
    """The labels of the groups that a dataset was built from, as the tables order them."""

    all: tuple[str, ...]
    easy: frozenset[str]
    hard: frozenset[str]


def _labels_of(predictions: Sequence[Prediction]) -> _Labels:
    """The paper's; those of the other family where a label is not the paper's, which tells no easy from hard."""
    given = {prediction.truth["distortion"] for prediction in predictions}
    if given <= set(COLUMNS):
        return _Labels(COLUMNS, _EASY, frozenset(COLUMNS) - _EASY)
    families = (tuple(groups(preset).values()) for preset in PRESETS)
    found = next((labels for labels in families if given <= set(labels)), tuple(sorted(given)))
    return _Labels(found, frozenset(), frozenset())


def suite(dataset: Path, grid: Grid) -> Suite:
    """The questions of a dataset's test part: description and grounding, FR and NR."""
    rows = ShardRows(dataset, "test", grid)
    return Suite(f"perception {dataset.resolve().name}", rows, fingerprint(dataset))


def fingerprint(dataset: Path) -> str:
    """Digest of the test part's questions: their ids name image, box, distortion and severity."""
    files = sorted(Layout(dataset).shards.glob("test-*.parquet"))
    return digest([pq.read_table(path, columns=["rft_id"])["rft_id"].to_pylist() for path in files])


def tables(suites: Mapping[str, Sequence[Prediction]]) -> list[Table]:
    """Tables 1 and 2 of every suite."""
    return [_table(name, predictions, task) for name, predictions in suites.items() for task in _TASKS]


def measures(predictions: Sequence[Prediction]) -> list[Measure]:
    """Accuracy and IoU, overall, easy and hard, FR and NR."""
    labels = _labels_of(predictions)
    parts: dict[str, tuple[str, Collection[str]]] = {
        "overall": ("distortion", labels.all),
        "easy": ("distortion", labels.easy),
        "hard": ("distortion", labels.hard),
        "FR": ("mode", {"fr"}),
        "NR": ("mode", {"nr"}),
    }
    return [
        mean_of(f"{task}, {what}, {part}", _where(marked, key, wanted), percent=how.percent)
        for task, how in _TASKS.items()
        for what, marked in _marked(predictions, task).items()
        for part, (key, wanted) in parts.items()
    ]


def confusions(suites: Mapping[str, Sequence[Prediction]]) -> list[Confusion]:
    """What was said for each distortion and each severity, FR and NR together."""
    found = []
    for name, predictions in suites.items():
        mine = [prediction for prediction in predictions if prediction.truth["task"] == "description"]
        of_groups = _labels_of(predictions).all
        for part, key, labels in (("distortion", "distortion", of_groups), ("severity", "severity_label", SEVERITIES)):
            truth = [prediction.truth[key] for prediction in mine]
            said = [getattr(_said(prediction), part, UNREAD) for prediction in mine]
            found.append(Confusion.count(f"{name}, {part}", labels, truth, said))
    return found


def worst(predictions: Sequence[Prediction], count: int) -> list[Prediction]:
    """The ``count`` groundings of lowest IoU; among equals, the more severe distortion first: it was easier to see."""
    mine = [prediction for prediction in predictions if prediction.truth["task"] == "grounding"]
    return sorted(mine, key=lambda one: (_iou(one), -SEVERITIES.index(one.truth["severity_label"]), one.index))[:count]


def _table(suite: str, predictions: Sequence[Prediction], task: str) -> Table:
    how, labels = _TASKS[task], _labels_of(predictions)
    columns = (how.heading, "mode", *labels.all, "easy", "hard", "overall", "questions", "unread")
    rows: list[tuple[Cell, ...]] = []
    for what, marked in _marked(predictions, task).items():
        for mode, modes in (("FR", {"fr"}), ("NR", {"nr"}), ("both", {"fr", "nr"})):
            mine = _where(marked, "mode", modes)
            distortions = (*({label} for label in labels.all), labels.easy, labels.hard, labels.all)
            means = [average([mark for _, mark in _where(mine, "distortion", some)]) for some in distortions]
            rows.append((what, mode, *means, len(mine), sum(_said(about) is None for about, _ in mine)))
    return Table(f"{suite}, {task}", how.title.format(suite), columns, tuple(rows), percent=how.percent)


def _where(marked: Sequence[Marked], key: str, wanted: Collection[str]) -> list[Marked]:
    return [(about, mark) for about, mark in marked if about.truth[key] in wanted]


def _marked(predictions: Sequence[Prediction], task: str) -> dict[str, list[Marked]]:
    """The IoU of each grounding; or whether all of a description is right, and whether each part alone is."""
    mine = [prediction for prediction in predictions if prediction.truth["task"] == task]
    if task == "grounding":
        return {"IoU": [(prediction, _iou(prediction)) for prediction in mine]}
    keys = ("object", "distortion", "severity_label")
    right = [answers.right_parts(prediction.text, *(prediction.truth[key] for key in keys)) for prediction in mine]
    names, together = (_PARTS, "all three") if all(len(parts) == 3 for parts in right) else (_PARTS[1:], "both parts")
    marks = {together: [all(parts) for parts in right]}
    marks |= {name: [parts[place] for parts in right] for place, name in enumerate(names, -len(names))}
    return {what: list(zip(mine, map(float, found), strict=True)) for what, found in marks.items()}


def _said(prediction: Prediction) -> answers.Description | tuple[int, int, int, int] | None:
    """What the answer says; None if it cannot be read."""
    if prediction.truth["task"] == "grounding":
        return answers.box(prediction.text)
    return answers.description(prediction.text, whole=not prediction.truth["object"])


def _iou(prediction: Prediction) -> float:
    return box_iou(prediction.text, prediction.truth["box"])
