"""Degradation (Q-Insight, table 3): which of four distortions a whole image has, or none, and how badly.

The questions are the trainer's: every source image of the test part once with each class, ``null`` among them. A level
is right where class and level are; ``null`` has none, so its column is empty and the level's average is over four
classes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from perception20k.core.files import digest
from trainer.data import answers
from trainer.data.boxes import Grid
from trainer.data.degradation import CLASSES, DegradationRows
from trainer.data.shards import ShardRows
from trainer.evaluation import perception
from trainer.evaluation.measures import Marked, Measure, average, mean_of_classes
from trainer.evaluation.predictions import Prediction
from trainer.evaluation.suites import Suite
from trainer.evaluation.tables import Cell, Table

SEED = 0
"""Of the distortions drawn: fixed, so that all runs on a dataset ask the same."""

_ORDER = ("noise", "blur", "compression", "darken", "null")
assert set(_ORDER) == set(CLASSES)


def suite(dataset: Path, grid: Grid) -> Suite:
    """Five questions for every source image of a dataset's test part."""
    rows = DegradationRows(ShardRows(dataset, "test", grid), grid, SEED)
    what = digest([perception.fingerprint(dataset), SEED])
    return Suite(f"degradation {dataset.resolve().name}", rows, what)


def tables(suites: Mapping[str, Sequence[Prediction]]) -> list[Table]:
    """Table 3: class and level accuracy by class, averages over classes."""
    rows: list[tuple[Cell, ...]] = []
    for name, predictions in suites.items():
        unread = sum(answers.degradation(prediction.text) is None for prediction in predictions)
        for (what, marked), mean in zip(_marked(predictions).items(), measures(predictions), strict=True):
            means = [
                average([mark for about, mark in marked if about.truth["distortion"] == label]) for label in _ORDER
            ]
            rows.append((name, f"{what} accuracy", *means, mean.number, len(predictions), unread))
    columns = ("suite", "right", *_ORDER, "average", "questions", "unread")
    return [Table("degradation", "Degradation (Q-Insight, table 3)", columns, tuple(rows), percent=True)]


def measures(predictions: Sequence[Prediction]) -> list[Measure]:
    """Average class and level accuracy."""
    found = []
    for what, marked in _marked(predictions).items():
        classes = [_ORDER.index(about.truth["distortion"]) for about, _ in marked]
        found.append(mean_of_classes(f"{what} accuracy, average", marked, classes))
    return found


def _marked(predictions: Sequence[Prediction]) -> dict[str, list[Marked]]:
    """Whether the class of each answer is right, and whether its level is, for those that have one."""
    classes, levels = [], []
    for prediction in predictions:
        truth = (prediction.truth["distortion"], prediction.truth["severity_label"])
        said = answers.degradation(prediction.text)
        classes.append((prediction, float(said is not None and said.distortion == truth[0])))
        if truth[0] != "null":
            levels.append((prediction, float(said == truth)))
    return {"class": classes, "level": levels}
