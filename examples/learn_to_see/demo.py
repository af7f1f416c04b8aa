"""The trained model on photos of your own, by the commands that any model is evaluated with.

    python -m examples.learn_to_see.demo --photos DIR --out out/demo-train

A dataset is built from crops of the photos, and three models answer for it: the one that ships in ``checkpoint``, one
of the same shape with random weights, and a constant answer. Every command is printed before it runs. In the end stands
what the best single answer, chosen with hindsight, would earn: the model has looked where it is above that.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from examples.learn_to_see import blind, data, model, world
from examples.learn_to_see.unseen import Question
from trainer.evaluation import perception
from trainer.evaluation.measures import Measure
from trainer.evaluation.predictions import read_predictions

CHECKPOINT = Path(__file__).with_name("checkpoint")
LONGEST = ("--max-tokens", 32)
"""Twice a right answer; random weights seldom end theirs before."""


def main() -> None:
    """Build, evaluate, compare, score."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.learn_to_see.demo",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--photos", type=Path, required=True, help="a folder of photos (.jpg, .png, .webp)")
    parser.add_argument("--out", type=Path, required=True, help="where everything is kept")
    parser.add_argument("--crops", type=int, default=60, help="crops that the dataset is made of (60)")
    given = parser.parse_args()
    photos = world.load([path for part in world.split(given.photos) for path in part])
    if not photos:
        parser.error(f"{given.photos}: no .jpg, .png or .webp photo in it")
    dataset = data.shards(photos, given.out / "data", given.crops, part="test")
    untrained, runs = given.out / "random-weights", given.out / "evaluations"
    if not untrained.is_dir():
        model.build(untrained)
    answering = {"trained": CHECKPOINT, "untrained": untrained, "constant": "scripted:constant"}
    for name, who in answering.items():
        _perception20k("evaluate", who, "--data", dataset, "--only", "perception", *LONGEST, "-o", runs / name)
    for name in ("untrained", "constant"):
        _perception20k("compare", runs / name, runs / "trained")
    distorted, boxes = dataset / "images" / "distorted", given.out / "boxes.csv"
    _perception20k("score", CHECKPOINT, distorted, "--task", "boxes", *LONGEST, "-o", boxes)
    _beside_one_answer(runs / "trained")
    print(f"\nLook at {runs / 'trained' / 'index.html'} and {boxes.with_suffix('.html')}")


def _beside_one_answer(run: Path) -> None:
    """Print what the model earned, and what the best answers that look at nothing would have."""
    found = read_predictions(run / "predictions.parquet")
    said = best_answers([prediction.truth for prediction in found])
    unseeing = [replace(prediction, text=said[prediction.truth["task"]]) for prediction in found]
    print("\nBeside the trained model: one answer to every question of a task, the best with hindsight")
    print(*said.values(), sep=" and ", end="\n\n")
    print(f"{'':42}{'trained':>12}{'one answer':>12}")
    for model_s, one_answer_s in zip(perception.measures(found), perception.measures(unseeing), strict=True):
        if model_s.name.endswith((", overall", ", FR", ", NR")):
            print(f"{model_s.name:42}{_number(model_s):>12}{_number(one_answer_s):>12}")


def best_answers(truths: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The single answer to each task that earns most on these questions."""
    described = [truth for truth in truths if truth["task"] == "description"]
    parts = [
        Counter(truth[part] for truth in described).most_common(1)[0][0]
        for part in ("object", "distortion", "severity_label")
    ]
    boxes = [
        Question(truth["scene"], "grounding", truth["mode"], [], [], box=truth["box"])
        for truth in truths
        if truth["task"] == "grounding"
    ]
    return {"description": f"<answer>{' / '.join(parts)}</answer>", "grounding": blind.best(boxes)[0]}


def _number(measure: Measure) -> str:
    value = measure.number
    if value is None:
        return "-"
    return f"{100 * value:.1f} %" if measure.percent else f"{value:.3f}"


def _perception20k(*words: object) -> None:
    command = list(map(str, words))
    print("\nperception20k", *command, flush=True)
    one_thread = {"OMP_NUM_THREADS": "1", **os.environ}  # of a model so small, more would wait for each other
    code = subprocess.run([sys.executable, "-m", "perception20k", *command], env=one_thread, check=False).returncode
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
