"""What the probability-difference reward costs: a Stage 2 step with it over the same step without.

    python -m benchmarks.training [--hidden 256] [--layers 6] [--steps 5]

Rollouts are generated to full length by the model and then replaced by written ones, so that every rollout is
well formed and the reward has all its work to do: the dearest case. Steps with and without alternate in one run,
and beside wall time it prints processor time, which other load on the machine does not touch (on a GPU only wall
time means anything). The model is a random Qwen2.5-VL, large enough for arithmetic to
take the time; generation, scoring, backward pass and optimizer are all in the step.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from transformers.utils.logging import disable_progress_bar

from tests.tiny_vlm import build_tiny
from trainer import models
from trainer.data import prompts
from trainer.data.datasets import read_dataset
from trainer.training import data, recipe
from trainer.training.grpo import RecipeTrainer
from trainer.training.train import reward_function
from trainer.training.trl_settings import backward_passes, grpo_config

THOUGHT = "the picture is a little soft and its shadows are noisy "


class WrittenRollouts(RecipeTrainer):
    """Pays for generation, then takes written rollouts of about the same length."""

    def _generate_single_turn(self, prompt_ids: Any, images: Any, fields: Any, count: int, **rest: Any) -> Any:
        _, chances = super()._generate_single_turn(prompt_ids, images, fields, count, **rest)
        repeats = self.max_completion_length // len(self._tokenizer(THOUGHT)["input_ids"])
        texts = [
            f"<think>{THOUGHT * (repeats - 2 + i % 2)}</think><answer>Score: {i % 8 / 2:.1f}</answer>"
            for i in range(len(prompt_ids))
        ]
        return [[*self._tokenizer(text)["input_ids"], self._tokenizer.eos_token_id] for text in texts], chances


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--hidden", type=int, default=256)
    parser.add_argument("--layers", type=int, default=6)
    parser.add_argument("--tokens", type=int, default=128, help="tokens of a rollout")
    parser.add_argument("--steps", type=int, default=5, help="steps of each kind")
    arguments = parser.parse_args()
    disable_progress_bar()
    with tempfile.TemporaryDirectory() as folder:
        run(arguments, Path(folder))


def run(arguments: argparse.Namespace, folder: Path) -> None:
    texts = [THOUGHT, prompts.prompt("refine-iqa-think.v1"), prompts.prompt("refine-iqa-no-think.v1")] * 20
    model = build_tiny(
        folder / "model", texts, hidden=arguments.hidden, layers=arguments.layers, max_pixels=16 * 28 * 28
    )
    trainers = {weight: trainer_of(model, folder, arguments.tokens, weight) for weight in (0, 1)}
    parameters = sum(parameter.numel() for parameter in trainers[0].model.parameters())
    print(f"{parameters / 1e6:.1f} M parameters, 2 prompts x G=8 a step, up to {arguments.tokens} tokens")
    batches = {weight: iter(trainer.get_train_dataloader()) for weight, trainer in trainers.items()}
    clocks = {"wall": time.perf_counter, "processor": time.process_time}
    times: dict[str, dict[int, list[float]]] = {name: {0: [], 1: []} for name in clocks}
    for step in range(arguments.steps + 1):
        for weight, trainer in trainers.items():
            batch = next(batches[weight])
            starts = {name: clock() for name, clock in clocks.items()}
            trainer.training_step(trainer.model.train(), batch, None)
            trainer.optimizer.step()
            trainer.optimizer.zero_grad()
            if step:  # the first one warms up
                for name, clock in clocks.items():
                    times[name][weight].append(clock() - starts[name])
    for name, measured in times.items():
        without, with_it = (statistics.median(measured[weight]) for weight in (0, 1))
        ratios = [b / a for a, b in zip(measured[0], measured[1], strict=True)]
        print(
            f"{name} time: without {without:.2f} s, with {with_it:.2f} s, ratio {with_it / without:.2f} "
            f"(neighbouring steps {min(ratios):.2f} to {max(ratios):.2f}; aim 1.35)"
        )


def trainer_of(model: Path, folder: Path, tokens: int, weight: int) -> WrittenRollouts:
    photos = folder / "photos"
    photos.mkdir(exist_ok=True)
    rng = np.random.default_rng(0)
    names = [f"{i}.png" for i in range(64)]
    for name in names:
        Image.fromarray(rng.integers(0, 255, (112, 112, 3), dtype=np.uint8)).save(photos / name)
    lines = [f"{name},{i % 10 / 2},train" for i, name in enumerate(names)]
    (photos / "rated.csv").write_text("\n".join(["image,mos,split", *lines]) + "\n")
    settings = ("prompts_per_step=2", "accumulation=1", "per_device=16", f"max_completion={tokens}")
    chosen = recipe.load("refine-iqa-stage2", (*settings, f"rewards.probability={weight}", "warmup=0"))
    processor = models.load_processor(str(model))
    table = read_dataset(f"{photos / 'rated.csv'}:0-5")
    rows, row_datasets = data.as_dataset(data.with_held_out(chosen, [table], models.grid_of(processor))[0])
    trainer = WrittenRollouts(
        chosen,
        row_datasets,
        model=str(model),
        reward_funcs=[reward_function(name, chosen) for name in chosen.weighted_rewards()],
        args=grpo_config(chosen, folder / f"run-{weight}", backward_passes(chosen, 1)),
        train_dataset=rows,
        processing_class=processor,
    )
    trainer.create_optimizer()
    trainer.current_gradient_accumulation_steps = 1
    return trainer


if __name__ == "__main__":
    main()
