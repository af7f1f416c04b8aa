"""Adapters made whole: by the command's function, also where a run was renamed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import torch
from peft import LoraConfig, get_peft_model

from perception20k.core.errors import UserError
from perception20k.core.files import write_json, write_text
from trainer import models
from trainer.training.merge import merge
from trainer.training.model_card import write_card
from trainer.training.recipe import dump, load

pytestmark = pytest.mark.slow


def logits(model: Any) -> torch.Tensor:
    found: torch.Tensor = model.eval()(input_ids=torch.tensor([[20, 21, 22]])).logits
    return found


@pytest.fixture(scope="module")
def run(tiny: Path, processor: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run whose adapter continues a merged one: its base is the run's own ``start``."""
    run = tmp_path_factory.mktemp("runs") / "s2"
    shutil.copytree(tiny, run / "start")
    config = LoraConfig(r=2, target_modules=["q_proj"], init_lora_weights=False)
    adapted = get_peft_model(models.load_model(str(run / "start")), config)
    adapted.save_pretrained(run / "model")
    processor.save_pretrained(run / "model")
    write_text(run / "recipe.yaml", dump(load("refine-iqa-stage1", ("lora_rank=2",))))
    inputs = {"model": "Qwen/Qwen2.5-VL-7B-Instruct", "data": ["koniq-10k:/data/koniq", "/data/mine"], "prompts": 7}
    write_json(run / "inputs.json", {**inputs, "versions": {"trl": "1.16"}})
    steps = [{"step": step, "description/fr/reward": step / 20} for step in range(1, 21)]
    write_text(run / "log.jsonl", "".join(json.dumps(step) + "\n" for step in steps))
    return run


def test_a_run_is_merged_to_the_same_answers_also_when_it_was_renamed(run: Path, tmp_path: Path) -> None:
    expected = logits(models.load_model(str(run / "model")))
    assert not torch.allclose(logits(models.load_model(str(run / "start"))), expected, atol=1e-5)
    renamed = shutil.copytree(run, tmp_path / "renamed")
    shutil.move(run, run.with_name("away"))
    try:
        merge(renamed, tmp_path / "whole")
    finally:
        shutil.move(run.with_name("away"), run)
    assert torch.allclose(logits(models.load_model(str(tmp_path / "whole"))), expected, atol=1e-5)
    assert not models.is_adapter(tmp_path / "whole")
    models.load_processor(str(tmp_path / "whole"))


def test_the_card_tells_what_was_trained_on_what_and_what_it_earned(run: Path, tmp_path: Path) -> None:
    merge(run / "model", tmp_path / "whole")
    card = (tmp_path / "whole" / "README.md").read_text()
    assert "base_model: Qwen/Qwen2.5-VL-7B-Instruct\nlibrary_name: transformers\n" in card
    assert "- koniq-10k:koniq\n- mine\n" in card  # and none of the machine's directories
    assert "/data" not in card
    assert "in 20 optimizer steps" in card
    assert "A LoRA adapter merged into its base model, trained from `Qwen/Qwen2.5-VL-7B-Instruct` by" in card
    assert "| reward, description/fr | 0.075 | 0.975 |" in card  # the means of steps 1 and 2, and of 19 and 20
    assert "lora_rank: 2" in card


def test_the_card_of_a_checkpoint_tells_its_own_steps(run: Path, tmp_path: Path) -> None:
    copied = shutil.copytree(run, tmp_path / "run")
    (copied / "model").rename(copied / "checkpoint-10")
    write_json(copied / "checkpoint-10" / "trainer_state.json", {"global_step": 10})
    merge(copied / "checkpoint-10", tmp_path / "whole")
    card = (tmp_path / "whole" / "README.md").read_text()
    assert "in 10 optimizer steps" in card
    assert "| reward, description/fr | 0.050 | 0.500 |" in card  # of steps 1 and 10


def test_the_card_of_a_chain_of_runs_tells_where_it_began(run: Path, tmp_path: Path) -> None:
    second = tmp_path / "s3"
    (second / "model").mkdir(parents=True)
    write_text(second / "recipe.yaml", dump(load("sft")))
    write_json(second / "inputs.json", {"model": str(run / "model"), "data": [], "prompts": 1, "versions": {}})
    write_text(second / "log.jsonl", json.dumps({"step": 1, "loss": 2.5, "eval_mean_token_accuracy": 0.25}) + "\n")
    write_card(second, second / "model")
    card = (second / "model" / "README.md").read_text()
    assert "base_model: Qwen/Qwen2.5-VL-7B-Instruct\n" in card
    assert (
        "A whole model, trained from `Qwen/Qwen2.5-VL-7B-Instruct`, after `refine-iqa-stage1`, by the recipe `sft`"
        in card
    )
    assert "| loss | 2.500 | 2.500 |\n| held out: share of the answers' tokens foretold | 0.250 | 0.250 |" in card


def test_what_holds_no_adapter_or_is_in_the_way_is_refused(run: Path, tiny: Path, tmp_path: Path) -> None:
    (tmp_path / "there").mkdir()
    for source, out, message in (
        (run, tmp_path / "there", "the folder is not empty"),
        (tmp_path, tmp_path / "new", "no adapter in it. Give a run that trained with lora_rank"),
    ):
        with pytest.raises(UserError, match=message):
            merge(source, out)
    shutil.copytree(tiny, tmp_path / "full" / "model")
    for whole in (tmp_path / "full", tmp_path / "full" / "model"):
        with pytest.raises(UserError, match="It is a whole model already"):
            merge(whole, tmp_path / "new")
