"""A supervised warm start: what is learnt word for word, and a whole run with held-out evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from perception20k.core.errors import UserError
from perception20k.core.reporting import Reporter
from trainer import models
from trainer.data import answers
from trainer.data.datasets import read_datasets
from trainer.data.shards import ShardRows
from trainer.models import grid_of
from trainer.training import run_log
from trainer.training.recipe import load
from trainer.training.recipe_keys import SupervisedRecipe
from trainer.training.rewards.description import description
from trainer.training.rewards.grounding import grounding
from trainer.training.supervised import right_answer
from trainer.training.train import train

pytestmark = pytest.mark.slow

SMALL = ("prompts_per_step=4", "per_device=4", "learning_rate=0.01", "warmup=0", "save_every=2", "evaluate_every=2")


def test_the_answers_that_are_learnt_earn_every_reward(built_dataset: Path, processor: Any) -> None:
    rows = ShardRows(built_dataset, "train", grid_of(processor))
    for row in (rows[i] for i in range(8)):
        columns = {key: [value] for key, value in row.items()}
        reward = description if row["task"] == "description" else grounding
        assert reward([right_answer(row)], **columns)[0] == pytest.approx(1, abs=0.2)  # a box is rounded to pixels
    score = {"mos": 3.44, "solution": "3.44"}
    assert answers.text_of(right_answer(score)) == "<answer>Score: 3.4</answer>"


def test_a_warm_start_learns_is_evaluated_and_is_where_reinforcement_goes_on(
    tiny: Path, built_dataset: Path, ratings: list[str], tmp_path: Path
) -> None:
    said: list[str] = []
    chosen = load("sft", (*SMALL, "data=rft and mos", "max_steps=4", "evaluate_on=6", "lora_rank=4"))
    assert isinstance(chosen, SupervisedRecipe)
    run = tmp_path / "run"
    train(chosen, read_datasets([str(built_dataset), ratings[0]]), str(tiny), run, report=Reporter(said.append))
    entries = run_log.read(run)
    assert entries[-1]["loss"] < entries[0]["loss"]
    assert [entry["step"] for entry in entries if "eval_loss" in entry] == [2, 4]
    assert any("held out: loss" in line for line in said)
    assert models.is_adapter(run / "model")
    second = load("refine-iqa-stage1", ("group_size=2", "prompts_per_step=2", "max_completion=4", "max_steps=1"))
    train(second, read_datasets([str(built_dataset)]), str(run / "model"), tmp_path / "next")


def test_a_recipe_for_reinforcement_and_a_supervised_one_have_keys_of_their_own() -> None:
    with pytest.raises(UserError, match="unknown key 'beta'"):
        load("sft", ("beta=0",))
