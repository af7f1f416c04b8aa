"""A tiny model learns, from nothing, in minutes on two CPU cores.

    python -m examples.learn_tiny --out out/learn_tiny

The photos that ship with the project are shrunk to what a tiny eye can see, and ``perception20k build`` makes a
dataset of them. Two demonstrations:

1. Stage 1. A random Qwen2.5-VL first learns, by supervision, answers of the right form with *random* content: it
   masters the format and knows nothing. Then GRPO by ``refine-iqa-stage1``: all it comes to know, it learns from
   its rewards. The dataset is small enough to be learnt by heart; half a million weights do not learn to see.
2. Stage 2. The photos get noise of one severity each and are rated by it. Supervised learning gives thoughts of
   random length whose words go with the score they end in, while neither goes with the picture. Then GRPO by
   ``refine-iqa-stage2``, once with the probability-difference reward and once without: the share of right scores
   and the length of the thoughts, beside each other.

Leaves ``rewards.png``, ``answers.png`` and ``thinking.png`` in ``--out``, beside the runs with their logs and sample
pages.
"""

from __future__ import annotations

import argparse
import csv
import json
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import numpy as np
import torch
from PIL import Image

from distortions import GROUPS, SEVERITIES, distort
from perception20k.core.seeding import keyed_rng
from tests.tiny_vlm import build_tiny
from trainer import models
from trainer.data import prompts
from trainer.data.datasets import read_datasets
from trainer.data.rows import Row, ShardRows
from trainer.training import data, recipe, run_log
from trainer.training.curves import plot
from trainer.training.train import train

SIDE = 140
"""Longest side of the photos, in pixels."""

PIXELS = 20 * 28 * 28
"""Most pixels the tiny model is given of an image: 20 visual tokens."""

CONFIG = """\
sources: [photos/]
annotations: {coco: photos/instances.json}
score: null
samples_per_object: 1
filters: {min_side: 20}
test_fraction: 0.1
seed: 1
"""

WORDS = {
    1: ["nothing disturbs", "clean and sharp"],
    2: ["a slight flaw", "a little soft"],
    3: ["a visible flaw", "rather soft"],
    4: ["strong damage", "hard to look at"],
    5: ["ruined", "hardly anything left"],
}
"""What a thought says at each severity."""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--out", type=Path, required=True, help="a new directory")
    parser.add_argument("--stage", type=int, choices=(1, 2), help="only this one")
    parser.add_argument("--passes", type=int, default=60, help="supervised passes, until the form is mastered (60)")
    parser.add_argument("--steps", type=int, default=300, help="GRPO steps of each run (300)")
    arguments = parser.parse_args()
    torch.manual_seed(0)
    dataset = build_dataset(arguments.out)
    if arguments.stage != 2:
        stage_1(dataset, arguments.out, arguments.passes, arguments.steps)
    if arguments.stage != 1:
        stage_2(dataset, arguments.out, arguments.passes, arguments.steps)


def stage_1(dataset: Path, out: Path, passes: int, steps: int) -> None:
    """Format by supervision, content by reward."""
    model = out / "stage1-start"
    chosen = recipe.load("refine-iqa-stage1", changes(steps, max_completion=32, learning_rate=7e-4))
    rows = ShardRows(dataset, "train", models.Grid(28, 28 * 28, PIXELS))
    shown = [rows[i] for i in range(len(rows.datasets))]
    texts = [text_of(row) for row in shown] + [row["solution"] for row in shown] * 5
    build_tiny(model, texts, hidden=128, vision_hidden=64, vocabulary=600, max_pixels=PIXELS)
    supervise(model, shown, lambda row, draw: random_answer(row, shown, draw), passes)
    train(chosen, read_datasets([str(dataset)]), str(model), out / "stage1")
    entries = run_log.read(out / "stage1")
    tasks = [f"{task}/{mode}/reward" for task in ("description", "grounding") for mode in ("fr", "nr")]
    plot(out / "rewards.png", "Stage 1: reward by task and mode", lines(entries, tasks))
    report(entries, tasks)


def stage_2(dataset: Path, out: Path, passes: int, steps: int) -> None:
    """Thinking with and without the probability-difference reward."""
    ratings = rate(ShardRows(dataset, "train", models.Grid(28, 28 * 28, PIXELS)), out / "rated")
    sources = read_datasets([ratings])
    settings = changes(steps, max_completion=96, learning_rate=7e-4)
    think = recipe.load("refine-iqa-stage2", settings)
    rows = data.training_rows(think, list(sources.values()), models.Grid(28, 28 * 28, PIXELS))[0]
    shown = [rows[i] for i in range(len(rows.datasets))]
    short = [{**row, "prompt": prompts.ask("refine-iqa-no-think.v1"), "mode": "no-think"} for row in shown]
    model = out / "stage2-start"
    texts = [text_of(shown[0]), text_of(short[0])] * 20
    texts += [random_thought(row, keyed_rng("text", i)) for i, row in enumerate(shown + short)] * 5
    build_tiny(model, texts, hidden=128, vision_hidden=64, vocabulary=600, max_pixels=PIXELS)
    supervise(model, shown * 2 + short, random_thought, passes)
    right, length = "rewards/answer/mean", "score/think/think_tokens"
    curves: dict[str, dict[str, list[tuple[int, float]]]] = {right: {}, length: {}}
    for name, weight in (("with the probability difference", 1), ("without it", 0)):
        run = out / ("stage2-pd" if weight else "stage2-no-pd")
        chosen = recipe.load("refine-iqa-stage2", (*settings, f"rewards.probability={weight}"))
        train(chosen, sources, str(model), run)
        entries = run_log.read(run)
        for key, curve in lines(entries, list(curves)).items():
            curves[key][name] = curve
        print(name)
        report(entries, [right, "probability/think", "probability/reference", length])
    plot(out / "answers.png", "Stage 2: share of right scores", curves[right])
    plot(out / "thinking.png", "Stage 2: tokens of the think part", curves[length])


def changes(steps: int, **more: Any) -> tuple[str, ...]:
    """The recipe at the tiny model's size: 8 prompts a step with G = 8, in one pass, without a reference model."""
    settings = {
        "max_steps": steps,
        "beta": 0,
        "accumulation": 1,
        "per_device": 64,
        "gradient_checkpointing": "false",
        "samples_every": max(1, steps // 4),
        "save_every": steps,
        **more,
    }
    return tuple(f"{key}={value}" for key, value in settings.items())


def supervise(model: Path, rows: Sequence[Row], write: Callable[[Row, Any], str], passes: int) -> None:
    """Plain next-token learning of what ``write`` answers to each row; the model is saved in place."""
    processor, network = models.load_processor(str(model)), models.load_model(str(model)).train()
    optimizer = torch.optim.AdamW(network.parameters(), lr=2e-3)
    for turn in range(passes):
        draw = keyed_rng("supervise", turn)
        order, losses = draw.permutation(len(rows)), []
        for start in range(0, len(order), 16):
            batch = [rows[i] for i in order[start : start + 16]]
            loss = network(**encode(processor, batch, [write(row, draw) for row in batch])).loss
            loss.backward()
            torch.nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(loss.item())
        print(f"supervised pass {turn + 1}/{passes}: loss {np.mean(losses):.3f}", flush=True)
    network.save_pretrained(model)


def encode(processor: Any, rows: Sequence[Row], answers: Sequence[str]) -> dict[str, torch.Tensor]:
    """A batch for supervised learning; only the answers' tokens count."""
    prompts = [filled(row) for row in rows]
    spoken = [[*prompt, {"role": "assistant", "content": text}] for prompt, text in zip(prompts, answers, strict=True)]
    options: dict[str, Any] = {"tokenize": True, "return_dict": True}
    starts = processor.apply_chat_template(prompts, add_generation_prompt=True, **options)["input_ids"]
    padded = {"padding": True, "padding_side": "right", "return_tensors": "pt"}
    whole = processor.apply_chat_template(spoken, processor_kwargs=padded, **options)
    labels = whole["input_ids"].masked_fill(whole["attention_mask"] == 0, -100)
    for label, start in zip(labels, starts, strict=True):
        label[: len(start)] = -100
    return {**whole, "labels": labels}


def filled(row: Row) -> list[dict[str, Any]]:
    """The row's prompt with its images in it."""
    images = iter(row["images"])
    fill = [
        {
            **message,
            "content": [{**p, "image": next(images)} if p["type"] == "image" else p for p in message["content"]],
        }
        for message in row["prompt"]
    ]
    return fill


def text_of(row: Row) -> str:
    return "".join(part.get("text", "") for message in row["prompt"] for part in message["content"])


def random_answer(row: Row, rows: Sequence[Row], draw: Any) -> str:
    """The right form with content drawn at random: any label, an object the prompt names, another row's box."""

    def one_of(names: Sequence[str]) -> str:
        return names[draw.integers(len(names))]

    if row["task"] == "grounding":
        moved = [value + draw.integers(-8, 9) for value in rows[draw.integers(len(rows))]["box"]]
        return "<answer>" + ",".join(str(max(0, round(value))) for value in moved) + "</answer>"
    named = [name for name in sorted({r["object"] for r in rows}) if name in text_of(row)]
    return f"<answer>{one_of(named)} / {one_of([*GROUPS.values()])} / {one_of(SEVERITIES)}</answer>"


def random_thought(row: Row, draw: Any) -> str:
    """A thought of 2 to 8 remarks, all for one severity drawn at random, and a score that goes with it."""
    severity = int(draw.integers(1, 6))
    score = min(max(5.4 - severity + draw.uniform(-0.4, 0.4), 0), 4.9)
    if row["mode"] == "no-think":
        return f"<answer>Score: {score:.1f}</answer>"
    said = [WORDS[severity][draw.integers(2)] for _ in range(draw.integers(2, 9))]
    return f"<think>{', '.join(said)}.</think><answer>Score: {score:.1f}</answer>"


def build_dataset(out: Path) -> Path:
    """`perception20k build` on the photos that ship with it, shrunk so that a tiny eye sees them pixel by pixel."""
    photos = Path(str(files("perception20k") / "sample"))
    coco = json.loads((photos / "instances.json").read_text())
    small = out / "photos"
    small.mkdir(parents=True)
    scales = {}
    for image in coco["images"]:
        if (photos / image["file_name"]).is_file():
            with Image.open(photos / image["file_name"]) as photo:
                scales[image["id"]] = SIDE / max(photo.size)
                photo.convert("RGB").resize([round(s * scales[image["id"]]) for s in photo.size]).save(
                    small / Path(image["file_name"]).with_suffix(".png")
                )
            image["file_name"] = str(Path(image["file_name"]).with_suffix(".png"))
            image["width"], image["height"] = (round(image[key] * scales[image["id"]]) for key in ("width", "height"))
    coco["images"] = [image for image in coco["images"] if image["id"] in scales]
    coco["annotations"] = [note for note in coco["annotations"] if note["image_id"] in scales]
    for note in coco["annotations"]:
        note["bbox"] = [int(value * scales[note["image_id"]]) for value in note["bbox"]]
    (small / "instances.json").write_text(json.dumps(coco))
    config = out / "config.yaml"
    config.write_text(CONFIG)
    build = [sys.executable, "-m", "perception20k", "build", config, "--out", out / "dataset", "--workers", "2"]
    subprocess.run(build, check=True)
    return out / "dataset"


def rate(shards: ShardRows, folder: Path) -> str:
    """Two crops of every source photo, noisy at a severity of the photo's own, rated by that severity."""
    folder.mkdir(parents=True)
    with (folder / "rated.csv").open("w", newline="") as stream:
        table = csv.writer(stream)
        table.writerow(["image", "mos", "split"])
        for i, (image_id, index) in enumerate(shards.originals().items()):
            photo, severity = shards.original(index), i % 5 + 1
            for left in (0, photo.width // 8):
                crop = photo.crop((left, 0, left + photo.width * 7 // 8, photo.height))
                name = f"{image_id}-{left}.png"
                Image.fromarray(distort(np.asarray(crop), "noise_gaussian_RGB", severity)).save(folder / name)
                table.writerow([name, f"{5.4 - severity:.1f}", "train"])
    return f"{folder / 'rated.csv'}:0-5"


def lines(entries: Sequence[dict[str, Any]], keys: Sequence[str]) -> dict[str, list[tuple[int, float]]]:
    return {key: [(entry["step"], entry[key]) for entry in entries if entry.get(key) is not None] for key in keys}


def report(entries: Sequence[dict[str, Any]], keys: Sequence[str]) -> None:
    """The mean over the first and the last tenth of a run."""
    for key, points in lines(entries, keys).items():
        values = [value for _, value in points]
        span = max(1, len(values) // 10)
        if values:
            print(f"{key}: {np.mean(values[:span]):.3f} -> {np.mean(values[-span:]):.3f}", flush=True)


if __name__ == "__main__":
    main()
