"""Run by ``torchrun`` from test_train.py: every recipe for two steps on every process, and one run resumed.

    two_processes.py MODEL OUT DATASET RATINGS...

Each process writes OUT/RECIPE-PROCESS.json: the rows and datasets it drew, and a digest of its final weights; for the
resumed run OUT/resumed-PROCESS.json: the rows it drew at the last step and the losses there, whole run and resumed.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

from tests.trainer.scripted import ScriptedTrainer
from tests.trainer.training.test_train import REINFORCED, SMALL, sources_of
from trainer.training import recipe, train


class ReportingTrainer(ScriptedTrainer):
    """Keeps what it draws."""

    last: ReportingTrainer

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.rows: list[str] = []
        self.datasets: list[list[str]] = []
        ReportingTrainer.last = self

    def _generate_and_score_completions(self, inputs: list[dict[str, Any]]) -> dict[str, Any]:
        self.rows += [row["row_id"] for row in inputs]
        self.datasets.append([row["dataset"] for row in inputs])
        return super()._generate_and_score_completions(inputs)


def main(model: str, out: Path, dataset: Path, ratings: list[str]) -> None:
    train.RecipeTrainer = ReportingTrainer
    for name in REINFORCED:
        comparison = ("comparison=2",) if name == "visualquality-r1" else ()
        chosen = recipe.load(name, (*SMALL, *comparison))
        train.train(chosen, sources_of(name, dataset, ratings), model, out / name)
        last = ReportingTrainer.last
        digest = hashlib.sha256()
        for parameter in last.accelerator.unwrap_model(last.model).parameters():
            digest.update(parameter.detach().numpy().tobytes())
        process = last.accelerator.process_index
        report = {
            "recipe": name,
            "process": process,
            "weights": digest.hexdigest(),
            "rows": last.rows,
            "datasets": last.datasets,
        }
        (out / f"{name}-{process}.json").write_text(json.dumps(report))
    resume_in_the_second_epoch(model, out, ratings[:1])


def resume_in_the_second_epoch(model: str, out: Path, ratings: list[str]) -> None:
    """Four steps, two an epoch; then the fourth again, from the checkpoint of the third."""
    run, sources = out / "resumed", sources_of("refine-iqa-stage2", out, ratings)
    chosen = recipe.load("refine-iqa-stage2", (*SMALL, "accumulation=1", "max_steps=4", "save_every=3"))
    train.train(chosen, sources, model, run)
    whole = ReportingTrainer.last
    if whole.accelerator.is_main_process:
        for folder in ("checkpoint-4", "model"):
            shutil.rmtree(run / folder)
    whole.accelerator.wait_for_everyone()
    train.train(chosen, sources, model, run)
    again = ReportingTrainer.last
    entries = [json.loads(line) for line in (run / "log.jsonl").read_text().splitlines()]
    report = {
        "recipe": "resumed",
        "process": again.accelerator.process_index,
        "rows": [whole.rows[-len(again.rows) :], again.rows],
        "losses": [entry["loss"] for entry in entries if entry["step"] == 4 and "loss" in entry],
    }
    (out / f"resumed-{report['process']}.json").write_text(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
