"""A recipe in TRL's words.

Papers count prompts where TRL counts completions. What a recipe does not set itself, its key ``trl`` passes on.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, get_type_hints

import torch
from pydantic import TypeAdapter, ValidationError
from transformers import BitsAndBytesConfig
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS
from transformers.utils import is_flash_attn_2_available
from trl import GRPOConfig, SFTConfig

from perception20k.core.errors import UserError
from perception20k.core.from_plain import suggestion
from trainer.training.recipe_keys import CommonRecipe, Recipe, SupervisedRecipe

_COMMON = {
    "num_train_epochs": "epochs",
    "learning_rate": "learning_rate",
    "lr_scheduler_type": "schedule",
    "weight_decay": "weight_decay",
    "gradient_checkpointing": "gradient_checkpointing",
    "save_steps": "save_every",
    "eval_steps": "evaluate_every",
    "seed": "seed",
    "data_seed": "seed",
}
_REINFORCEMENT = {
    "num_generations": "group_size",
    "beta": "beta",
    "loss_type": "loss",
    "epsilon": "clip",
    "temperature": "temperature",
    "max_completion_length": "max_completion",
    "vllm_gpu_memory_utilization": "vllm_memory",
    "vllm_server_base_url": "vllm_server",
}
FROM_RECIPE = _COMMON | _REINFORCEMENT
"""TRL's names of the keys that a recipe has under a name of its own."""

WORKERS = 4
"""Processes that decode and distort images for one GPU."""


def backward_passes(recipe: CommonRecipe, processes: int) -> int:
    """Backward passes of one process over the completions of ``prompts_per_step`` prompts.

    Raises:
        UserError: the completions cannot be dealt out evenly, or comparisons not whole.
    """
    group = recipe.group_size if isinstance(recipe, Recipe) else 1
    comparison = recipe.comparison if isinstance(recipe, Recipe) else None
    per_device = recipe.per_device or group
    total = recipe.prompts_per_step * group
    at_once = per_device * processes
    what = f"{recipe.prompts_per_step} prompts x G={group} = {total} rollouts" if group > 1 else f"{total} prompts"
    if total % at_once:
        where = f"{processes} process(es) x per_device={per_device}"
        raise UserError(
            f"{recipe.name}: a step's {what} do not divide by {where} = {at_once}",
            "Change prompts_per_step, group_size or per_device (--set per_device=N)",
            code=2,
        )
    if comparison and total % (comparison * group * processes):
        raise UserError(
            f"{recipe.name}: a step's {what} do not give each of {processes} process(es) whole comparisons "
            f"of {comparison} images",
            "Make prompts_per_step a multiple of comparison x processes",
            code=2,
        )
    return total // at_once


def grpo_config(
    recipe: Recipe, run: Path, passes: int, longest_prompt: int | None = None, image_token: str = "<|image_pad|>"
) -> GRPOConfig:
    """The arguments of TRL's GRPO trainer. Rollouts are made for ``prompts_per_step`` prompts at a time.

    ``passes`` are those of :func:`backward_passes`; the tokens of the longest prompt cap vLLM's context.

    Raises:
        UserError: a key below ``trl`` is unknown, set by the recipe itself, or has a value that TRL refuses.
    """
    own = {name: getattr(recipe, key) for name, key in _REINFORCEMENT.items()}
    own |= {
        "per_device_train_batch_size": recipe.per_device or recipe.group_size,
        "per_device_eval_batch_size": (recipe.comparison or 1) * recipe.group_size,
        "steps_per_generation": passes,
        "reward_weights": list(recipe.weighted_rewards().values()),
        "use_vllm": recipe.vllm != "off",
        "vllm_mode": "server" if recipe.vllm == "server" else "colocate",
        "metric_for_best_model": "reward",
    }
    if recipe.vllm != "off":  # TRL keeps its own generation, but not vLLM's, from sampling an image's place
        own["generation_kwargs"] = {"bad_words": [image_token]}
    usual = {
        "vllm_importance_sampling_correction": False,  # none of the papers' losses has it
        "vllm_max_model_length": longest_prompt and longest_prompt + recipe.max_completion,
    }
    return _config(GRPOConfig, recipe, run, passes, own, usual)


def sft_config(recipe: SupervisedRecipe, run: Path, passes: int) -> SFTConfig:
    """The arguments of TRL's supervised trainer, which learns answers and not prompts.

    Raises:
        UserError: as :func:`grpo_config`.
    """
    own = {
        "per_device_train_batch_size": recipe.per_device or 1,
        "per_device_eval_batch_size": recipe.per_device or 1,
        "max_length": None,  # a prompt that is cut loses its image
        "completion_only_loss": True,
        "metric_for_best_model": "loss",
    }
    return _config(SFTConfig, recipe, run, passes, own, {})


def _config(kind: Any, recipe: CommonRecipe, run: Path, passes: int, own: dict[str, Any], usual: dict[str, Any]) -> Any:
    """``own`` is what the recipe sets, ``usual`` what its key ``trl`` may change."""
    gpu = torch.cuda.is_available()
    own |= {name: getattr(recipe, key) for name, key in _COMMON.items()}
    own |= {
        "output_dir": str(run),
        "gradient_accumulation_steps": passes * recipe.accumulation,
        "max_steps": recipe.max_steps or -1,
        "warmup_steps": recipe.warmup / recipe.epochs,  # below 1: a share of all steps
        "eval_strategy": "no" if recipe.evaluate_every is None else "steps",
        "bf16": gpu,
        "use_cpu": not gpu,
        "save_total_limit": 2,
        "logging_steps": 1,
        "report_to": list(recipe.trackers) or "none",
        "remove_unused_columns": False,
    }
    usual |= {"dataloader_num_workers": WORKERS if gpu else 0}
    asked = dict(recipe.trl)
    model = {"dtype": weight_precision(recipe, gpu=gpu), **attention(recipe, asked.pop("attn_implementation", None))}
    _check_keys(kind, recipe, asked, own)
    try:
        return kind(**{**usual, **asked, **own, "model_init_kwargs": model})
    except (TypeError, ValueError) as error:
        if not asked:
            raise
        raise UserError(f"{recipe.name}: trl: {str(error).strip().splitlines()[0]}", code=2) from None


def weight_precision(recipe: CommonRecipe, *, gpu: bool) -> str:
    """The precision that weights are loaded in; on a GPU they are computed with in bfloat16 either way.

    A step of 1e-6 is lost on a bfloat16 weight of 0.02, whose neighbour lies 1e-4 away, so weights that are trained are
    float32. An adapter's are float32 above a bfloat16 base, and DeepSpeed, which ``accelerate launch`` announces in the
    environment, keeps float32 copies of its own.
    """
    deepspeed = os.environ.get("ACCELERATE_USE_DEEPSPEED", "false").lower() == "true"
    return "bfloat16" if gpu and (deepspeed or recipe.lora_rank) else "float32"


def attention(recipe: CommonRecipe, asked: str | None) -> dict[str, str]:
    """How attention is computed: as ``asked``, or by FlashAttention where it is installed and weights are bfloat16.

    FlashAttention takes no float32, and rollouts are generated in the precision of the weights.

    Raises:
        UserError: what is asked for is unknown, or not installed.
    """
    known = ["eager", *ALL_ATTENTION_FUNCTIONS.valid_keys()]
    if asked is not None and asked not in known and "/" not in str(asked):  # a kernel of the hub has an owner
        what = f"{recipe.name}: trl: unknown attn_implementation '{asked}'"
        raise UserError(what, suggestion(asked, known), code=2)
    if asked == "flash_attention_2" and not is_flash_attn_2_available():
        what = f"{recipe.name}: trl: flash_attention_2 needs flash-attn and a CUDA GPU"
        raise UserError(what, "pip install flash-attn, or leave it out", code=2)
    flash = is_flash_attn_2_available() and weight_precision(recipe, gpu=torch.cuda.is_available()) == "bfloat16"
    chosen = asked or ("flash_attention_2" if flash else None)
    return {"attn_implementation": chosen} if chosen else {}


def quantization(recipe: CommonRecipe) -> BitsAndBytesConfig | None:
    """QLoRA's four bits: normal floats, doubly quantized, computed with in bfloat16; the vision tower stays whole."""
    if not recipe.four_bit:
        return None
    return BitsAndBytesConfig(
        load_in_4bit=True,
        bnb_4bit_quant_type="nf4",
        bnb_4bit_use_double_quant=True,
        bnb_4bit_compute_dtype=torch.bfloat16,
        llm_int8_skip_modules=[r".*\.visual", r".*\.vision_tower", "lm_head"],  # matched from a name's start
    )


def _check_keys(kind: Any, recipe: CommonRecipe, asked: dict[str, Any], own: dict[str, Any]) -> None:
    known = get_type_hints(kind)
    for name, value in asked.items():
        if name in (*own, "model_init_kwargs"):
            key = FROM_RECIPE.get(name)
            hint = f"Use the recipe's own key {key}" if key else "Leave it out"
            raise UserError(f"{recipe.name}: trl: the recipe sets '{name}' itself", hint, code=2)
        if name not in known:
            close = suggestion(name, [*known, "attn_implementation"])
            # TRL has more than a hundred
            hint = close if close.startswith("Did") else f"TRL's {kind.__name__} lists them"
            raise UserError(f"{recipe.name}: trl: TRL has no setting '{name}'", hint, code=2)
        try:
            TypeAdapter(known[name]).validate_python(value, strict=True)
        except ValidationError:
            expected = getattr(known[name], "__name__", known[name])
            raise UserError(f"{recipe.name}: trl: {name}: expected {expected}, not {value!r}", code=2) from None
