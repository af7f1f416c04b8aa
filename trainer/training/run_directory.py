"""A run's directory: claimed by a new run, checked and gone on from by a resumed one.

RUN/
  recipe.yaml        the resolved recipe; a resumed run must have the same
  inputs.json        model, data, processes and versions; a resumed run must have the same but for the versions
  missing-images.txt rated images that were not on disk, if any
  log.jsonl          what was logged, line by line (trainer.training.run_log)
  samples/           sample pages (trainer.training.samples_page)
  checkpoint-N/      model, optimizer and random state; the newest two
  model/             the trained model, or its adapter, with the processor
"""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from importlib.metadata import version
from pathlib import Path
from typing import Any

from perception20k.core.errors import UserError
from perception20k.core.files import write_json, write_text
from trainer import models
from trainer.data.mos import MosTable
from trainer.training.recipe import Recipe, dump
from trainer.training.run_log import path_in

_logger = logging.getLogger("perception20k.train")


@contextmanager
def claimed(
    run: Path, recipe: Recipe, inputs: Mapping[str, Any], sources: Mapping[str, MosTable | Path]
) -> Iterator[None]:
    """Write down what a new run is before its weights are read, so that no other start takes its place.

    Where it fails before its first step is logged, what was written is taken away again, and nothing else.
    """
    run.mkdir(parents=True, exist_ok=True)
    try:
        with (run / "recipe.yaml").open("x", encoding="utf-8") as stream:
            stream.write(dump(recipe))
    except FileExistsError:
        raise UserError(f"{run}: another run has begun in it", "Choose another --out") from None
    try:
        _describe(inputs, sources, run)
        yield
    except BaseException:
        if not path_in(run).exists() and not any(run.glob("checkpoint-*")):
            for name in ("recipe.yaml", "inputs.json", "missing-images.txt"):
                (run / name).unlink(missing_ok=True)
            shutil.rmtree(run / "start", ignore_errors=True)
            with suppress(OSError):  # something else is in it
                run.rmdir()
        raise


def checkpoint_to_resume(recipe: Recipe, inputs: Mapping[str, Any], run: Path, resume: bool) -> str | None:
    """The checkpoint that ``resume`` goes on from; None for a new run.

    Raises:
        UserError: a new run's place is taken; or there is nothing to resume, or it was begun with other inputs.
    """
    if not resume:
        if run.exists() and any(run.iterdir()):
            raise UserError(f"{run}: there is something in it already", "Add --resume, or choose another --out")
        return None
    saved = run / "recipe.yaml"
    if not saved.is_file():
        raise UserError(f"{run}: no run to resume (no recipe.yaml)")
    if saved.read_text(encoding="utf-8") != dump(recipe):
        raise UserError(f"{run}: it was started with another recipe", f"Resume with that: {saved}")
    try:
        before = json.loads((run / "inputs.json").read_text(encoding="utf-8"))
        changed = [name for name, value in inputs.items() if before[name] != value]
    except (OSError, ValueError, KeyError, TypeError):
        raise UserError(f"{run}: its inputs.json cannot be read", "Start again in a new --out") from None
    for name in changed:
        what = f"it was started with {name} {before[name]}, not {inputs[name]}"
        raise UserError(f"{run}: {what}", "Resume with the same model, data and number of processes")
    return newest_checkpoint(run)


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


def newest_checkpoint(run: Path) -> str:
    """The newest whole checkpoint of a run; one that a stop cut short is passed over, and said so.

    Raises:
        UserError: there is none.
    """
    found = [path for path in run.glob("checkpoint-*") if path.name.removeprefix("checkpoint-").isdecimal()]
    for path in sorted(found, key=lambda path: int(path.name.removeprefix("checkpoint-")), reverse=True):
        if _is_whole(path):
            return str(path)
        _logger.warning("%s is not whole and is passed over", path)
    raise UserError(f"{run}: no checkpoint to resume from", "Start again in a new --out")


def _is_whole(checkpoint: Path) -> bool:
    """Whether weights, optimizer and state are there, as transformers, DeepSpeed or FSDP writes them."""
    try:
        json.loads((checkpoint / "trainer_state.json").read_text(encoding="utf-8"))  # transformers writes it last
    except (OSError, ValueError):
        return False
    optimizer = any(checkpoint.glob("optimizer*")) or any(checkpoint.glob("global_step*"))
    return optimizer and (models.has_weights(checkpoint) or any(checkpoint.glob("pytorch_model_fsdp*")))


def _describe(inputs: Mapping[str, Any], sources: Mapping[str, MosTable | Path], run: Path) -> None:
    packages = ("perception20k", "torch", "transformers", "trl")
    versions = {name: version(name) for name in packages}
    write_json(run / "inputs.json", {**inputs, "versions": versions})
    tables = [source for source in sources.values() if isinstance(source, MosTable)]
    missing = [f"{table.dataset}\t{name}" for table in tables for name in table.missing]
    if missing:
        write_text(run / "missing-images.txt", "\n".join(missing) + "\n")
        print(f"{len(missing)} rated images are not on disk and are left out: {run / 'missing-images.txt'}")
