"""A supervised warm start: TRL's SFT trainer on the same rows, answered rightly.

Reinforcement learns nothing from a group in which no rollout is right. A model that has seen the form of the answers,
and some right ones, starts where groups differ.
"""

from __future__ import annotations

from trl import SFTTrainer

from trainer.data.prompts import Message
from trainer.data.rows import Row
from trainer.training.checkpoints import OwnCheckpoints
from trainer.training.rewards.probability import true_score


def right_answer(row: Row) -> list[Message]:
    """The right answer without a think part, such as ``<answer>red car / blur / severe</answer>``."""
    said = row["solution"] if row["mos"] is None else f"Score: {true_score(row['mos'])}"
    return [{"role": "assistant", "content": [{"type": "text", "text": f"<answer>{said}</answer>"}]}]


class SupervisedTrainer(OwnCheckpoints, SFTTrainer):  # type: ignore[misc]  # TRL is not typed
    """TRL's trainer, with the checkpoints and model card of this project."""
