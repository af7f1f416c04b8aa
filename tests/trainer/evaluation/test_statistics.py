"""Correlations, the logistic fit and bootstrap draws, against scipy and numbers worked out by hand."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from trainer.evaluation.statistics import (
    RESAMPLES,
    fitted,
    interval,
    logistic,
    plcc,
    plcc_fitted,
    resamples,
    srcc,
)


def test_pearson_by_hand() -> None:
    # means 2 and 5; deviations (-1 0 1) and (-3 1 2): 5 / sqrt(2 x 14)
    assert plcc(np.array([1.0, 2, 3]), np.array([2.0, 6, 7])) == pytest.approx(5 / math.sqrt(28), abs=1e-15)


def test_spearman_by_hand_with_a_tie() -> None:
    # ranks (1 2.5 2.5 4) and (1 3 2 4), both mean 2.5: (2.25 + 0 + 0 + 2.25) / sqrt(4.5 x 5)
    assert srcc(np.array([1.0, 5, 5, 9]), np.array([0.1, 0.3, 0.2, 0.9])) == pytest.approx(4.5 / math.sqrt(22.5))


@pytest.mark.parametrize("seed", range(5))
def test_correlations_are_scipys_with_and_without_ties(seed: int) -> None:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=60)
    y = np.round(x + rng.normal(size=60), 1 if seed % 2 else 9)
    x = np.round(x, 1) if seed % 2 else x
    assert plcc(x, y) == pytest.approx(stats.pearsonr(x, y).statistic, abs=1e-12)
    assert srcc(x, y) == pytest.approx(stats.spearmanr(x, y).statistic, abs=1e-12)


def test_a_constant_has_no_correlation() -> None:
    same, other = np.full(6, 2.5), np.arange(6.0)
    assert all(math.isnan(value) for value in (plcc(same, other), srcc(other, same), plcc_fitted(same, other)))


def test_the_fit_straightens_a_logistic_bend() -> None:
    scores = np.linspace(-3, 3, 40)
    truth = logistic(scores, 80, 20, 0.5, 0.4)
    assert logistic(np.array([0.5]), 80, 20, 0.5, 0.4) == pytest.approx([50])  # half-way at the middle
    assert plcc(scores, truth) < 0.96
    assert plcc_fitted(scores, truth) == pytest.approx(1, abs=1e-6)


def test_the_fit_keeps_the_sign() -> None:
    scores = np.linspace(-3, 3, 40)
    falling = 100 - logistic(scores, 80, 20, 0.5, 0.4)
    assert plcc_fitted(scores, falling) == pytest.approx(-1, abs=1e-6)
    assert plcc_fitted(-scores, falling) == pytest.approx(1, abs=1e-6)


def test_the_fit_is_the_nearest_logistic() -> None:
    rng = np.random.default_rng(3)
    scores = rng.uniform(0, 5, 80)
    truth = logistic(scores, 4.5, 0.8, 2.4, 0.7) + rng.normal(0, 0.3, 80)
    bent = fitted(scores, truth)
    assert bent is not None
    error = ((bent - truth) ** 2).sum()
    for parameters in ((4.5, 0.8, 2.4, 0.7), (4.4, 0.9, 2.5, 0.7), (5, 0, 2.5, 1)):
        assert error <= ((logistic(scores, *parameters) - truth) ** 2).sum()


def test_a_resample_draws_whole_scenes_with_replacement_and_is_the_same_every_time() -> None:
    units = ["a", "b", "a", "c", "b"]
    draws = resamples(units, "some measure")
    assert len(draws) == RESAMPLES
    for draw in draws[:50]:
        counts = np.bincount(draw, minlength=5)
        assert counts[0] == counts[2] and counts[1] == counts[4]  # both rows of a, both of b
        assert counts[0] + counts[1] + counts[3] == 3  # three units drawn
    assert all((one == two).all() for one, two in zip(draws, resamples(units, "some measure"), strict=True))
    singles = resamples(["x", "y", "z"], "some measure")
    assert {len(draw) for draw in singles} == {3} and np.mean([draw.mean() for draw in singles]) == pytest.approx(
        1, abs=0.1
    )


def test_an_interval_leaves_two_and_a_half_per_cent_on_either_side() -> None:
    # of 0, 1, ..., 1000 the quantiles 0.025 and 0.975 are 25 and 975
    assert interval([*map(float, range(1001)), math.nan]) == pytest.approx((25, 975))
    assert interval([math.nan]) is None


def test_the_bootstrap_of_a_mean_has_its_standard_error() -> None:
    values = np.random.default_rng(0).normal(size=400)
    spread = interval([float(values[draw].mean()) for draw in resamples([str(i) for i in range(400)], "mean")])
    assert spread is not None
    # a mean of 400 standard normals has standard error 0.05, so the interval is 2 x 1.96 x 0.05 = 0.196 wide
    assert spread[1] - spread[0] == pytest.approx(0.196, rel=0.15)
