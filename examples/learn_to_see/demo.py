"""The trained model on photos of your own, by the commands that any model is evaluated with.

    python -m examples.learn_to_see.demo --photos DIR --out out/demo-train

A dataset is built from crops of the photos, and three models answer for it: the one that ships in ``checkpoint``, one
of the same shape with random weights, and the constant answer. Every command is printed before it runs.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from pathlib import Path

from examples.learn_to_see import data, model, world

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
    print(f"\nLook at {runs / 'trained' / 'index.html'} and {boxes.with_suffix('.html')}")


def _perception20k(*words: object) -> None:
    command = list(map(str, words))
    print("\nperception20k", *command, flush=True)
    code = subprocess.run([sys.executable, "-m", "perception20k", *command], check=False).returncode
    if code:
        sys.exit(code)


if __name__ == "__main__":
    main()
