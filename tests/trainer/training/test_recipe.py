"""Recipes: the papers' numbers, a user's own file, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from perception20k.core.errors import UserError
from trainer.data import prompts
from trainer.training.recipe import dump, load, names
from trainer.training.recipe_keys import Recipe


def test_the_papers_recipes_ship_with_the_project() -> None:
    assert names() == ["q-insight", "refine-iqa-stage1", "refine-iqa-stage2", "sft", "visualquality-r1"]


@pytest.mark.parametrize("name", names())
def test_a_recipe_survives_being_written_and_read(name: str, tmp_path: Path) -> None:
    recipe = load(name)
    path = tmp_path / "recipe.yaml"
    path.write_text(dump(recipe))
    assert load(str(path)) == recipe
    assert recipe.prompt is None or prompts.prompt(recipe.prompt)


def test_table_7_of_refine_iqa() -> None:
    first, second = load("refine-iqa-stage1"), load("refine-iqa-stage2")
    for recipe in (first, second):
        assert (recipe.group_size, recipe.prompts_per_step, recipe.weight_decay) == (8, 8, 0)
        assert (recipe.schedule, recipe.warmup, recipe.max_pixels) == ("cosine", 0.03, 1920 * 1080)
    assert (first.learning_rate, first.epochs, first.accumulation, first.think) == (1e-5, 1, 1, False)
    assert (second.learning_rate, second.epochs, second.accumulation, second.think) == (1e-6, 3, 2, True)
    assert (second.loss, second.beta, second.advantage) == ("dapo", 0, "refine-iqa")
    assert second.rewards == {"answer": 1, "format": 1, "probability": 1}


def test_the_other_papers_numbers() -> None:
    insight, ranked = load("q-insight"), load("visualquality-r1")
    assert insight.rewards == {
        "q_insight_format": 1,
        "q_insight_score": 1,
        "degradation_class": 0.25,
        "degradation_level": 0.75,
    }
    assert (insight.group_size, insight.beta, insight.learning_rate, insight.epochs) == (8, 0.001, 1e-6, 10)
    assert insight.prompts_per_step * insight.group_size == 128  # completions: 16 GPUs x 8 in the authors' script
    assert (ranked.group_size, ranked.beta, ranked.comparison, ranked.mos_range) == (6, 0.04, 8, None)


def test_an_own_recipe_starts_from_a_papers(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("base: refine-iqa-stage2\nname: mine\nepochs: 1\nrewards: {probability: 0}\n")
    mine = load(str(path), ("advantage=group", "rewards.answer=0.5"))
    assert (mine.name, mine.epochs, mine.advantage, mine.prompts_per_step) == ("mine", 1, "group", 8)
    assert mine.weighted_rewards() == {"answer": 0.5, "format": 1}


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("epohcs=2", "unknown key 'epohcs'. Did you mean 'epochs'?"),
        ("epochs=two", "epochs: expected int, not 'two'"),
        ("epochs=0", "epochs must be at least 1"),
        ("epochs", "expected key=value"),
        ("loss=dpao", "Did you mean 'dapo'?"),
        ("rewards.anwser=1", "unknown reward 'anwser'. Did you mean 'answer'?"),
        ("group_size=1", "group_size must be at least 2"),
        ("rewards.answer=0", "advantage must be group without answer and format"),
        ("mos_range=[0]", "expected 2 values"),
        ("temperature=0", "temperature must be above 0"),
        ("clip=-1", "clip must be above 0"),
        ("rewards.format=-1", "rewards: format must be at least 0"),
        ("warmup=3", "warmup must be below the number of epochs"),
        ("vllm_memory=1.5", "vllm_memory must be at most 1"),
        ("mos_range=null", "mos_range must be [0, 5], the scale of the reward 'answer'"),
        ("mos_range=[0, 100]", "mos_range must be [0, 5]"),
        ("mos_range=[5, 0]", "mos_range must be two numbers, the low end first"),
        ("rewards.description=[1", "--set rewards.description=[1: the value is not YAML"),
        ("name=2026-13-45", "the value is not YAML"),
        ("prompt=refine-iqa-thnk.v1", "prompt: no prompt 'refine-iqa-thnk.v1'. Did you mean 'refine-iqa-think.v1'?"),
        ("system=nope", "system: no prompt 'nope'"),
        ("evaluate_every=50", "evaluate_every must be a multiple of save_every"),
        ("name.foo=1", "--set name.foo=1: name has no keys below it"),
    ],
)
def test_a_wrong_change_is_refused_in_a_line(change: str, message: str) -> None:
    with pytest.raises(UserError) as error:
        load("refine-iqa-stage2", (change,))
    assert message in str(error.value)
    assert error.value.code == 2


def test_an_unknown_recipe_gets_a_suggestion(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="Did you mean 'refine-iqa-stage2'"):
        load("refine-iqa-stag2")
    with pytest.raises(UserError, match="no such recipe file"):
        load(str(tmp_path / "none.yaml"))
    (tmp_path / "bad.yaml").write_text("a: [")
    with pytest.raises(UserError, match="not a YAML file"):
        load(str(tmp_path / "bad.yaml"))


def test_the_degradation_task_alone_needs_no_mos_table() -> None:
    alone = load("q-insight", ("rewards.q_insight_score=0", "data=degradation", "mos_range=null", "prompt=null"))
    assert set(alone.weighted_rewards()) == {"q_insight_format", "degradation_class", "degradation_level"}


def test_switched_off_rewards_do_not_count() -> None:
    off = load("refine-iqa-stage2", ("rewards.probability=0",))
    assert isinstance(off, Recipe)
    assert list(off.weighted_rewards()) == ["answer", "format"]


def test_the_scale_of_the_mos_is_free_where_no_reward_needs_one() -> None:
    assert load("visualquality-r1", ("rewards.format=1",)).mos_range is None
    assert load("visualquality-r1", ("mos_range=[0, 100]",)).mos_range == (0, 100)
    with pytest.raises(UserError, match=r"mos_range must be \[1, 5\], the scale of the reward 'q_insight_score'"):
        load("q-insight", ("mos_range=[0, 5]",))


@pytest.mark.parametrize("value", ["off", "'off'", "colocate", "server"])
def test_vllm_is_switched_by_plain_words(value: str, tmp_path: Path) -> None:
    assert load("refine-iqa-stage2", (f"vllm={value}",)).vllm == value.strip("'")
    path = tmp_path / "mine.yaml"
    path.write_text(f"base: refine-iqa-stage2\nvllm: {value}\n")
    assert load(str(path)).vllm == value.strip("'")


def test_rewards_that_are_no_mapping_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("base: refine-iqa-stage2\nrewards: [answer]\n")
    with pytest.raises(UserError, match="rewards: expected keys and values"):
        load(str(path))


def test_a_number_may_be_written_with_an_exponent_alone(tmp_path: Path) -> None:
    assert load("refine-iqa-stage2", ("learning_rate=1e-4",)).learning_rate == 1e-4
    path = tmp_path / "mine.yaml"
    path.write_text("base: refine-iqa-stage2\nlearning_rate: 2E-5\nname: 1e-x\n")
    assert (load(str(path)).learning_rate, load(str(path)).name) == (2e-5, "1e-x")
