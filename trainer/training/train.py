"""One training run: check everything, load the weights, train, leave a log, curves and sample pages.

What a run leaves is in :mod:`trainer.training.run_directory`.
"""

from __future__ import annotations

import os
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
from trl import GRPOConfig

from perception20k.core.errors import UserError
from perception20k.core.from_plain import suggestion
from perception20k.core.lock import held
from perception20k.core.reporting import SILENT, Reporter
from trainer import models
from trainer.data.mos import MosTable
from trainer.training import data
from trainer.training.grpo import RecipeTrainer
from trainer.training.recipe import REWARDS, Recipe
from trainer.training.rewards.probability import ProbabilityDifference, write_score
from trainer.training.rewards.thurstone import fidelity
from trainer.training.run_directory import LOCK, newest_checkpoint, prepare, resolved, steps_of
from trainer.training.run_log import RunLog

_LORA_TARGETS = r".*language_model.*\.(q_proj|k_proj|v_proj|o_proj|gate_proj|up_proj|down_proj)"


def train(
    recipe: Recipe,
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
        run: the run's directory, new or that of the same run, which goes on from its newest checkpoint.
        report: takes a line for each step and each warning.
        callbacks: of transformers, told of every step beside the run's own log.

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
    if "probability" in recipe.weighted_rewards():
        write_score(processor.tokenizer, "", 3.4)
    sources = {
        text: source.readable(report) if isinstance(source, MosTable) else source for text, source in sources.items()
    }
    rows, row_datasets = data.as_dataset(data.training_rows(recipe, list(sources.values()), models.grid_of(processor)))
    _check_length(recipe, row_datasets)
    inputs = {
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
            start = models.plain_model(model, run / "start", processor)
        trainer = RecipeTrainer(
            recipe,
            row_datasets,
            model=start,
            reward_funcs=[reward_function(name, recipe) for name in recipe.weighted_rewards()],
            args=grpo_config(recipe, run, passes),
            train_dataset=rows,
            processing_class=processor,
            callbacks=[RunLog(run, report), *callbacks],
            peft_config=_lora(recipe),
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


def backward_passes(recipe: Recipe, processes: int) -> int:
    """Backward passes of one process over the rollouts of ``prompts_per_step`` prompts.

    Raises:
        UserError: the rollouts cannot be dealt out evenly, or comparisons not whole.
    """
    per_device = recipe.per_device or recipe.group_size
    total = recipe.prompts_per_step * recipe.group_size
    at_once = per_device * processes
    what = f"{recipe.prompts_per_step} prompts x G={recipe.group_size} = {total} rollouts"
    if total % at_once:
        where = f"{processes} process(es) x per_device={per_device}"
        raise UserError(
            f"{recipe.name}: a step's {what} do not divide by {where} = {at_once}",
            "Change prompts_per_step, group_size or per_device (--set per_device=N)",
            code=2,
        )
    if recipe.comparison and total % (recipe.comparison * recipe.group_size * processes):
        raise UserError(
            f"{recipe.name}: a step's {what} do not give each of {processes} process(es) whole comparisons "
            f"of {recipe.comparison} images",
            "Make prompts_per_step a multiple of comparison x processes",
            code=2,
        )
    return total // at_once


def grpo_config(recipe: Recipe, run: Path, passes: int) -> GRPOConfig:
    """The recipe in TRL's words. Rollouts are made for ``prompts_per_step`` prompts at a time."""
    gpu = torch.cuda.is_available()
    rollouts: dict[str, Any] = {}
    if recipe.vllm != "off":  # TRL keeps its own generation, but not vLLM's, from sampling an image's place
        rollouts["generation_kwargs"] = {"bad_words": ["<|image_pad|>"]}
    return GRPOConfig(
        output_dir=str(run),
        num_generations=recipe.group_size,
        per_device_train_batch_size=recipe.per_device or recipe.group_size,
        steps_per_generation=passes,
        gradient_accumulation_steps=passes * recipe.accumulation,
        num_train_epochs=recipe.epochs,
        max_steps=recipe.max_steps or -1,
        learning_rate=recipe.learning_rate,
        lr_scheduler_type=recipe.schedule,
        warmup_steps=recipe.warmup / recipe.epochs,  # below 1: a share of all steps
        weight_decay=recipe.weight_decay,
        beta=recipe.beta,
        loss_type=recipe.loss,
        epsilon=recipe.clip,
        temperature=recipe.temperature,
        max_completion_length=recipe.max_completion,
        reward_weights=list(recipe.weighted_rewards().values()),
        gradient_checkpointing=recipe.gradient_checkpointing,
        use_vllm=recipe.vllm != "off",
        vllm_mode="server" if recipe.vllm == "server" else "colocate",
        vllm_gpu_memory_utilization=recipe.vllm_memory,
        vllm_server_base_url=recipe.vllm_server,
        model_init_kwargs={"dtype": weight_precision(recipe, gpu=gpu)},
        bf16=gpu,
        use_cpu=not gpu,
        seed=recipe.seed,
        data_seed=recipe.seed,
        save_steps=recipe.save_every,
        save_total_limit=2,
        logging_steps=1,
        report_to=list(recipe.trackers) or "none",
        remove_unused_columns=False,
        **rollouts,
    )


def weight_precision(recipe: Recipe, *, gpu: bool) -> str:
    """The precision that weights are loaded in; on a GPU they are computed with in bfloat16 either way.

    A step of 1e-6 is lost on a bfloat16 weight of 0.02, whose neighbour lies 1e-4 away, so weights that are trained are
    float32. An adapter's are so beside a bfloat16 base, and DeepSpeed, which ``accelerate launch`` announces in the
    environment, keeps float32 copies of its own.
    """
    deepspeed = os.environ.get("ACCELERATE_USE_DEEPSPEED", "false").lower() == "true"
    return "bfloat16" if gpu and (deepspeed or recipe.lora_rank) else "float32"


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


def _lora(recipe: Recipe) -> LoraConfig | None:
    if not recipe.lora_rank:
        return None
    return LoraConfig(r=recipe.lora_rank, lora_alpha=2 * recipe.lora_rank, target_modules=_LORA_TARGETS)


def _check_length(recipe: Recipe, row_datasets: Sequence[str]) -> None:
    """Refuse data too small for one step: TRL would finish at once without having learnt anything."""
    needed = recipe.prompts_per_step * recipe.accumulation
    block = recipe.comparison or 1
    there = sum(row_datasets.count(name) // block * block for name in set(row_datasets))
    if there < needed:
        raise UserError(
            f"{recipe.name}: one step takes {needed} prompts, and the train part gives {there}",
            "Give more data or fewer prompts (--set prompts_per_step=N)",
        )


def _require_packages(recipe: Recipe) -> None:
    """Refuse vLLM and trackers that are not installed, which TRL would find out with the weights in memory."""
    if recipe.vllm != "off" and find_spec("vllm") is None:
        raise UserError(f"vllm={recipe.vllm} needs vllm, which is not installed", "pip install vllm, or --set vllm=off")
    for name in recipe.trackers:
        if name == "all":
            continue
        if name not in INTEGRATION_TO_CALLBACK:
            raise UserError(f"unknown tracker '{name}'", suggestion(name, INTEGRATION_TO_CALLBACK), code=2)
        try:
            INTEGRATION_TO_CALLBACK[name]()
        except (RuntimeError, ImportError) as error:  # each looks for its package when it is made
            raise UserError(f"the tracker {name} cannot be used: {str(error).strip()}") from None
