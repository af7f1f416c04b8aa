"""A recipe in TRL's words: what divides, what vLLM is told, what a person may add, and precision."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from transformers.quantizers.quantizers_utils import should_convert_module

from perception20k.core.errors import UserError
from trainer.models import load_model
from trainer.training import trl_settings
from trainer.training.recipe import load
from trainer.training.trl_settings import attention, backward_passes, grpo_config, quantization, weight_precision

pytestmark = pytest.mark.slow


def test_a_batch_that_does_not_divide_is_refused_in_a_line() -> None:
    stage1 = load("refine-iqa-stage1")
    assert backward_passes(stage1, 8) == 1
    assert backward_passes(stage1, 1) == 8
    with pytest.raises(UserError, match=r"8 prompts x G=8 = 64 rollouts do not divide by 3 process.* = 24\."):
        backward_passes(stage1, 3)
    odd = load("refine-iqa-stage1", ("group_size=6", "per_device=4", "prompts_per_step=3"))
    with pytest.raises(UserError, match="3 prompts x G=6 = 18 rollouts do not divide"):
        backward_passes(odd, 1)
    ranked = load("visualquality-r1", ("prompts_per_step=8", "comparison=8"))
    with pytest.raises(UserError, match="whole comparisons of 8 images"):
        backward_passes(ranked, 2)


def test_vllms_settings_are_trls(tmp_path: Path) -> None:
    changes = ("vllm=server", "vllm_memory=0.5", "vllm_server=http://there:8000")
    config = grpo_config(load("refine-iqa-stage2", changes), tmp_path / "run", 1)
    assert (config.use_vllm, config.vllm_mode) == (True, "server")
    assert (config.vllm_gpu_memory_utilization, config.vllm_server_base_url) == (0.5, "http://there:8000")
    assert config.generation_kwargs == {"bad_words": ["<|image_pad|>"]}  # TRL bans it only without vLLM
    plain = grpo_config(load("refine-iqa-stage2", ("vllm=off",)), tmp_path / "run", 1)
    assert (plain.use_vllm, plain.generation_kwargs) == (False, None)


@pytest.mark.parametrize(
    ("gpu", "deepspeed", "rank", "expected"),
    [
        (True, "false", 0, "float32"),  # bfloat16 would swallow steps of 1e-6
        (True, "true", 0, "bfloat16"),
        (True, "false", 8, "bfloat16"),
        (True, "true", 8, "bfloat16"),
        (False, "false", 0, "float32"),
        (False, "false", 8, "float32"),
    ],
)
def test_weights_that_are_trained_are_float32_somewhere(
    gpu: bool, deepspeed: str, rank: int, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACCELERATE_USE_DEEPSPEED", deepspeed)
    assert weight_precision(load("refine-iqa-stage2", (f"lora_rank={rank}",)), gpu=gpu) == expected
    monkeypatch.delenv("ACCELERATE_USE_DEEPSPEED")
    assert weight_precision(load("refine-iqa-stage2"), gpu=True) == "float32"


def test_vllms_context_is_the_longest_prompt_and_answer_and_eq_7_stays_as_it_is(tmp_path: Path) -> None:
    chosen = load("refine-iqa-stage2", ("vllm=colocate",))
    config = grpo_config(chosen, tmp_path / "run", 1, longest_prompt=3000)
    assert config.vllm_max_model_length == 3000 + 1024
    assert config.vllm_importance_sampling_correction is False  # it would put a factor into Eq. 7
    asked = load("refine-iqa-stage2", ("vllm=colocate", "trl.vllm_importance_sampling_correction=true"))
    assert grpo_config(asked, tmp_path / "run", 1).vllm_importance_sampling_correction is True


def test_any_other_setting_of_trls_is_passed_on(tmp_path: Path) -> None:
    changes = ("max_grad_norm=0.5", "epsilon_high=0.28", "num_iterations=2", "optim=sgd", "attn_implementation=eager")
    chosen = load("refine-iqa-stage2", tuple(f"trl.{change}" for change in changes))
    config = grpo_config(chosen, tmp_path / "run", 1)
    assert (config.max_grad_norm, config.epsilon_high, config.num_iterations) == (0.5, 0.28, 2)
    assert config.optim == "sgd"
    assert config.model_init_kwargs["attn_implementation"] == "eager"
    assert "attn_implementation" not in grpo_config(load("q-insight"), tmp_path / "run", 1).model_init_kwargs


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("max_grad_nrom=1", "trl: TRL has no setting 'max_grad_nrom'. Did you mean 'max_grad_norm'?"),
        ("zzzz=1", "trl: TRL has no setting 'zzzz'. TRL's GRPOConfig lists them"),
        ("beta=1", "trl: the recipe sets 'beta' itself. Use the recipe's own key beta"),
        ("num_generations=4", "trl: the recipe sets 'num_generations' itself. Use the recipe's own key group_size"),
        ("logging_steps=4", "trl: the recipe sets 'logging_steps' itself. Leave it out"),
        ("model_init_kwargs={}", "trl: the recipe sets 'model_init_kwargs' itself"),
        ("optim=adamm", "trl: adamm is not a valid OptimizerNames"),
        ("max_grad_norm=high", "trl: max_grad_norm: expected float, not 'high'"),
        ("epsilon_high=high", "trl: epsilon_high: expected float | None, not 'high'"),
        ("attn_implementation=spda", "trl: unknown attn_implementation 'spda'. Did you mean 'sdpa'?"),
        ("attn_implementation=flash_attention_2", "trl: flash_attention_2 needs flash-attn and a CUDA GPU"),
    ],
)
def test_a_wrong_setting_of_trls_is_refused_in_a_line(setting: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        grpo_config(load("refine-iqa-stage2", (f"trl.{setting}",)), tmp_path / "run", 1)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert error.value.code == 2


@pytest.mark.parametrize(("installed", "rank", "expected"), [(True, 8, True), (True, 0, False), (False, 8, False)])
def test_flash_attention_is_used_where_it_is_installed_and_weights_are_bfloat16(
    installed: bool, rank: int, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(trl_settings, "is_flash_attn_2_available", lambda: installed)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    chosen = load("refine-iqa-stage2", (f"lora_rank={rank}",))
    assert attention(chosen, None) == ({"attn_implementation": "flash_attention_2"} if expected else {})
    assert attention(chosen, "sdpa") == {"attn_implementation": "sdpa"}


def test_qlora_holds_four_bits_below_an_adapter_only() -> None:
    assert quantization(load("refine-iqa-stage1", ("lora_rank=8",))) is None
    found: Any = quantization(load("refine-iqa-stage1", ("lora_rank=8", "four_bit=true")))
    assert (found.load_in_4bit, found.bnb_4bit_quant_type, found.bnb_4bit_compute_dtype) == (
        True,
        "nf4",
        torch.bfloat16,
    )
    with pytest.raises(UserError, match=r"four_bit must be false without an adapter \(lora_rank\)"):
        load("refine-iqa-stage1", ("four_bit=true",))


def test_the_vision_tower_of_every_family_stays_whole_in_four_bits(families: dict[str, Path]) -> None:
    found: Any = quantization(load("refine-iqa-stage1", ("lora_rank=8", "four_bit=true")))
    for folder in families.values():
        modules = load_model(str(folder)).named_modules()
        linear = [name for name, module in modules if isinstance(module, torch.nn.Linear)]
        four_bit = [name for name in linear if should_convert_module(name, found.llm_int8_skip_modules)]
        assert any("language_model" in name for name in four_bit)
        assert not any("visual" in name or "vision_tower" in name for name in four_bit)
