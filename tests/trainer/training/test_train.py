"""Whole runs on a tiny model: every recipe, resumed, with an adapter, on two processes, and refused."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from perception20k.core.errors import UserError
from perception20k.core.lock import held
from perception20k.core.reporting import SILENT, Reporter
from trainer import models
from trainer.data.datasets import read_datasets
from trainer.training import curves, recipe, run_log
from trainer.training.recipe_keys import Recipe
from trainer.training.run_directory import newest_checkpoint
from trainer.training.train import reward_function, train

pytestmark = pytest.mark.slow

SMALL = (
    "group_size=4",
    "prompts_per_step=4",
    "per_device=8",
    "max_completion=12",
    "max_steps=2",
    "warmup=0",
    "learning_rate=0.01",
)
REINFORCED = [name for name in recipe.names() if name != "sft"]


def sources_of(name: str, dataset: Path, ratings: list[str]) -> dict[str, Any]:
    kind = recipe.load(name).data
    return read_datasets([*([str(dataset)] if kind != "mos" else []), *(ratings if kind != "rft" else [])])


def letters(completions: Any, **_: Any) -> list[float]:
    """A reward that a random model earns: the share of the letter e."""
    texts = [completion[0]["content"] for completion in completions]
    return [text.count("e") / (len(text) + 1) for text in texts]


@pytest.mark.parametrize("name", REINFORCED)
def test_every_recipe_trains_and_leaves_a_whole_run(
    name: str, tiny: Path, built_dataset: Path, ratings: list[str], tmp_path: Path
) -> None:
    comparison = ("comparison=2",) if name == "visualquality-r1" else ()
    chosen = recipe.load(name, (*SMALL, *comparison, "save_every=2", "trackers=[tensorboard]"))
    train(chosen, sources_of(name, built_dataset, ratings), str(tiny), tmp_path / "run")
    run = tmp_path / "run"
    assert recipe.load(str(run / "recipe.yaml")) == chosen
    assert [entry["step"] for entry in run_log.read(run)] == [1, 2]
    assert json.loads((run / "inputs.json").read_text())["model"] == str(tiny)
    assert {path.name for path in run.iterdir()} >= {"checkpoint-2", "model", "samples"}
    assert not (run / "README.md").exists()  # TRL's card
    assert f"trained from `{tiny.name}` by the recipe `{name}`" in (run / "model" / "README.md").read_text()
    assert list(run.rglob("events.out.tfevents*"))
    models.load_processor(str(run / "model"))
    assert models.load_model(str(run / "model")).dtype == torch.float32


@pytest.mark.parametrize("name", ["refine-iqa-stage1", "visualquality-r1"])
def test_a_run_is_evaluated_on_held_out_prompts_and_keeps_its_best_checkpoint(
    name: str, tiny: Path, built_dataset: Path, ratings: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for reward in ("description", "grounding", "visualquality_format"):
        monkeypatch.setitem(recipe.REWARDS, reward, letters)
    comparison = ("comparison=2",) if name == "visualquality-r1" else ()
    changes = ("group_size=2", "per_device=2", "beta=0", "save_every=1", "evaluate_every=1", "evaluate_on=4")
    chosen = recipe.load(name, (*SMALL, *changes, *comparison, "max_steps=3"))
    run = tmp_path / "run"
    train(chosen, sources_of(name, built_dataset, ratings), str(tiny), run)
    entries = run_log.read(run)
    held = {entry["step"]: entry["eval_reward"] for entry in entries}
    assert set(held) == {1, 2, 3}
    assert all("reward" in entry for entry in entries)
    best = max(held, key=lambda step: (held[step], -step))
    assert {path.name for path in run.glob("checkpoint-*")} >= {f"checkpoint-{best}", "checkpoint-3"}
    assert any(path.name == "held-out.png" for path in curves.draw(run))


@pytest.mark.parametrize("family", ["Qwen3-VL", "InternVL"])
def test_other_families_are_trained_too(
    family: str, families: dict[str, Path], built_dataset: Path, tmp_path: Path
) -> None:
    changes = ("group_size=2", "per_device=2", "prompts_per_step=4", "max_completion=4", "max_steps=1", "beta=0")
    chosen = recipe.load("refine-iqa-stage1", changes)
    train(chosen, read_datasets([str(built_dataset)]), str(families[family]), tmp_path / "run")
    assert "grad_norm" in run_log.read(tmp_path / "run")[0]
    models.load_model(str(tmp_path / "run" / "model"))


def test_full_and_no_reference_rows_are_mixed_in_one_run(tiny: Path, built_dataset: Path, tmp_path: Path) -> None:
    changes = (*SMALL, "prompts_per_step=16", "max_steps=1", "beta=0")
    train(recipe.load("refine-iqa-stage1", changes), read_datasets([str(built_dataset)]), str(tiny), tmp_path / "run")
    entry = run_log.read(tmp_path / "run")[0]
    modes = {key.rsplit("/", 1)[0] for key in entry if key.endswith("/truncated")}
    assert len(modes) > 2 and {mode.split("/")[1] for mode in modes} == {"fr", "nr"}


def test_a_resumed_run_goes_on_to_the_same_losses(
    tiny: Path, built_dataset: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(recipe.REWARDS, "description", letters)
    monkeypatch.setitem(recipe.REWARDS, "grounding", letters)
    chosen = recipe.load("refine-iqa-stage1", (*SMALL, "max_steps=6", "save_every=2", "beta=0"))
    whole, cut = tmp_path / "whole", tmp_path / "cut"
    train(chosen, read_datasets([str(built_dataset)]), str(tiny), whole)
    shutil.copytree(whole, cut)
    shutil.rmtree(cut / "checkpoint-6")
    shutil.rmtree(cut / "model")
    train(chosen, read_datasets([str(built_dataset)]), str(tiny), cut)
    kept = ("step", "loss", "reward", "grad_norm", "learning_rate")
    expected, got = ([{key: entry[key] for key in kept} for entry in run_log.read(run)] for run in (whole, cut))
    assert got == expected
    assert len({entry["loss"] for entry in got}) > 3
    weights = [models.load_model(str(run / "model")).lm_head.weight for run in (whole, cut)]
    assert torch.equal(*weights)


def test_an_adapter_is_trained_saved_and_taken_up_by_the_next_stage(
    tiny: Path, built_dataset: Path, ratings: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(recipe.REWARDS, "description", letters)
    monkeypatch.setitem(recipe.REWARDS, "grounding", letters)
    first = recipe.load("refine-iqa-stage1", (*SMALL, "lora_rank=2"))
    train(first, read_datasets([str(built_dataset)]), str(tiny), tmp_path / "one")
    adapter = tmp_path / "one" / "model"
    assert (adapter / "adapter_config.json").is_file()
    merged = models.load_model(str(adapter))
    assert not torch.equal(
        merged.model.language_model.layers[0].self_attn.q_proj.weight,
        models.load_model(str(tiny)).model.language_model.layers[0].self_attn.q_proj.weight,
    )
    second = recipe.load("refine-iqa-stage2", (*SMALL, "max_steps=1", "gradient_checkpointing=false"))
    train(second, read_datasets(ratings), str(adapter), tmp_path / "two")
    assert (tmp_path / "two" / "model" / "model.safetensors").is_file()
    third = recipe.load("refine-iqa-stage2", (*SMALL, "max_steps=1", "lora_rank=2", "rewards.probability=0"))
    train(third, read_datasets(ratings), str(adapter), tmp_path / "three")
    assert models.base_of(tmp_path / "three" / "model") == str((tmp_path / "three" / "start").resolve())


def test_an_adapter_is_trained_above_weights_of_four_bits(tiny: Path, ratings: list[str], tmp_path: Path) -> None:
    pytest.importorskip("bitsandbytes")
    changes = (*SMALL, "max_steps=1", "lora_rank=2", "four_bit=true", "rewards.probability=0")
    train(recipe.load("refine-iqa-stage2", changes), read_datasets(ratings), str(tiny), tmp_path / "run")
    assert models.base_of(tmp_path / "run" / "model") == str(tiny.resolve())


@pytest.fixture(scope="module")
def two_processes(
    tiny: Path, built_dataset: Path, ratings: list[str], tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Any]]:
    """All recipes and a resumed run on two processes with scripted rollouts; what each process reports of each."""
    out = tmp_path_factory.mktemp("two")
    launch = "-m torch.distributed.run --standalone --nproc_per_node 2"
    command = [sys.executable, *launch.split(), Path(__file__).with_name("two_processes.py")]
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[3]), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [*command, tiny, out, built_dataset, *ratings], capture_output=True, text=True, env=environment, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return [json.loads(path.read_text()) for path in sorted(out.glob("*.json"))]


def test_all_recipes_run_on_two_processes_with_the_same_weights(two_processes: list[dict[str, Any]]) -> None:
    reports = {(report["recipe"], report["process"]): report for report in two_processes}
    assert len(reports) == 2 * (len(REINFORCED) + 1)
    for name in REINFORCED:
        assert reports[name, 0]["weights"] == reports[name, 1]["weights"]
        assert reports[name, 0]["rows"] != reports[name, 1]["rows"]


def test_a_run_resumed_in_its_second_epoch_draws_the_same_prompts_on_two_processes(
    two_processes: list[dict[str, Any]],
) -> None:
    for report in (report for report in two_processes if report["recipe"] == "resumed"):
        whole, again = report["rows"]
        assert again == whole and len(set(again)) > 1
        first, second = report["losses"]
        assert second == first != 0


def test_every_process_compares_images_of_one_dataset(two_processes: list[dict[str, Any]]) -> None:
    ranked = [report for report in two_processes if report["recipe"] == "visualquality-r1"]
    assert [len(set(batch)) for report in ranked for batch in report["datasets"]] == [1] * 4


@pytest.mark.parametrize(
    ("changes", "expected"),
    [((), [0.691462**0.5, 0.933193**0.5]), (("fidelity=binary",), [1, 1]), (("variance=fixed",), [0.843016, 0.979544])],
)
def test_the_ablations_of_visualquality_r1_are_switches(changes: tuple[str, ...], expected: list[float]) -> None:
    # The images of tests/trainer/rewards/test_thurstone.py. Fixed variance, by
    # Eq. 7: sqrt((Phi(2 / sqrt(2)) + Phi(0)) / 2) = sqrt(0.710675) and sqrt((Phi(4 / sqrt(2)) + Phi(2 / sqrt(2))) / 2)
    # = sqrt(0.959506).
    chosen = recipe.load("visualquality-r1", changes)
    texts = [f"<think>a</think><answer>{score}</answer>" for score in (3, 5, 1, 3)]
    rewards = reward_function("fidelity", chosen)(texts, row_id=["a", "a", "b", "b"], mos=[4.0, 4.0, 2.0, 2.0])
    assert rewards[:2] == pytest.approx(expected, abs=1e-4)


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(UserError) as error:
        call()
    assert "\n" not in str(error.value)
    return str(error.value)


@pytest.mark.parametrize("what", ["no shards", "no image processor", "too little data", "no model"])
def test_bad_input_is_refused_before_any_weight_is_read(
    what: str, tiny: Path, built_dataset: Path, tmp_path: Path
) -> None:
    model, dataset, changes = tmp_path / "model", built_dataset, SMALL
    shutil.copytree(tiny, model)
    (model / "model.safetensors").write_bytes(b"never read")
    if what == "no shards":
        dataset = tmp_path / "empty"
        dataset.mkdir()
    elif what == "no image processor":
        (model / "processor_config.json").unlink()
    elif what == "too little data":
        changes = (*SMALL, "prompts_per_step=100000")
    else:
        shutil.rmtree(model)
    chosen = recipe.load("refine-iqa-stage1", changes)
    message = refused(lambda: train(chosen, read_datasets([str(dataset)]), str(model), tmp_path / "run"))
    expected = {
        "no shards": "no train shards",
        "no image processor": "processor",
        "too little data": "one step takes 100000 prompts",
        "no model": "no usable processor",
    }
    assert expected[what] in message
    assert not (tmp_path / "run").exists()


def test_too_little_to_evaluate_on_is_refused(tiny: Path, ratings: list[str], tmp_path: Path) -> None:
    chosen = recipe.load("visualquality-r1", (*SMALL, "comparison=4", "evaluate_every=100", "evaluate_on=2"))
    message = refused(lambda: train(chosen, read_datasets(ratings), str(tiny), tmp_path / "run"))
    assert "an evaluation takes 4 held-out prompts, and there are 0" in message


def test_nothing_is_overwritten_and_no_other_run_gone_on_with(tiny: Path, built_dataset: Path, tmp_path: Path) -> None:
    chosen, run = recipe.load("refine-iqa-stage1", SMALL), tmp_path / "run"
    run.mkdir()

    def start(recipe: Recipe = chosen) -> str:
        return refused(lambda: train(recipe, read_datasets([str(built_dataset)]), str(tiny), run))

    (run / "notes.txt").write_text("mine")
    assert "the folder is not empty" in start()
    (run / "notes.txt").unlink()
    (run / "recipe.yaml").write_text(recipe.dump(chosen))
    (run / "log.jsonl").write_text('{"step": 1}\n')  # it has begun
    assert "its inputs.json cannot be read" in start()
    other = recipe.load("refine-iqa-stage1", (*SMALL, "beta=0.5"))
    assert "started with another recipe" in start(other)
    with held(run / ".lock", str(run)):
        assert "another process is using it" in start()


@pytest.fixture(scope="module")
def finished(tiny: Path, ratings: list[str], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of four steps with checkpoints at the third and the last."""
    run = tmp_path_factory.mktemp("finished") / "run"
    train(recipe.load("refine-iqa-stage2", RATED), read_datasets(ratings), str(tiny), run)
    return run


RATED = (*SMALL, "accumulation=1", "max_steps=4", "save_every=3", "rewards.probability=0")


@pytest.mark.parametrize("what", ["model", "data", "processes", "prompts"])
def test_a_run_is_not_resumed_with_other_inputs(
    what: str, finished: Path, tiny: Path, ratings: list[str], tmp_path: Path
) -> None:
    run, model, data = tmp_path / "run", tiny, ratings
    shutil.copytree(finished, run)
    inputs = run / "inputs.json"
    if what == "model":
        model = shutil.copytree(tiny, tmp_path / "other")
    elif what == "data":
        data = ratings[:1]
    else:
        inputs.write_text(json.dumps({**json.loads(inputs.read_text()), what: 7}))
    before = inputs.read_bytes()
    chosen = recipe.load("refine-iqa-stage2", RATED)
    message = refused(lambda: train(chosen, read_datasets(data), str(model), run))
    assert f"it was started with {what} " in message
    assert inputs.read_bytes() == before


@pytest.mark.parametrize("torn", ["model.safetensors", "optimizer.pt", "trainer_state.json"])
def test_a_torn_checkpoint_is_passed_over_and_said_so(torn: str, finished: Path, tmp_path: Path) -> None:
    said: list[str] = []
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    assert newest_checkpoint(run, Reporter(said.append)) == str(run / "checkpoint-4")
    (run / "checkpoint-4" / torn).unlink()
    assert newest_checkpoint(run, Reporter(said.append)) == str(run / "checkpoint-3")
    assert said == [f"warning: {run / 'checkpoint-4'} is incomplete and is skipped"]
    (run / "checkpoint-3" / "trainer_state.json").write_text('{"epoch"')
    assert newest_checkpoint(run, Reporter(said.append)) is None


def test_a_resumed_run_leaves_its_inputs_as_they_are(
    finished: Path, tiny: Path, ratings: list[str], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    (run / "checkpoint-4" / "optimizer.pt").unlink()
    old = json.dumps({**json.loads((run / "inputs.json").read_text()), "versions": {"trl": "an older one"}})
    (run / "inputs.json").write_text(old)
    train(recipe.load("refine-iqa-stage2", RATED), read_datasets(ratings), str(tiny), run)
    assert (run / "inputs.json").read_text() == old
    assert newest_checkpoint(run, SILENT) == str(run / "checkpoint-4")


def test_a_failure_before_the_first_step_leaves_room_for_the_next_try(
    tiny: Path, ratings: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen, run = recipe.load("refine-iqa-stage2", (*RATED, "max_steps=1")), tmp_path / "run"
    torn = shutil.copytree(tiny, tmp_path / "torn")
    (torn / "model.safetensors").write_bytes(b"torn")
    with pytest.raises(Exception, match=r"(?i)header"):
        train(chosen, read_datasets(ratings), str(torn), run)
    (torn / "model.safetensors").unlink()
    assert "torn: no weights in it" in refused(lambda: train(chosen, read_datasets(ratings), str(torn), run))

    def out_of_memory(*_: Any, **__: Any) -> None:
        raise RuntimeError("out of memory")

    with monkeypatch.context() as broken, pytest.raises(RuntimeError, match="out of memory"):
        broken.setattr("trainer.training.train.RecipeTrainer.training_step", out_of_memory)
        train(chosen, read_datasets(ratings), str(tiny), run)
    smaller = recipe.load("refine-iqa-stage2", (*RATED, "max_steps=1", "per_device=2"))
    train(smaller, read_datasets(ratings), str(tiny), run)
    assert recipe.load(str(run / "recipe.yaml")) == smaller


def test_a_run_stopped_before_its_first_checkpoint_begins_again(
    finished: Path, tiny: Path, ratings: list[str], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    for path in (*run.glob("checkpoint-*"), run / "model"):
        shutil.rmtree(path)
    expected = run_log.read(run)
    train(recipe.load("refine-iqa-stage2", RATED), read_datasets(ratings), str(tiny), run)
    assert (run / "log.jsonl").read_text().count('"step": 1,') == 2
    assert [entry["loss"] for entry in run_log.read(run)] == [entry["loss"] for entry in expected]


def test_a_run_whose_steps_are_done_is_resumed_to_save_its_model(
    finished: Path, tiny: Path, ratings: list[str], tmp_path: Path
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    weights = (run / "model" / "model.safetensors").read_bytes()
    shutil.rmtree(run / "model")
    log = (run / "log.jsonl").read_bytes()
    train(recipe.load("refine-iqa-stage2", RATED), read_datasets(ratings), str(tiny), run)
    assert (run / "model" / "model.safetensors").read_bytes() == weights
    assert (run / "log.jsonl").read_bytes() == log
    assert {path.name for path in run.glob("checkpoint-*")} == {"checkpoint-3", "checkpoint-4"}


def test_a_run_is_resumed_however_its_model_and_data_are_spelled(
    finished: Path, tiny: Path, ratings: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = tmp_path / "run"
    shutil.copytree(finished, run)
    monkeypatch.chdir(tiny.parent)
    data = [os.path.relpath(text) for text in ratings]
    train(recipe.load("refine-iqa-stage2", RATED), read_datasets(data), f"./{tiny.name}/", run)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("vllm=colocate", "vllm=colocate needs vllm, which is not installed. pip install vllm"),
        ("vllm=server", "vllm=server needs vllm, which is not installed"),
        ("trackers=[swanlab]", "the tracker swanlab cannot be used: SwanLabCallback requires swanlab"),
        ("trackers=[tensorbord]", "unknown tracker 'tensorbord'. Did you mean 'tensorboard'?"),
    ],
)
def test_what_is_not_installed_is_refused_before_anything_is_written(
    change: str, message: str, tiny: Path, ratings: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("trainer.training.train.find_spec", lambda name: None)
    chosen = recipe.load("refine-iqa-stage2", (*RATED, change))
    assert message in refused(lambda: train(chosen, read_datasets(ratings), str(tiny), tmp_path / "run"))
    assert not (tmp_path / "run").exists()


def test_the_command_line_speaks_in_lines(cli: Callable[..., Any], tmp_path: Path) -> None:
    common = ("--data", tmp_path / "none", "--model", tmp_path, "--out", tmp_path / "run")
    done = cli("train", "refine-iqa-stage1", *common, check=False)
    assert done.returncode == 2
    assert done.stderr.strip().splitlines()[-1] == f"perception20k: --data {tmp_path / 'none'}: no such directory"
