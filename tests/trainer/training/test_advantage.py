"""Eq. 6 by hand. The denominator carries TRL's 1e-4."""

from __future__ import annotations

import pytest
import torch

from trainer.training.advantage import modified_advantage


def advantage(rewards: list[float], right: list[int]) -> list[float]:
    values: list[float] = modified_advantage(torch.tensor([rewards], dtype=torch.float32), torch.tensor([right]) > 0)[
        0
    ].tolist()
    return values


def test_the_one_right_rollout_of_a_hard_group_gets_all_the_advantage() -> None:
    # The supplement's [2, 1 x 7]: mean 1.125; squares 0.875^2 + 7 x 0.125^2 = 0.875; std sqrt(0.875 / 7) =
    # 0.353553; 0.875 / 0.353653 = 2.474177. The others would be negative and are cut to 0.
    assert advantage([2, *[1] * 7], [1, *[0] * 7]) == pytest.approx([2.474177, *[0] * 7], abs=1e-5)


def test_an_easy_group_gives_its_best_rollout_less() -> None:
    # The supplement's second group, [2.1, 2 x 6, 1]: mean 1.8875; squares 0.2125^2 + 6 x 0.1125^2 + 0.8875^2
    # = 0.045156 + 0.075938 + 0.787656 = 0.90875; std sqrt(0.129821) = 0.360308;
    # 0.2125 / 0.360408 = 0.589610 and 0.1125 / 0.360408 = 0.312147.
    got = advantage([2.1, *[2] * 6, 1], [*[1] * 7, 0])
    assert got == pytest.approx([0.589610, *[0.312147] * 6, 0], abs=1e-5)


def test_all_wrong_with_equal_rewards_gets_minus_a_fifth() -> None:
    # (1 - 1 - 0.02) / 0.1
    assert advantage([1] * 8, [0] * 8) == pytest.approx([-0.2] * 8)


def test_all_wrong_with_unequal_rewards_is_shifted_down() -> None:
    # mean 0.5, std sqrt(8 x 0.25 / 7) = 0.534522: (0.5 - 0.02) / 0.534522 and (-0.5 - 0.02) / 0.534522
    got = advantage([1, 1, 1, 1, 0, 0, 0, 0], [0] * 8)
    assert got == pytest.approx([0.898] * 4 + [-0.972833] * 4, abs=1e-4)


def test_all_right_with_equal_rewards_gets_nothing() -> None:
    # 2.1 is no binary fraction: its mean may be off by one unit in the last place, which must not become +-1
    assert advantage([2.1] * 8, [1] * 8) == pytest.approx([0] * 8, abs=0.01)


def test_all_right_with_tiny_differences_keeps_their_order() -> None:
    # mean 2.0015, std 0.00129099: 0.0005 / 0.00139099 = 0.359 and 0.0015 / 0.00139099 = 1.078
    got = advantage([2.0, 2.001, 2.002, 2.003], [1] * 4)
    assert got == pytest.approx([0, 0, 0.359, 1.078], abs=2e-3)


def test_groups_do_not_mix() -> None:
    rewards = torch.tensor([[2.0, 1.0], [1.0, 1.0]])
    right = torch.tensor([[True, False], [False, False]])
    assert modified_advantage(rewards, right)[1].tolist() == pytest.approx([-0.2, -0.2])
