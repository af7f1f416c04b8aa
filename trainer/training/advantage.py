"""Refine-IQA's modified group-relative advantage (Eq. 6)."""

from __future__ import annotations

import torch

SHIFT = 0.02
"""The paper's constant, taken off when no rollout of the group is right."""

STD_FLOOR = 0.1
"""Least standard deviation where no rollout is right: equal rewards would divide by 0; this gives -0.2."""

EPSILON = 1e-4
"""TRL's own guard in the denominator, kept so that switching Eq. 6 off changes Eq. 6 alone."""


def modified_advantage(rewards: torch.Tensor, right: torch.Tensor) -> torch.Tensor:
    """Eq. 6, group by group.

    A group with at least one right rollout gets ``max((r - mean) / std, 0)``: wrong rollouts are not pushed
    down. A group without one gets ``(r - mean - 0.02) / std``: all of it is nudged away.

    Args:
        rewards: final rewards (Eq. 5), float of shape (groups, G).
        right: whether answer and format are both right, bool of shape (groups, G).

    Returns:
        advantages, float of shape (groups, G). The standard deviation is the unbiased one, as in TRL.
    """
    centred = rewards - rewards.mean(dim=1, keepdim=True)
    std = rewards.std(dim=1, keepdim=True)
    some_right = (centred / (std + EPSILON)).clamp(min=0)
    none_right = (centred - SHIFT) / std.clamp(min=STD_FLOOR)
    return torch.where(right.any(dim=1, keepdim=True), some_right, none_right)
