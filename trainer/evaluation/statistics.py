"""Correlations with human scores, and bootstrap intervals over scenes.

PLCC is given twice, since papers differ: raw, and after the four-parameter logistic fit of the Video Quality
Experts Group's test plan, which forgives any monotone bend between a model's scale and the raters'.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import OptimizeWarning, curve_fit
from scipy.special import expit
from scipy.stats import rankdata

from perception20k.core.seeding import keyed_rng

Array = NDArray[np.float64]

Statistic = Callable[[Array], float]
"""From the rows of a measure, an array of shape (n, columns), to one number; NaN where it is undefined."""

RESAMPLES = 1000
"""Bootstrap resamples; the interval is their 2.5 % and 97.5 % quantiles."""


def plcc(scores: Array, truth: Array) -> float:
    """Pearson's linear correlation, -1..1; NaN where either side has fewer than two different values."""
    if np.ptp(scores) == 0 or np.ptp(truth) == 0:
        return math.nan
    with np.errstate(invalid="ignore", divide="ignore"):  # values so close that their variance is 0
        return float(np.corrcoef(scores, truth)[0, 1])


def srcc(scores: Array, truth: Array) -> float:
    """Spearman's rank correlation, -1..1: Pearson's of the ranks, ties sharing their mean rank; NaN as there."""
    return plcc(rankdata(scores), rankdata(truth))


def logistic(x: Array, high: float, low: float, middle: float, width: float) -> Array:
    """The four-parameter logistic, ``low + (high - low) / (1 + exp(-(x - middle) / |width|))``."""
    bent: Array = low + (high - low) * expit((x - middle) / max(abs(width), 1e-12))
    return bent


def fitted(scores: Array, truth: Array) -> Array | None:
    """``scores`` bent by the logistic that is nearest to ``truth`` by least squares; None where none is found.

    The search starts from the range of the truth and the mean and a quarter of the spread of the scores, so it has no
    chance in it. Scores are standardised first: the search takes steps in proportion to where it starts, and a mean
    that is zero but for rounding would hold it fast.
    """
    if len(scores) < 4 or np.ptp(scores) == 0:
        return None
    standard = (scores - scores.mean()) / scores.std()
    start = (float(truth.max()), float(truth.min()), 0.0, 0.25)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OptimizeWarning)  # the parameters' covariance, which nobody asks for
            parameters, _ = curve_fit(logistic, standard, truth, p0=start, maxfev=20_000)
    except RuntimeError:
        return None
    return logistic(standard, *parameters)


def plcc_fitted(scores: Array, truth: Array) -> float:
    """Pearson's correlation after :func:`fitted`, negative where the fitted logistic falls.

    The fit falls as readily as it rises, so that without the sign a scorer turned upside down would pass for a good
    one. NaN where the fit fails or the correlation is undefined.
    """
    bent = fitted(scores, truth)
    if bent is None:
        return math.nan
    falls = bent[scores.argmax()] < bent[scores.argmin()]
    return -plcc(bent, truth) if falls else plcc(bent, truth)


def resamples(scenes: Sequence[str], key: str) -> list[NDArray[np.intp]]:
    """``RESAMPLES`` draws with replacement, as row numbers.

    Whole scenes are drawn: questions about one photo, its samples and its pairs are not independent of each other, and
    drawn one by one they make an interval too narrow. The draws depend on ``key`` and the number of scenes alone.
    """
    _, first, code = np.unique(np.asarray(scenes), return_index=True, return_inverse=True)
    by_scene = np.split(np.argsort(code, kind="stable"), np.cumsum(np.bincount(code))[:-1])
    rows_of = [by_scene[scene] for scene in np.argsort(first)]
    rng = keyed_rng("bootstrap", key, len(rows_of))
    drawn = [rng.integers(0, len(rows_of), len(rows_of)) for _ in range(RESAMPLES)]
    if len(rows_of) == len(scenes):
        single = np.concatenate(rows_of)
        return [single[scenes] for scenes in drawn]
    return [np.concatenate([rows_of[scene] for scene in scenes]) for scenes in drawn]


def interval(values: Sequence[float]) -> tuple[float, float] | None:
    """The middle 95 % of bootstrapped values; None where none of them is defined."""
    defined = [value for value in values if not math.isnan(value)]
    if not defined:
        return None
    low, high = np.quantile(defined, [0.025, 0.975])
    return float(low), float(high)
