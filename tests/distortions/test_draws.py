import subprocess
import sys

import numpy as np
import pytest

from distortions.draws import generator, normal_levels, normal_quantiles, uniform16


def test_equal_keys_give_equal_streams_and_others_do_not() -> None:
    first = uniform16(generator(7, "blur_motion", 3), (1000,))
    assert np.array_equal(first, uniform16(generator(7, "blur_motion", 3), (1000,)))
    for key in [(8, "blur_motion", 3), (7, "blur_motion", 4), (7, "blur_lens", 3)]:
        assert not np.array_equal(first, uniform16(generator(*key), (1000,)))


def test_a_key_is_the_same_in_another_process() -> None:
    code = "from distortions.draws import *; print(uniform16(generator(2**127, 'x', 1), (8,)).tolist())"
    runs = {
        subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
        for _ in range(2)
    }
    assert runs == {f"{uniform16(generator(2**127, 'x', 1), (8,)).tolist()}\n"}


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 1001])
def test_uniforms_fill_any_shape(count: int) -> None:
    assert uniform16(generator(1), (count, 1)).shape == (count, 1)


def test_uniforms_are_uniform_and_independent() -> None:
    draws = uniform16(generator(5), (2**18,)).astype(np.float64) / 65536
    assert abs(draws.mean() - 0.5) < 4 * np.sqrt(1 / 12 / 2**18)
    counts = np.histogram(draws, 64, (0, 1))[0]
    chi2 = np.sum((counts - 4096) ** 2 / 4096)
    assert 20 < chi2 < 130  # 63 degrees of freedom: mean 63, deviation 11
    for lag in (1, 2, 3, 4):
        assert abs(np.corrcoef(draws[lag:], draws[:-lag])[0, 1]) < 5 / 512


def test_normal_quantiles_are_the_standard_normal() -> None:
    table = normal_quantiles()
    assert table.shape == (65536,) and np.all(np.diff(table) > 0)
    assert abs(table.mean()) < 1e-12 and np.mean(table**2) == pytest.approx(1)
    assert np.mean(table**4) == pytest.approx(3, abs=0.01)
    # P(|z| < 1) = 0.68269, P(z < 2) = 0.97725
    assert np.mean(np.abs(table) < 1) == pytest.approx(0.68269, abs=1e-4)
    assert np.mean(table < 2) == pytest.approx(0.97725, abs=1e-4)


def test_normal_levels_have_the_deviation_asked_for() -> None:
    draws = uniform16(generator(3), (512, 512))
    noise = normal_levels(draws, 0.1, fraction=32) / 32
    # 0.1 of 255 levels is 25.5; the deviation of the estimate is 25.5 / sqrt(2 * 512^2) = 0.035
    assert noise.std() == pytest.approx(25.5, abs=0.15)
    assert noise.mean() == pytest.approx(0, abs=0.2)
    assert np.array_equal(normal_levels(draws, 0.1), np.floor(normal_quantiles() * 25.5)[draws])
