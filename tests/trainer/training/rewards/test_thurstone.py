"""VisualQuality-R1, Eqs. 1 to 3, by hand.

Image A is scored 3 and 5 (mean 4, unbiased variance 2), image B 1 and 3 (mean 2, variance 2); A's MOS is
higher. With the variances added the spread is sqrt(4) = 2, so

    p(A scored 3, B) = Phi((3 - 2) / 2) = Phi(0.5) = 0.691462      reward sqrt(0.691462) = 0.831542
    p(A scored 5, B) = Phi((5 - 2) / 2) = Phi(1.5) = 0.933193      reward sqrt(0.933193) = 0.966019
    p(B scored 1, A) = Phi((1 - 4) / 2) = Phi(-1.5) = 0.066807     reward sqrt(1 - 0.066807) = 0.966019
    p(B scored 3, A) = Phi((3 - 4) / 2) = Phi(-0.5) = 0.308538     reward sqrt(1 - 0.308538) = 0.831542
"""

from __future__ import annotations

import pytest

from trainer.training.rewards.thurstone import (
    average_probability,
    comparative_probability,
    fidelity,
    fidelity_rewards,
    pair_reward,
    preference,
    visualquality_format,
)

SCORES = [[3.0, 5.0], [1.0, 3.0]]


def test_eq_1() -> None:
    assert comparative_probability(3, [1, 3], 2, 2) == pytest.approx(0.691462, abs=1e-6)
    assert comparative_probability(5, [1, 3], 2, 2) == pytest.approx(0.933193, abs=1e-6)


def test_eq_1_without_any_variance_is_a_step() -> None:
    # gamma alone: (0.1) / sqrt(1e-6) = 100 standard deviations
    assert comparative_probability(3.1, [3, 3], 0, 0) == pytest.approx(1)
    assert comparative_probability(3, [3, 3], 0, 0) == 0.5


def test_eq_2() -> None:
    assert (preference(2, 1), preference(1, 2), preference(1, 1)) == (1, 0, 0.5)


def test_eq_3() -> None:
    rewards = fidelity_rewards(SCORES, [4.0, 2.0])
    assert rewards[0] == pytest.approx([0.831542, 0.966019], abs=1e-6)
    assert rewards[1] == pytest.approx([0.966019, 0.831542], abs=1e-6)


def test_a_tie_asks_for_one_half() -> None:
    assert pair_reward(0.5, 0.5, binary=False) == pytest.approx(1)
    # p = 0.9: sqrt(0.45) + sqrt(0.05) = 0.670820 + 0.223607
    assert pair_reward(0.9, 0.5, binary=False) == pytest.approx(0.894427, abs=1e-6)


def test_eq_3_averages_over_the_other_images() -> None:
    # Against C (scores 3, 3: mean 3, variance 0; MOS above A's): p(A scored 3) = Phi(0) = 0.5, truth 0:
    # sqrt(0.5) = 0.707107. With B's 0.831542 the mean is 0.769324.
    rewards = fidelity_rewards([*SCORES, [3.0, 3.0]], [4.0, 2.0, 5.0])
    assert rewards[0][0] == pytest.approx(0.769324, abs=1e-6)


def test_fixed_variance() -> None:
    # Eq. 7, spread sqrt(1 + 1) = 1.414214. A scored 3 against 1 and 3: (Phi(2 / 1.414214) + Phi(0)) / 2
    #   = (0.921350 + 0.5) / 2 = 0.710675, its root 0.843016. A scored 5: (Phi(4 / 1.414214) + Phi(2 / 1.414214)) / 2
    #   = (0.997661 + 0.921350) / 2 = 0.959506, its root 0.979544. B, by symmetry: 1 - p the other way round.
    rewards = fidelity_rewards(SCORES, [4.0, 2.0], fixed_variance=True)
    assert rewards[0] == pytest.approx([0.843016, 0.979544], abs=2e-6)
    assert rewards[1] == pytest.approx([0.979544, 0.843016], abs=2e-6)


def test_eq_7() -> None:
    # The added variance of A and B is 4, the spread 2: (Phi(2 / 2) + Phi(0)) / 2 = (0.841345 + 0.5) / 2
    assert average_probability(3, [1, 3], 2, 2) == pytest.approx(0.670672, abs=1e-6)
    # A scored 5: (Phi(4 / 2) + Phi(2 / 2)) / 2 = (0.977250 + 0.841345) / 2 = 0.909297, its root 0.953571
    rewards = fidelity_rewards(SCORES, [4.0, 2.0], average=True)
    assert rewards[0] == pytest.approx([0.818946, 0.953571], abs=2e-6)


def test_binary_reward() -> None:
    assert fidelity_rewards(SCORES, [4.0, 2.0], binary=True) == [[1, 1], [1, 1]]
    assert fidelity_rewards(SCORES, [2.0, 4.0], binary=True) == [[0, 0], [0, 0]]
    assert pair_reward(0.5, 0.5, binary=True) == 1
    assert pair_reward(0.6, 0.5, binary=True) == 0


def test_an_unreadable_rollout_gets_nothing_and_leaves_the_others_alone() -> None:
    whole = fidelity_rewards(SCORES, [4.0, 2.0])
    holed = fidelity_rewards([[3.0, None, 5.0], [1.0, 3.0]], [4.0, 2.0])
    assert holed[0] == [whole[0][0], 0, whole[0][1]]
    assert holed[1] == whole[1]


def test_an_image_without_a_readable_score_is_no_opponent() -> None:
    rewards = fidelity_rewards([*SCORES, [None, None]], [4.0, 2.0, 5.0])
    assert rewards[:2] == fidelity_rewards(SCORES, [4.0, 2.0])
    assert rewards[2] == [0, 0]
    assert fidelity_rewards([[3.0, 4.0], [None, None]], [4.0, 2.0])[0] == [None, None]


def test_the_reward_function_groups_rollouts_by_row() -> None:
    texts = [f"<think>a</think><answer>{score}</answer>" for score in (3, 1, 5, 3)]
    rewards = fidelity()(texts, row_id=["a", "b", "a", "b"], mos=[4.0, 2.0, 4.0, 2.0])
    assert rewards == pytest.approx([0.831542, 0.966019, 0.966019, 0.831542], abs=1e-6)
    assert fidelity().__name__ == "fidelity"


@pytest.mark.parametrize(
    ("inner", "expected"), [("3.80", 1), ("4", 1), ("Score: 3.8", 0), ("3.8/5", 0), ("7.0", 0), ("", 0)]
)
def test_the_format_is_only_one_score(inner: str, expected: float) -> None:
    assert visualquality_format([f"<think>a</think><answer>{inner}</answer>"], ["score"]) == [expected]
