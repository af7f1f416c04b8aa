"""The model card that a run leaves: what was trained, on what, what it earned, and what is not known of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

from perception20k.core.files import write_text
from trainer import models
from trainer.training import run_log
from trainer.training.recipe import load

_SUPERVISED = {"loss": "loss", "mean_token_accuracy": "share of the answers' tokens foretold"}


def write_card(run: Path, model: Path, steps: int | None = None) -> None:
    """Write ``model/README.md`` from what the run's directory tells: recipe, inputs and log, of its first ``steps``."""
    recipe = load(str(run / "recipe.yaml"))
    inputs = json.loads((run / "inputs.json").read_text(encoding="utf-8"))
    base, before = _origin(str(inputs["model"]))
    name = base if not Path(base).is_absolute() else Path(base).name
    kind = "LoRA adapter" if models.is_adapter(model) else "whole model"
    entries = [entry for entry in run_log.read(run) if steps is None or entry["step"] <= steps]
    template = (files("trainer.training") / "model_card.md").read_text(encoding="utf-8")
    text = template.format(
        base_model=f"base_model: {name}\n" if name == base else "",
        library="peft" if kind == "LoRA adapter" else "transformers",
        recipe=recipe.name,
        source=recipe.source,
        base=name,
        before="".join(f", after `{recipe}`," for recipe in before),
        kind="LoRA adapter merged into its base model" if recipe.lora_rank and kind == "whole model" else kind,
        steps=entries[-1]["step"] if entries else 0,
        prompts=inputs["prompts"],
        data="\n".join(f"- {_data_name(source)}" for source in inputs["data"]),
        measured=_measured(entries),
        versions=", ".join(f"{package} {number}" for package, number in inputs["versions"].items()),
        yaml=(run / "recipe.yaml").read_text(encoding="utf-8").strip(),
    )
    write_text(model / "README.md", text)


def _origin(model: str) -> tuple[str, list[str]]:
    """The model that the first of a chain of runs started from, and the recipes of the runs that led to ``model``."""
    run = Path(model).parent
    if not (run / "inputs.json").is_file():
        return model, []
    base, before = _origin(json.loads((run / "inputs.json").read_text(encoding="utf-8"))["model"])
    return base, [*before, load(str(run / "recipe.yaml")).name]


def _measured(entries: Sequence[dict[str, Any]]) -> str:
    """A table: what each task and mode earned in the first and the last tenth of the steps; without rewards, losses."""
    logged = dict.fromkeys(name for entry in entries for name in entry)
    names = [name for name in logged if name.endswith("/reward")]
    names = names or [name for name in logged if name.removeprefix("eval_") in _SUPERVISED]
    lines = ["| measure | first tenth | last tenth |", "| --- | ---: | ---: |"]
    for name in names:
        values = [entry[name] for entry in entries if entry.get(name) is not None]
        tenth = max(1, round(len(values) / 10))
        first, last = (sum(part) / tenth for part in (values[:tenth], values[-tenth:]))
        what = name.removeprefix("eval_")
        what = _SUPERVISED.get(what, f"reward, {what.removesuffix('/reward')}")
        lines.append(f"| {'held out: ' if name.startswith('eval_') else ''}{what} | {first:.3f} | {last:.3f} |")
    return "\n".join(lines)


def _data_name(source: str) -> str:
    """What a ``--data`` names, without this machine's directories."""
    return ":".join(Path(part).name if "/" in part else part for part in source.split(":"))
