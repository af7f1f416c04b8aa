"""TRL's GRPO trainer with the papers' additions. The only module that overrides private methods of TRL.

Overrides of a few lines around ``super()``; ``tests/trainer/training/test_grpo.py`` fails when TRL changes them:

- ``_get_train_sampler``, ``_get_eval_sampler``: our order of prompts (:mod:`trainer.training.sampler`), whose epoch the
  trainer sets itself;
- ``_calculate_rewards``: measures by task and mode (:mod:`trainer.training.rollout_metrics`);
- ``_generate_and_score_completions``: the advantage of Refine-IQA's Eq. 6, and the sample page.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import Sampler
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from trl import GRPOTrainer

from trainer.data import answers
from trainer.data.rows import Row
from trainer.training.advantage import modified_advantage
from trainer.training.checkpoints import OwnCheckpoints
from trainer.training.recipe_keys import Recipe
from trainer.training.rollout_metrics import RIGHT, measures
from trainer.training.sampler import PromptSampler
from trainer.training.samples_page import Group, Rollout, write_page


class RecipeTrainer(OwnCheckpoints, GRPOTrainer):  # type: ignore[misc]  # TRL is not typed
    """GRPO as a recipe asks for it, on rows of the given datasets; all other arguments are TRL's."""

    def __init__(
        self, recipe: Recipe, row_datasets: Sequence[str], held_datasets: Sequence[str] = (), **arguments: Any
    ) -> None:
        self.recipe, self.row_datasets, self.held_datasets = recipe, row_datasets, held_datasets
        self._gathered = torch.empty(0)
        self._texts: list[str] = []
        self._reference, self._bf16 = None, arguments["args"].bf16
        super().__init__(**arguments)
        self.add_callback(_Epochs(self))
        for reward in self.reward_funcs:
            if hasattr(reward, "bind"):
                reward.bind(self)

    @property
    def ref_model(self) -> Any:
        """The reference model of the KL penalty; None without one."""
        return self._reference

    @ref_model.setter
    def ref_model(self, model: Any) -> None:
        """Held in bfloat16 where that is computed with: it is never stepped. FSDP shards it after it is set first."""
        if self._reference is None and model is not None and self._bf16:
            model.to(torch.bfloat16)
        self._reference = model

    def _get_train_sampler(self, dataset: Any = None) -> Sampler[int]:
        batch = self.args.generation_batch_size // self.num_generations
        repeats = self.num_iterations * self.args.steps_per_generation
        self.order = self._sampler(self.row_datasets, batch, self.recipe.comparison or batch, repeats)
        return self.order

    def _get_eval_sampler(self, dataset: Any) -> Sampler[int]:
        block = self.recipe.comparison or 1
        return self._sampler(self.held_datasets, block * self.accelerator.num_processes, block, 1)

    def _sampler(self, datasets: Sequence[str], batch: int, block: int, repeats: int) -> PromptSampler:
        return PromptSampler(
            datasets if self.recipe.comparison else [""] * len(datasets),
            block=block,
            batch=batch,
            group_size=self.num_generations,
            repeats=repeats,
            seed=self.args.seed,
        )

    def _calculate_rewards(
        self, inputs: list[Row], prompts: list[Any], completions: list[Any], completion_ids_list: list[list[int]]
    ) -> torch.Tensor:
        gathered: torch.Tensor = super()._calculate_rewards(inputs, prompts, completions, completion_ids_list)
        self._gathered = gathered
        self._texts = [answers.text_of(completion) for completion in completions]
        ends = {*self.eos_token_ids, self._tokenizer.pad_token_id}
        final = self._final(gathered)[self._mine(len(inputs))]
        for row, text, ids, reward in zip(inputs, self._texts, completion_ids_list, final.tolist(), strict=True):
            found = measures(
                row,
                text,
                reward,
                truncated=ids[-1] not in ends,
                think_tokens=lambda thought: len(self._tokenizer(thought)["input_ids"]),
                mos_range=self.recipe.mos_range,
            )
            for name, value in found.items():
                self._log_metric(name, value)
        judged, right = (part.view(-1, self.num_generations) for part in self._judge(gathered))
        groups = judged.all(dim=1)
        if groups.any():
            self._log_metric("groups/none_right", (~right[groups].any(dim=1)).float().mean().item())
            self._log_metric("groups/all_right", right[groups].all(dim=1).float().mean().item())
        return gathered

    def _generate_and_score_completions(self, inputs: list[Row]) -> dict[str, Any]:
        output: dict[str, Any] = super()._generate_and_score_completions(inputs)
        if self.recipe.advantage == "refine-iqa":
            output["advantages"] = self._refine_iqa_advantages(output["advantages"])
        if self.model.training and self.state.global_step % self.recipe.samples_every == 0:
            self._write_samples(inputs, output["advantages"].tolist())
        return output

    def _refine_iqa_advantages(self, standard: torch.Tensor) -> torch.Tensor:
        """This process's share of Eq. 6's advantages; rows of other tasks keep the standard one."""
        shape = (-1, self.num_generations)
        answer, form = self._column("answer"), self._column("format")
        scored = ~answer.isnan()
        right = (answer == 1) & (form == 1)
        eq6 = modified_advantage(self._final(self._gathered).view(shape), right.view(shape)).flatten()
        mine = self._mine(len(standard))
        advantages = torch.where(scored[mine], eq6[mine], standard)
        everyone = self.accelerator.gather(advantages).tolist()
        for _ in everyone:  # TRL has logged its own already
            self._logs["advantages"].pop()
        self._logs["advantages"].extend(everyone)
        return advantages

    def _write_samples(self, inputs: list[Row], advantages: list[float]) -> None:
        if not self.accelerator.is_main_process:
            return
        mine = self._gathered[self._mine(len(inputs))].tolist()
        groups: dict[str, Group] = {}
        for row, text, values, advantage in zip(inputs, self._texts, mine, advantages, strict=True):
            rewards = {
                name: value
                for name, value in zip(self.reward_func_names, values, strict=True)
                if value == value  # NaN: not this reward's task
            }
            group = groups.setdefault(row["row_id"], Group(row, []))
            group.rollouts.append(Rollout(text, rewards, advantage))
        step = self.state.global_step
        page = Path(self.args.output_dir) / "samples" / f"step-{step:06d}.html"
        write_page(page, f"{self.recipe.name}, step {step}", list(groups.values()))

    def _final(self, gathered: torch.Tensor) -> torch.Tensor:
        """The weighted sum of each rollout's rewards."""
        weights: torch.Tensor = self.reward_weights.to(gathered.device)
        return (gathered * weights).nansum(dim=1)

    def _judge(self, gathered: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Which rollouts can be right or wrong, and which are right."""
        judged = torch.zeros(len(gathered), dtype=torch.bool, device=gathered.device)
        right = ~judged
        for name, bound in RIGHT.items():
            if name in self.reward_func_names:
                column = gathered[:, self.reward_func_names.index(name)]
                judged |= ~column.isnan()
                right &= column.isnan() | (column >= bound)
        return judged, judged & right

    def _column(self, reward: str) -> torch.Tensor:
        return self._gathered[:, self.reward_func_names.index(reward)]

    def _mine(self, count: int) -> slice:
        """This process's rows among those of all."""
        start = self.accelerator.process_index * count
        return slice(start, start + count)


class _Epochs(TrainerCallback):  # type: ignore[misc]  # transformers is not typed
    """Tells the sampler the epoch: on two processes a resumed loader wraps it too deep for transformers to find."""

    def __init__(self, trainer: RecipeTrainer) -> None:
        self._trainer = trainer

    def on_epoch_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """The number of epochs done is the number of the current one."""
        self._trainer.order.set_epoch(int(state.epoch or 0))
