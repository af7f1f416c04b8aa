"""Measures: the numbers of a table with the rows they come from, so that they can be bootstrapped.

A measure keeps one line of values for each question. Its number is a statistic of the lines: their mean, or a
correlation between two columns.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from trainer.evaluation.statistics import Array, Statistic, plcc, plcc_fitted, srcc


@dataclass(frozen=True)
class Measure:
    """One number of a suite.

    Args:
        name: what it is, in words.
        values: float64 of shape (questions, columns).
        units: for each question, what a bootstrap draws as a whole.
        statistic: from such an array to the number.
        percent: whether it is a share.
        resampled: whether a bootstrap of it can be afforded.
    """

    name: str
    values: Array
    units: tuple[str, ...]
    statistic: Statistic
    percent: bool = True
    resampled: bool = True

    @property
    def number(self) -> float | None:
        """The measure itself; None where it is undefined."""
        value = self.statistic(self.values) if len(self.values) else math.nan
        return None if math.isnan(value) else value


def mean_of(name: str, values: Sequence[float], units: Sequence[str], *, percent: bool = True) -> Measure:
    """The mean of one value a question; NaN is a question that does not count."""
    return Measure(name, np.asarray(values, dtype=np.float64).reshape(-1, 1), tuple(units), _mean, percent)


def mean_of_classes(name: str, values: Sequence[float], classes: Sequence[int], units: Sequence[str]) -> Measure:
    """The mean over classes of the mean in each, so that every class weighs the same."""
    lines = np.column_stack([np.asarray(values, dtype=np.float64), np.asarray(classes, dtype=np.float64)])
    return Measure(name, lines, tuple(units), _mean_of_classes)


def correlations(
    name: str, scores: Sequence[float], truth: Sequence[float], units: Sequence[str]
) -> tuple[Measure, Measure, Measure]:
    """SRCC, raw PLCC and PLCC after the logistic fit."""
    lines = np.column_stack([np.asarray(scores, dtype=np.float64), np.asarray(truth, dtype=np.float64)])
    units = tuple(units)
    return (
        Measure(f"SRCC, {name}", lines, units, _srcc, percent=False),
        Measure(f"PLCC, {name}", lines, units, _plcc, percent=False),
        Measure(f"PLCC fitted, {name}", lines, units, _plcc_fitted, percent=False, resampled=False),
    )


def _mean(values: Array) -> float:
    counted = values[~np.isnan(values[:, 0]), 0]
    return float(counted.mean()) if len(counted) else math.nan


def _mean_of_classes(values: Array) -> float:
    return float(np.mean([values[values[:, 1] == c, 0].mean() for c in np.unique(values[:, 1])]))


def _srcc(values: Array) -> float:
    return srcc(values[:, 0], values[:, 1])


def _plcc(values: Array) -> float:
    return plcc(values[:, 0], values[:, 1])


def _plcc_fitted(values: Array) -> float:
    return plcc_fitted(values[:, 0], values[:, 1])
