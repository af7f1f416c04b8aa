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
from trainer.evaluation.measures import Measure, mean_of_classes
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
    return Suite(f"degradation {dataset.resolve().name}", "degradation", rows, what)


def tables(suites: Mapping[str, Sequence[Prediction]]) -> list[Table]:
    """Table 3: class and level accuracy by class, averages over classes."""
    rows: list[tuple[Cell, ...]] = []
    for name, predictions in suites.items():
        unread = sum(answers.degradation(prediction.text) is None for prediction in predictions)
        for (what, values), average in zip(_values(predictions).items(), measures(predictions), strict=True):
            means = [_class_mean(predictions, values, label) for label in _ORDER]
            if what == "level":
                means[-1] = None
            rows.append((name, f"{what} accuracy", *means, average.number, len(predictions), unread))
    columns = ("suite", "right", *_ORDER, "average", "questions", "unread")
    return [Table("degradation", "Degradation (Q-Insight, table 3)", columns, tuple(rows), percent=True)]


def measures(predictions: Sequence[Prediction]) -> list[Measure]:
    """Average class and level accuracy."""
    found = []
    for what, values in _values(predictions).items():
        chosen = [
            i for i, prediction in enumerate(predictions) if what == "class" or prediction.truth["distortion"] != "null"
        ]
        about, lines = [predictions[i] for i in chosen], [values[i] for i in chosen]
        classes = [_ORDER.index(prediction.truth["distortion"]) for prediction in about]
        found.append(mean_of_classes(f"{what} accuracy, average", about, lines, classes))
    return found


def _values(predictions: Sequence[Prediction]) -> dict[str, list[float]]:
    said = [answers.degradation(prediction.text) for prediction in predictions]
    truth = [(prediction.truth["distortion"], prediction.truth["severity_label"]) for prediction in predictions]
    pairs = list(zip(said, truth, strict=True))
    return {
        "class": [float(answer is not None and answer.distortion == true[0]) for answer, true in pairs],
        "level": [float(answer == true) for answer, true in pairs],
    }


def _class_mean(predictions: Sequence[Prediction], values: Sequence[float], label: str) -> float | None:
    mine = [
        value for prediction, value in zip(predictions, values, strict=True) if prediction.truth["distortion"] == label
    ]
    return sum(mine) / len(mine) if mine else None
