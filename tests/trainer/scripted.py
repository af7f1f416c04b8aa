"""A trainer whose rollouts are written beforehand: a random model never says anything worth rewarding."""

from __future__ import annotations

from typing import Any

from trainer.training.grpo import RecipeTrainer

GOOD = "<think>a little soft, {}</think><answer>Score: {:.1f}</answer>"


class ScriptedTrainer(RecipeTrainer):
    """Every other rollout of a group is malformed; the others give scores 0.0, 0.5, ... in turn."""

    def _generate_single_turn(
        self, prompt_ids: list[list[int]], images: Any, fields: Any, generations: int, **rest: Any
    ) -> tuple[list[list[int]], Any]:
        ids, chances = super()._generate_single_turn(prompt_ids, images, fields, generations, **rest)
        written = []
        for i in range(len(ids)):
            text = GOOD.format("dull " * (i % 3), i * 0.5 % 5) if i % 2 == 0 else "Score"
            written.append([*self._tokenizer(text)["input_ids"], self._tokenizer.eos_token_id])
        return written, chances
