"""What we override in TRL, and that Eq. 6 and the probability reward reach the loss."""

from __future__ import annotations

import hashlib
import inspect
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from packaging.version import Version
from trl import GRPOTrainer
from trl import __version__ as trl_version

from tests.trainer.scripted import ScriptedTrainer
from trainer import models
from trainer.data.datasets import read_dataset
from trainer.training import data, train
from trainer.training.advantage import modified_advantage
from trainer.training.recipe import load
from trainer.training.recipe_keys import Recipe
from trainer.training.run_log import RunLog
from trainer.training.trl_settings import backward_passes, grpo_config

pytestmark = pytest.mark.slow

OVERRIDDEN = {
    "_get_train_sampler": "36497afb4d311dc9",
    "_calculate_rewards": "736ae29b083840b5",
    "_generate_and_score_completions": "1fa48922792dcd5c",
}
"""Private methods of TRL that trainer/grpo.py wraps, and the digest of the source they were read at."""


@pytest.mark.parametrize("name", OVERRIDDEN)
def test_trl_has_not_changed_under_our_overrides(name: str) -> None:
    source = inspect.getsource(getattr(GRPOTrainer, name))
    digest = hashlib.sha256(source.encode()).hexdigest()[:16]
    assert digest == OVERRIDDEN[name], (
        f"TRL {trl_version} changed GRPOTrainer.{name}, which trainer/grpo.py wraps. Read the new source, see that "
        f"the wrapper still does what it says, then write {digest!r} here."
    )


def test_the_pinned_range_is_the_one_that_was_read() -> None:
    assert Version("1.16") <= Version(trl_version) < Version("1.17")


def make(recipe: Recipe, tiny: Path, sources: list[str], run: Path, config: Any = None) -> ScriptedTrainer:
    processor = models.load_processor(str(tiny), recipe.max_pixels)
    found = [read_dataset(source) for source in sources]
    rows, names = data.as_dataset(data.with_held_out(recipe, found, models.grid_of(processor))[0])
    return ScriptedTrainer(
        recipe,
        names,
        model=str(tiny),
        reward_funcs=[train.reward_function(name, recipe) for name in recipe.weighted_rewards()],
        args=config or grpo_config(recipe, run, backward_passes(recipe, 1)),
        train_dataset=rows,
        processing_class=processor,
        callbacks=[RunLog(run)],
    )


@pytest.fixture(scope="module")
def scored(tiny: Path, ratings: list[str], tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, dict[str, Any]]:
    """A Stage 2 trainer on scripted rollouts, and the batch it made: 4 prompts with G = 4."""
    run = tmp_path_factory.mktemp("run")
    changes = ("prompts_per_step=4", "accumulation=1", "group_size=4", "max_completion=8", "max_steps=1")
    trainer = make(load("refine-iqa-stage2", changes), tiny, ratings, run)
    batch = next(iter(trainer.get_train_dataloader()))
    trainer.model.train()
    return trainer, trainer._generate_and_score_completions(batch)


def test_the_advantages_are_eq_6_of_the_final_rewards(scored: tuple[Any, dict[str, Any]]) -> None:
    trainer, output = scored
    answer, form, chance = trainer._gathered.T
    assert set(form.tolist()) == {0, 1}  # every other rollout is malformed
    assert (chance[answer + form < 2] == 0).all()  # Eq. 5's gate
    final, right = (answer + form + chance).view(-1, 4), (answer + form == 2).view(-1, 4)
    assert right.any(dim=1).tolist().count(False) > 0  # both branches of Eq. 6 are met
    assert right.any(dim=1).tolist().count(True) > 0
    assert torch.allclose(output["advantages"], modified_advantage(final, right).flatten())


def test_the_log_of_completions_carries_the_new_advantages(scored: tuple[Any, dict[str, Any]]) -> None:
    trainer, output = scored
    assert list(trainer._logs["advantages"]) == pytest.approx(output["advantages"].tolist())


def test_measures_are_logged_by_task_and_mode(scored: tuple[Any, dict[str, Any]]) -> None:
    trainer, _ = scored
    logged = trainer._metrics["train"]
    for name in (
        "score/think/reward",
        "score/think/error",
        "score/think/think_tokens",
        "score/think/truncated",
        "probability/think",
        "probability/reference",
        "probability/counted",
        "groups/none_right",
        "groups/all_right",
    ):
        assert name in logged, name
    assert logged["score/think/truncated"] == [0]
    none_right = (trainer._gathered[:, 0].view(-1, 4) == 1).any(dim=1).logical_not().float().mean().item()
    assert logged["groups/none_right"] == pytest.approx([none_right])


def test_a_sample_page_is_written(scored: tuple[Any, dict[str, Any]]) -> None:
    trainer, _ = scored
    page = Path(trainer.args.output_dir) / "samples" / "step-000000.html"
    assert "a little soft" in page.read_text()


def test_without_eq_6_the_advantages_are_trls(tiny: Path, ratings: list[str], tmp_path: Path) -> None:
    changes = ("prompts_per_step=2", "accumulation=1", "group_size=4", "max_completion=8", "advantage=group")
    trainer = make(load("refine-iqa-stage2", (*changes, "rewards.probability=0")), tiny, ratings, tmp_path)
    trainer.model.train()
    output = trainer._generate_and_score_completions(next(iter(trainer.get_train_dataloader())))
    final = trainer._gathered.sum(1).view(-1, 4)
    expected = (final - final.mean(1, keepdim=True)) / (final.std(1, keepdim=True) + 1e-4)
    assert torch.allclose(output["advantages"], expected.flatten(), atol=1e-5)


def test_a_step_moves_the_weights_and_leaves_a_log(tiny: Path, ratings: list[str], tmp_path: Path) -> None:
    changes = ("prompts_per_step=2", "accumulation=1", "group_size=4", "max_completion=8", "learning_rate=0.01")
    recipe = load("refine-iqa-stage2", (*changes, "max_steps=1", "warmup=0", "schedule=constant"))
    trainer = make(recipe, tiny, ratings, tmp_path)
    before = trainer.model.lm_head.weight.detach().clone()
    trainer.train()
    assert not torch.equal(before, trainer.model.lm_head.weight)
    entries = [json.loads(line) for line in (tmp_path / "log.jsonl").read_text().splitlines()]
    assert entries[0]["step"] == 1
    assert {"loss", "grad_norm", "reward", "rewards/probability/mean"} <= set(entries[0])


def test_the_loss_is_the_token_mean_of_eq_7(scored: tuple[Any, dict[str, Any]]) -> None:
    """On-policy the ratio is 1, so Eq. 7 is the mean of the advantages over all tokens, negated as a loss."""
    trainer, output = scored
    trainer.current_gradient_accumulation_steps = trainer.args.steps_per_generation  # the whole batch in one pass
    loss = trainer._compute_loss(trainer.model, output)
    lengths = output["completion_mask"].sum(1)
    expected = -(output["advantages"] * lengths).sum() / lengths.sum()
    assert loss.item() == pytest.approx(expected.item(), abs=1e-5)


def test_images_made_by_workers_are_those_made_at_once(tiny: Path, built_dataset: Path, tmp_path: Path) -> None:
    changes = ("data=degradation", "rewards.q_insight_score=0", "prompt=null", "mos_range=null", "group_size=2")
    drawn = []
    for workers in (0, 1):
        chosen = load("q-insight", (*changes, "prompts_per_step=4", "beta=0", f"trl.dataloader_num_workers={workers}"))
        trainer = make(chosen, tiny, [str(built_dataset)], tmp_path / str(workers))
        batch = next(iter(trainer.get_train_dataloader()))
        drawn.append([(row["row_id"], row["images"][0].tobytes()) for row in batch])
    assert drawn[0] == drawn[1]


def test_the_reference_is_held_in_bfloat16_where_computing_is(
    tiny: Path, ratings: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sharded: list[torch.dtype] = []  # FSDP takes it over here, and in this precision

    def prepared(self: Any, model: Any, **how: Any) -> Any:
        sharded.append(model.dtype)
        return model

    monkeypatch.setattr("accelerate.Accelerator.prepare_model", prepared)
    chosen = load("visualquality-r1", ("group_size=2", "prompts_per_step=2", "comparison=2"))
    config = grpo_config(chosen, tmp_path, backward_passes(chosen, 1))
    assert make(chosen, tiny, ratings, tmp_path, config).ref_model.dtype == torch.float32
    config.bf16 = True
    trainer = make(chosen, tiny, ratings, tmp_path, config)
    assert (trainer.ref_model.dtype, trainer.model.dtype) == (torch.bfloat16, torch.float32)
    assert sharded == [torch.float32, torch.bfloat16]
