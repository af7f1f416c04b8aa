"""A run's directory: prepared for a new run, checked when the same command continues it.

RUN/
  recipe.yaml        the resolved recipe; a resumed run must have the same
  inputs.json        model, data, processes and versions; a resumed run must have the same but for the versions
  missing-images.txt rated images that were not on disk or could not be read, if any
  log.jsonl          what was logged, line by line (trainer.training.run_log)
  samples/           sample pages (trainer.training.samples_page)
  checkpoint-N/      model, optimizer and random state; the newest two
  start/             the merged model that an adapter was trained on, if it continues one
  model/             the trained model, or its adapter, with the processor and a model card
  .lock              held by the process that trains

A run has begun when it has logged a step or saved a checkpoint. Until then the next start may use the directory
with any recipe: a start that failed leaves nothing worth keeping.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path
from typing import Any

from perception20k.core.errors import UserError
from perception20k.core.files import write_json, write_text
from perception20k.core.reporting import Reporter
from trainer import models
from trainer.data.images import write_missing
from trainer.data.mos import MosTable
from trainer.training.recipe import dump, load
from trainer.training.recipe_keys import CommonRecipe
from trainer.training.run_log import path_in

LOCK = ".lock"


def prepare(
    run: Path, recipe: CommonRecipe, inputs: Mapping[str, Any], sources: Mapping[str, MosTable | Path], report: Reporter
) -> None:
    """Write down what a new run is, or check that it is the run that has begun here.

    Raises:
        UserError: something else is in the directory, or the run was begun with another recipe or other inputs.
    """
    saved = run / "recipe.yaml"
    if not saved.is_file() and any(path.name != LOCK for path in run.iterdir()):
        raise UserError(f"{run}: the folder is not empty", "Choose another --out")
    if path_in(run).exists() or any(run.glob("checkpoint-*")):
        _check_same(run, recipe, inputs)
        return
    shutil.rmtree(run / models.START, ignore_errors=True)
    write_text(saved, dump(recipe))
    versions = {name: version(name) for name in ("perception20k", "torch", "transformers", "trl")}
    write_json(run / "inputs.json", {**inputs, "versions": versions})
    tables = [source for source in sources.values() if isinstance(source, MosTable)]
    missing = [f"{table.dataset}\t{name}" for table in tables for name in table.missing]
    write_missing(run, missing, report)


def _check_same(run: Path, recipe: CommonRecipe, inputs: Mapping[str, Any]) -> None:
    saved = run / "recipe.yaml"
    if not saved.is_file() or load(str(saved)) != recipe:  # a key that is new since has its usual value
        raise UserError(f"{run}: it was started with another recipe", f"Continue with {saved}, or choose another --out")
    try:
        before = json.loads((run / "inputs.json").read_text(encoding="utf-8"))
        changed = [name for name, value in inputs.items() if before[name] != value]
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{run}: its inputs.json cannot be read", "Start again in a new --out") from None
    for name in changed:
        what = f"it was started with {name} {before[name]}, not {inputs[name]}"
        raise UserError(f"{run}: {what}", "Continue with the same model, data and number of processes")


def resolved(name: str) -> str:
    """A model or source as it is recorded: what is on disk by its whole path, however it was spelled."""
    if Path(name).exists():
        return str(Path(name).resolve())
    parts = name.split(":")
    paths = [Path(part).exists() and ("/" in part or Path(part).is_file()) for part in parts]
    return ":".join(str(Path(part).resolve()) if path else part for part, path in zip(parts, paths, strict=True))


def steps_of(checkpoint: str) -> int:
    """How many steps were done at a checkpoint."""
    return int(json.loads((Path(checkpoint) / "trainer_state.json").read_text(encoding="utf-8"))["global_step"])


def newest_checkpoint(run: Path, report: Reporter) -> str | None:
    """The newest whole checkpoint of a run; one that a stop cut short is passed over, and said so. None: none is."""
    found = [path for path in run.glob("checkpoint-*") if path.name.removeprefix("checkpoint-").isdecimal()]
    for path in sorted(found, key=lambda path: int(path.name.removeprefix("checkpoint-")), reverse=True):
        if _is_whole(path):
            return str(path)
        report.line(f"warning: {path} is incomplete and is skipped")
    return None


def _is_whole(checkpoint: Path) -> bool:
    """Whether weights, optimizer and state are there, as transformers, DeepSpeed or FSDP writes them."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))  # transformers writes it last
    except (OSError, ValueError):
        return False
    optimizer = any(checkpoint.glob("optimizer*")) or any(checkpoint.glob("global_step*"))
    return optimizer and (models.has_weights(checkpoint) or any(checkpoint.glob("pytorch_model_fsdp*")))
