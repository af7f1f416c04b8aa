"""VisualQuality-R1: comparative probabilities (Eq. 1), true preference (Eq. 2) and fidelity reward (Eq. 3).

With fixed variance, table 4's last ablation, the probabilities are those of Eq. 7 instead: section 4.3 fixes the
variances "in Eq. (7)", that is, on top of averaging probabilities over the other image's scores one by one.

The reward of a rollout depends on the other images of the batch, so it is worked out over all rollouts of one
process, which all come from one dataset. Standardising within the group (Eq. 4) is GRPO's.

What the paper leaves open: a rollout without a readable score gets 0 and stays out of its image's mean and
variance; an image without any readable score is no opponent; with no opponent left the reward is None. Sample
variances are unbiased (divided by K - 1); a single readable score has variance 0.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from statistics import fmean, variance
from typing import Any

from trainer.data import answers
from trainer.training.rewards.of_rollouts import Reward, for_tasks

GAMMA = 1e-6
LOW, HIGH = 1.0, 5.0

_NUMBER = re.compile(r"[0-9]+(\.[0-9]+)?")


def comparative_probability(score: float, others: Sequence[float], own_variance: float, other_variance: float) -> float:
    """Eq. 1: the chance that an image scored ``score`` beats one whose rollouts scored ``others``."""
    return _probability(score - fmean(others), own_variance + other_variance)


def average_probability(score: float, others: Sequence[float], own_variance: float, other_variance: float) -> float:
    """Eq. 7: the mean of the chances to beat each of ``others`` by itself."""
    return fmean(_probability(score - other, own_variance + other_variance) for other in others)


def _probability(difference: float, added_variance: float) -> float:
    return 0.5 * math.erfc(-difference / math.sqrt(added_variance + GAMMA) / math.sqrt(2))


def preference(mos: float, other: float) -> float:
    """Eq. 2: 1 if ``mos`` is the higher, 0 if it is the lower, 0.5 if they are equal."""
    return 0.5 if mos == other else float(mos > other)


def pair_reward(predicted: float, truth: float, *, binary: bool) -> float:
    """One pair's term of Eq. 3, the fidelity of two probabilities; binary (table 4): 1 for the right order.

    The binary form asks whether the predicted probability is on the true side of one half; a true tie is met
    by no side and gets 1 only at exactly one half.
    """
    if binary:
        return float((predicted > 0.5) - (predicted < 0.5) == (truth > 0.5) - (truth < 0.5))
    return math.sqrt(truth * predicted) + math.sqrt((1 - truth) * (1 - predicted))


def fidelity_rewards(
    scores: Sequence[Sequence[float | None]],
    mos: Sequence[float],
    *,
    binary: bool = False,
    fixed_variance: bool = False,
    average: bool = False,
) -> list[list[float | None]]:
    """Eqs. 1 to 3 for a batch: ``scores[i][k]`` is the k-th score of image i, ``mos[i]`` its MOS.

    Args:
        scores: one list per image, None for a rollout without a readable score.
        mos: one value per image, on any scale: only their order counts.
        binary: the binary reward of table 4.
        fixed_variance: Eq. 7 with both variances set to one (Thurstone's case V, table 4).
        average: Eq. 7 with the sample variances (table 4).

    Returns:
        rewards in 0..1 in the shape of ``scores``; None where no pair can be formed.
    """
    known = [[score for score in image if score is not None] for image in scores]
    spreads = [1.0 if fixed_variance else variance(image) if len(image) > 1 else 0.0 for image in known]
    probability = average_probability if fixed_variance or average else comparative_probability
    rewards: list[list[float | None]] = []
    for i, image in enumerate(scores):
        opponents = [j for j in range(len(scores)) if j != i and known[j]]
        earned: list[float | None] = []
        for score in image:
            pairs = [
                pair_reward(
                    probability(score, known[j], spreads[i], spreads[j]), preference(mos[i], mos[j]), binary=binary
                )
                for j in opponents
                if score is not None
            ]
            earned.append(fmean(pairs or [0.0]) if opponents else None)
        rewards.append(earned)
    return rewards


def fidelity(comparison: int | None = None, **switches: bool) -> Reward:
    """The reward function of a recipe.

    Args:
        comparison: B, the images that are compared with each other, in the order they come; None: all.
        **switches: those of :func:`fidelity_rewards`.
    """

    def reward(
        completions: Sequence[answers.Completion], row_id: Sequence[str], mos: Sequence[float], **_: Any
    ) -> list[float | None]:
        places: dict[str, list[int]] = {}
        for place, row in enumerate(row_id):
            places.setdefault(row, []).append(place)
        images = list(places.values())
        rewards: list[float | None] = [None] * len(completions)
        size = comparison or len(images)
        for block in (images[start : start + size] for start in range(0, len(images), size)):
            scores = [
                [answers.score(answers.text_of(completions[place]), LOW, HIGH) for place in image] for image in block
            ]
            truths = [mos[image[0]] for image in block]
            for image, values in zip(block, fidelity_rewards(scores, truths, **switches), strict=True):
                for place, value in zip(image, values, strict=True):
                    rewards[place] = value
        return rewards

    reward.__name__ = "fidelity"
    return reward


@for_tasks("score")
def visualquality_format(text: str) -> float:
    """1 where the completion is one think part and one answer that is only a number in 1..5, else 0."""
    bare = _NUMBER.fullmatch(answers.answer(text) or "") is not None
    return answers.think_then_answer(text) and bare and answers.score(text, LOW, HIGH) is not None
