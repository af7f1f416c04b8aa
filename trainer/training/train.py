"""One training run: check everything, load the weights, train, leave a log, curves and sample pages.

What a run leaves is in :mod:`trainer.training.run_directory`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import torch
from accelerate import PartialState
from peft import LoraConfig
from transformers import PrinterCallback, ProgressCallback, TrainerCallback
from transformers.integrations.integration_utils import INTEGRATION_TO_CALLBACK
from transformers.utils.logging import disable_progress_bar
from trl import GRPOConfig, SFTConfig

from perception20k.core.errors import UserError
from perception20k.core.from_plain import suggestion
from perception20k.core.lock import held
from perception20k.core.reporting import SILENT, Reporter
from trainer import models
from trainer.data.mos import MosTable
from trainer.data.rows import TrainingRows
from trainer.training import data
from trainer.training.grpo import RecipeTrainer
from trainer.training.model_card import write_card
from trainer.training.recipe import REWARDS
from trainer.training.recipe_keys import AnyRecipe, CommonRecipe, Recipe, SupervisedRecipe
from trainer.training.rewards.probability import ProbabilityDifference, write_score
from trainer.training.rewards.thurstone import fidelity
from trainer.training.run_directory import LOCK, newest_checkpoint, prepare, resolved, steps_of
from trainer.training.run_log import RunLog
from trainer.training.supervised import SupervisedTrainer, right_answer
from trainer.training.trl_settings import backward_passes, grpo_config, quantization, sft_config

_LORA_TARGETS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"


def train(
    recipe: AnyRecipe,
    sources: Mapping[str, MosTable | Path],
    model: str,
    run: Path,
    *,
    report: Reporter = SILENT,
    callbacks: Sequence[TrainerCallback] = (),
) -> None:
    """Train ``model`` on ``sources`` as ``recipe`` says, into ``run``.

    Args:
        recipe: a loaded recipe.
        sources: what each ``--data`` names (:func:`trainer.data.datasets.read_datasets`).
        model: directory or hub name of a vision-language model, or directory of an adapter.
        run: the run's directory, new or that of the same run, which continues from its newest checkpoint.
        report: takes a line for each step and each warning.
        callbacks: of transformers, called in addition to the run's own log.

    Raises:
        UserError: anything that can be told before the weights are read: the data, the model's processor, a
            batch that does not divide, a package that is not installed, or another run in the way.
    """
    disable_progress_bar()
    _require_packages(recipe)
    state = PartialState(cpu=not torch.cuda.is_available())
    report = report if state.is_main_process else SILENT
    passes = backward_passes(recipe, state.num_processes)
    processor = models.load_processor(model, recipe.max_pixels)
    models.require_weights(model)
    if isinstance(recipe, Recipe) and "probability" in recipe.weighted_rewards():
        write_score(processor.tokenizer, "", 3.4)
    sources = {
        text: source.readable(report) if isinstance(source, MosTable) else source for text, source in sources.items()
    }
    grid = models.grid_of(processor)
    learnt, spare = data.with_held_out(recipe, list(sources.values()), grid)
    complete = right_answer if isinstance(recipe, SupervisedRecipe) else None
    rows, row_datasets = data.as_dataset(learnt, complete)
    held_rows, held_datasets = data.as_dataset(spare, complete)
    _check_length(recipe, row_datasets, held_datasets, state.num_processes)
    config = _config(recipe, run, passes, learnt, processor)
    inputs: dict[str, Any] = {
        "model": resolved(model),
        "data": [resolved(source) for source in sources],
        "prompts": len(row_datasets),
        "processes": state.num_processes,
    }
    with held(run / LOCK, str(run)) if state.is_main_process else nullcontext():
        if state.is_main_process:
            prepare(run, recipe, inputs, sources, report)
        state.wait_for_everyone()
        checkpoint = newest_checkpoint(run, report)
        with state.main_process_first():
            start = models.plain_model(inputs["model"], (run / models.START).resolve(), processor)
        trainer = _trainer(
            recipe,
            row_datasets,
            held_datasets,
            model=start,
            args=config,
            train_dataset=rows,
            eval_dataset=held_rows if held_datasets else None,
            processing_class=processor,
            callbacks=[RunLog(run, report), *callbacks],
            peft_config=_lora(recipe),
            quantization_config=quantization(recipe),
        )
        for noisy in (ProgressCallback, PrinterCallback):  # RunLog says the same in a line
            trainer.remove_callback(noisy)
        if checkpoint is not None and recipe.max_steps is not None and steps_of(checkpoint) >= recipe.max_steps:
            trainer._load_from_checkpoint(checkpoint)  # all that was left to do was to save the model
        else:
            trainer.train(resume_from_checkpoint=checkpoint)
        trainer.save_model(str(run / "model"))
        if state.is_main_process:
            processor.save_pretrained(run / "model")
            write_card(run, run / "model")


def _config(
    recipe: AnyRecipe, run: Path, passes: int, learnt: Sequence[TrainingRows], processor: Any
) -> GRPOConfig | SFTConfig:
    if isinstance(recipe, SupervisedRecipe):
        return sft_config(recipe, run, passes)
    longest = None if recipe.vllm == "off" else data.longest_prompt(learnt, processor)
    return grpo_config(recipe, run, passes, longest, models.family_of(processor).image_token)


def _trainer(
    recipe: AnyRecipe, row_datasets: Sequence[str], held_datasets: Sequence[str], **common: Any
) -> RecipeTrainer | SupervisedTrainer:
    if isinstance(recipe, SupervisedRecipe):
        return SupervisedTrainer(**common)
    rewards = [reward_function(name, recipe) for name in recipe.weighted_rewards()]
    return RecipeTrainer(recipe, row_datasets, held_datasets, reward_funcs=rewards, **common)


def reward_function(name: str, recipe: Recipe) -> Any:
    """The function of a reward in ``recipe``, its switches set."""
    if name == "probability":
        return ProbabilityDifference()
    if name == "fidelity":
        return fidelity(
            comparison=recipe.comparison,
            binary=recipe.fidelity == "binary",
            fixed_variance=recipe.variance == "fixed",
            average=recipe.average_probability,
        )
    return REWARDS[name]


def _lora(recipe: CommonRecipe) -> LoraConfig | None:
    if not recipe.lora_rank:
        return None
    return LoraConfig(r=recipe.lora_rank, lora_alpha=2 * recipe.lora_rank, target_modules=_LORA_TARGETS)


def _check_length(
    recipe: CommonRecipe, row_datasets: Sequence[str], held_datasets: Sequence[str], processes: int
) -> None:
    """Refuse data too small for one step or evaluation: TRL would finish at once without having done anything."""
    block = (isinstance(recipe, Recipe) and recipe.comparison) or 1

    def whole(datasets: Sequence[str]) -> int:
        return sum(datasets.count(name) // block * block for name in set(datasets))

    needed = recipe.prompts_per_step * recipe.accumulation
    if whole(row_datasets) < needed:
        raise UserError(
            f"{recipe.name}: one step takes {needed} prompts, and the train part gives {whole(row_datasets)}",
            "Give more data or fewer prompts (--set prompts_per_step=N)",
        )
    held = whole(held_datasets)
    if recipe.evaluate_every and held < block * processes:
        raise UserError(
            f"{recipe.name}: an evaluation takes {block * processes} held-out prompts, and there are {held}",
            "Give more data, or leave out evaluate_every",
        )


def _require_packages(recipe: CommonRecipe) -> None:
    """Refuse what is not installed, which TRL would find out with the weights in memory."""
    if isinstance(recipe, Recipe) and recipe.vllm != "off" and find_spec("vllm") is None:
        raise UserError(f"vllm={recipe.vllm} needs vllm, which is not installed", "pip install vllm, or --set vllm=off")
    if recipe.four_bit and find_spec("bitsandbytes") is None:
        raise UserError("four_bit needs bitsandbytes, which is not installed", "pip install bitsandbytes")
    for name in recipe.trackers:
        if name == "all":
            continue
        if name not in INTEGRATION_TO_CALLBACK:
            raise UserError(f"unknown tracker '{name}'", suggestion(name, INTEGRATION_TO_CALLBACK), code=2)
        try:
            INTEGRATION_TO_CALLBACK[name]()
        except (RuntimeError, ImportError) as error:  # each looks for its package when it is made
            raise UserError(f"the tracker {name} cannot be used: {str(error).strip()}") from None
