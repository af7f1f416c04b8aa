"""A small model learns to see, and is asked about photos it has never seen.

    python -m examples.learn_to_see --photos DIR --out out/learn_to_see

Any folder of photos will do, best a hundred or more; a third of them is never trained on. In order:

look        the vision tower learns to tell distortions apart, as a classifier
compare     the whole model learns to find them between a crop and its source
supervise   the whole model learns to describe, to ground and to score
stage1      GRPO by refine-iqa-stage1, three seeds from the one supervised start
stage2      GRPO by refine-iqa-stage2 on rated crops, from the supervised start and from what Stage 1 made of it
report      tables and pictures, in OUT/report

Each piece keeps its state: the same command goes on where it was stopped. ``--only`` does one piece, so that seeds can
run beside each other. Set OMP_NUM_THREADS=1 where several run at once.
"""

from __future__ import annotations

import argparse
import json
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from examples.learn_to_see import compare, data, look, model, pictures, report, supervise, unseen, world
from examples.learn_to_see.fit import RANK, wait_for_all
from examples.learn_to_see.reinforce import DECODINGS, answers_by_step, reinforce
from trainer import models

PIECES = ("look", "compare", "supervise", "stage1", "stage2", "report")
ARMS = ("Stage 2 alone", "Stage 1, then Stage 2")


class Experiment:
    """The photos, the questions about those never seen, and where everything lies.

    Args:
        arguments: the command line's.
    """

    def __init__(self, arguments: argparse.Namespace) -> None:
        self.sizes, self.out, self.seeds = arguments, arguments.out, arguments.seeds
        self.out.mkdir(parents=True, exist_ok=True)
        seen, held_out = world.split(arguments.photos)
        self.seen, self.held_out = world.load(seen), world.load(held_out)
        names = {"seen": [path.name for path in seen], "unseen": [path.name for path in held_out]}
        (self.out / "photos.json").write_text(json.dumps(names, indent=1))
        self.questions = unseen.perception(self.held_out, arguments.samples)
        self.ratings = unseen.ratings(self.held_out, arguments.samples)

    def look(self) -> None:
        """Leaves ``looked``, the model with a vision tower that has learnt to look."""
        if not RANK and not (self.out / "random").is_dir():
            model.build(self.out / "random")
        wait_for_all()
        steps = {"steps": self.sizes.look_steps, "batch": 24}
        looker = look.teach(self.out / "random", self.seen, self.out / "look.pt", **steps)
        network, processor = _loaded(self.out / "random")
        network.model.visual.load_state_dict(looker.visual.state_dict())
        self._tell("look", look.accuracy(looker, processor, self._mosaics()))
        _save(network, processor, self.out / "looked")

    def compare(self) -> None:
        """Leaves ``compared``, the model that has learnt to compare."""
        steps = {"steps": self.sizes.compare_steps, "batch": 24}
        learner = compare.teach(self.out / "looked", self.seen, self.out / "compare.pt", **steps)
        processor = _loaded(self.out / "looked")[1]
        self._tell("compare", compare.accuracy(learner, processor, self._mosaics()))
        _save(learner.network, processor, self.out / "compared")

    def supervise(self) -> None:
        """Leaves ``supervised``, the model that all reinforcement starts from."""
        steps = {"steps": self.sizes.supervised // 32, "batch": 32}
        network = supervise.teach(self.out / "compared", self.seen, self.out / "supervise.pt", **steps)
        _save(network, _loaded(self.out / "compared")[1], self.out / "supervised")

    def stage1(self) -> None:
        """Leaves a run for each seed."""
        source = data.shards(self.seen, self.out / "shards", self.sizes.crops)
        for seed in self.seeds:
            changes = self._changes(seed, self.sizes.stage1_steps, beta=0)
            run = self.out / f"stage1-{seed}"
            start = self.out / "supervised"
            reinforce("refine-iqa-stage1", str(source), start, run, self.questions, changes, self.sizes.every)
            self._blindly(run, self.questions)

    def stage2(self) -> None:
        """Leaves two runs for each seed: with and without Stage 1 before it."""
        source = data.ratings(self.seen, self.out / "rated", self.sizes.rated)
        for seed in self.seeds:
            for arm, start in zip(ARMS, (self.out / "supervised", self.out / f"stage1-{seed}" / "model"), strict=True):
                changes = self._changes(seed, self.sizes.stage2_steps, accumulation=1)
                run = self._arm(arm, seed)
                reinforce("refine-iqa-stage2", source, start, run, self.ratings, changes, self.sizes.every)
                self._blindly(run, self.ratings)

    def report(self) -> None:
        """Leaves ``report``: the tables of what has been run so far, and pictures of the first seed."""
        folder = self.out / "report"
        folder.mkdir(exist_ok=True)
        runs = {seed: self.out / f"stage1-{seed}" for seed in self.seeds}
        runs = {seed: run for seed, run in runs.items() if (run / "shuffled.json").is_file()}
        arms = {arm: {seed: self._arm(arm, seed) for seed in self.seeds} for arm in ARMS}
        arms = {arm: {s: run for s, run in of.items() if (run / "shuffled.json").is_file()} for arm, of in arms.items()}
        found = {}
        if runs:
            shuffled = {seed: json.loads((run / "shuffled.json").read_text()) for seed, run in runs.items()}
            found["Stage 1 on unseen photos"] = report.stage_1(self.questions, runs, shuffled)
            found["Stage 1, what reinforcement added"] = report.gains(self.questions, _named(runs))
            for decoding in DECODINGS:
                steps = report.over_steps(self.questions, _named(runs), decoding)
                found[f"Stage 1, step by step, {decoding} answers"] = steps
            found["Choices right"] = report.choices(self.questions, _named(runs))
            said = _last(next(iter(runs.values())))
            report.confusion(self.questions, said).draw(folder / "confusion.png")
            pictures.curves(self.questions, _named(runs), folder / "learning.png")
            pictures.unseen_samples(self.questions, said, folder / "unseen.png")
        if any(arms.values()):
            found["Stage 2 on unseen photos"] = report.stage_2(self.ratings, arms)
            named = {f"{arm}, seed {seed}": run for arm, of in arms.items() for seed, run in of.items()}
            found["Stage 2, step by step"] = report.over_steps(self.ratings, named)
        text = "\n\n".join(f"## {title}\n\n{table}" for title, table in found.items())
        (folder / "report.md").write_text(text + "\n", encoding="utf-8")
        print(text)

    def _mosaics(self) -> list[look.Mosaic]:
        return look.draw_mosaics(self.held_out, world.draw_for("mosaics"), self.sizes.mosaics)

    def _tell(self, piece: str, right: dict[str, float]) -> None:
        if not RANK:
            (self.out / f"{piece}.json").write_text(json.dumps(right))
            print(f"{piece}: right classes on unseen photos, of 13: {right}", flush=True)

    def _changes(self, seed: int, steps: int, **more: Any) -> dict[str, Any]:
        """A recipe at this size, with an adapter: a step is faster, and descriptions do not get worse at first."""
        return {
            "seed": seed,
            "max_steps": steps,
            "learning_rate": 1e-3,
            "lora_rank": 4,
            "prompts_per_step": self.sizes.prompts,
            "per_device": 8 * self.sizes.prompts,
            "max_completion": 32,
            "gradient_checkpointing": "false",
            "save_every": self.sizes.every,
            "samples_every": max(1, steps // 5),
            **more,
        }

    def _arm(self, arm: str, seed: int) -> Path:
        return self.out / f"stage2-{'alone' if arm == ARMS[0] else 'after'}-{seed}"

    def _blindly(self, run: Path, questions: Sequence[unseen.Question]) -> None:
        """The trained model's answers with the images of other photos."""
        if not (run / "shuffled.json").is_file():
            network, processor = _loaded(run / "model")
            said = unseen.ask(network.eval(), processor, unseen.shuffled(questions))
            (run / "shuffled.json").write_text(json.dumps(said))


def main() -> None:
    """Do the pieces asked for, in their order."""
    parser = argparse.ArgumentParser(
        prog="python -m examples.learn_to_see",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--photos", type=Path, required=True, help="a folder of photos (.jpg, .png, .webp)")
    parser.add_argument("--out", type=Path, required=True, help="where everything is kept")
    parser.add_argument("--only", choices=PIECES, nargs="+", default=PIECES, help="only these pieces")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="of the reinforcement (0 1 2)")
    sizes = parser.add_argument_group("sizes")
    sizes.add_argument("--look-steps", type=int, default=1000, help="steps of 24 crops for the vision tower (1000)")
    sizes.add_argument("--compare-steps", type=int, default=1000, help="steps of 24 crops for the whole model (1000)")
    sizes.add_argument("--mosaics", type=int, default=400, help="unseen mosaics that both are measured on (400)")
    sizes.add_argument("--supervised", type=int, default=40_000, help="supervised questions (40000)")
    sizes.add_argument("--crops", type=int, default=1000, help="crops that the shards are made of (1000)")
    sizes.add_argument("--rated", type=int, default=2000, help="rated crops (2000)")
    sizes.add_argument("--prompts", type=int, default=8, help="prompts of a GRPO step, eight rollouts each (8)")
    sizes.add_argument("--stage1-steps", type=int, default=500, help="GRPO steps of Stage 1 (500)")
    sizes.add_argument("--stage2-steps", type=int, default=150, help="GRPO steps of Stage 2 (150)")
    sizes.add_argument("--every", type=int, default=50, help="steps between looks at the unseen photos (50)")
    sizes.add_argument("--samples", type=int, default=8, help="questions of each kind about an unseen photo (8)")
    arguments = parser.parse_args()
    warnings.filterwarnings("ignore", "The given NumPy array is not writable")
    experiment = Experiment(arguments)
    for piece in PIECES:
        if piece in arguments.only:
            getattr(experiment, piece)()


def _loaded(path: Path) -> tuple[Any, Any]:
    return models.load_model(str(path)), models.load_processor(str(path))


def _save(network: Any, processor: Any, path: Path) -> None:
    if not RANK:
        network.save_pretrained(path)
        processor.save_pretrained(path)
    wait_for_all()


def _named(runs: dict[int, Path]) -> dict[str, Path]:
    return {f"seed {seed}": run for seed, run in runs.items()}


def _last(run: Path) -> list[str]:
    kept = answers_by_step(run)
    return kept[max(kept)]


if __name__ == "__main__":
    main()
