"""Measures: the numbers of a table with the rows they come from, so that they can be bootstrapped.

A measure keeps one line of values for each question. Its number is a statistic of the lines: their mean, or a
correlation between two columns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from statistics import fmean

import numpy as np

from trainer.evaluation.predictions import Prediction
from trainer.evaluation.statistics import Array, Statistic, plcc, plcc_fitted, resamples, srcc

Marked = tuple[Prediction, float]
"""An answer and what it earned."""


@dataclass(frozen=True)
class Measure:
    """One number of a suite.

    Args:
        name: what it is, in words.
        values: float64 of shape (questions, columns).
        scenes: the scene of each question, which a bootstrap draws as a whole.
        statistic: from such an array to the number.
        percent: whether it is a share.
        resampled: whether a bootstrap of it can be afforded.
    """

    name: str
    values: Array
    scenes: tuple[str, ...]
    statistic: Statistic
    percent: bool = True
    resampled: bool = True

    @property
    def number(self) -> float | None:
        """The measure itself; None where it is undefined."""
        value = self.statistic(self.values) if len(self.values) else math.nan
        return None if math.isnan(value) else value


def mean_of(name: str, marked: Sequence[Marked], *, percent: bool = True) -> Measure:
    """The mean of the marks; NaN is one that does not count."""
    return _measure(name, [about for about, _ in marked], [[mark for _, mark in marked]], _mean, percent=percent)


def mean_of_classes(name: str, marked: Sequence[Marked], classes: Sequence[int]) -> Measure:
    """The mean over classes of the mean in each, so that every class weighs the same."""
    return _measure(name, [about for about, _ in marked], [[mark for _, mark in marked], classes], _mean_of_classes)


def correlations(
    name: str, predictions: Sequence[Prediction], scores: Sequence[float], truth: Sequence[float]
) -> list[Measure]:
    """SRCC, raw PLCC, the mean of the two (Refine-IQA, tables 5 and 6) and PLCC after the logistic fit."""
    found: dict[str, Statistic] = {
        "SRCC": lambda v: srcc(*v.T),
        "PLCC": lambda v: plcc(*v.T),
        "mean of SRCC and PLCC": lambda v: (srcc(*v.T) + plcc(*v.T)) / 2,
        "PLCC fitted": lambda v: plcc_fitted(*v.T),
    }
    about = [_measure(f"{what}, {name}", predictions, [scores, truth], of, percent=False) for what, of in found.items()]
    return [*about[:-1], replace(about[-1], resampled=False)]


def average(numbers: Sequence[float | None]) -> float | None:
    """The mean of numbers; None where one of them is undefined."""
    known = [number for number in numbers if number is not None]
    return fmean(known) if known and len(known) == len(numbers) else None


def bootstrap(*measures: Measure) -> list[list[float]]:
    """The statistic of each measure in every resample; none where a measure is empty or takes too long.

    All measures are of the same questions and are resampled by the same draws, so that their differences are those of
    paired answers.
    """
    first = measures[0]
    # Every resample of one scene is that scene: the interval would have no width, as if all were certain.
    several = len(set(first.scenes)) > 1
    draws = resamples(first.scenes, first.name) if several and first.resampled else []
    return [[measure.statistic(measure.values[draw]) for draw in draws] for measure in measures]


def _measure(
    name: str,
    predictions: Sequence[Prediction],
    columns: Sequence[Sequence[float]],
    statistic: Statistic,
    *,
    percent: bool = True,
) -> Measure:
    values = np.column_stack([np.asarray(column, dtype=np.float64) for column in columns])
    return Measure(name, values, tuple(prediction.scene for prediction in predictions), statistic, percent)


def _mean(values: Array) -> float:
    counted = values[~np.isnan(values[:, 0]), 0]
    return float(counted.mean()) if len(counted) else math.nan


def _mean_of_classes(values: Array) -> float:
    return float(np.mean([values[values[:, 1] == c, 0].mean() for c in np.unique(values[:, 1])]))
