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

_TENTH = 0.1


def write_card(run: Path, model: Path) -> None:
    """Write ``model/README.md`` from what the run's directory tells: recipe, inputs and log."""
    recipe = load(str(run / "recipe.yaml"))
    inputs = json.loads((run / "inputs.json").read_text(encoding="utf-8"))
    base = str(inputs["model"])
    name = base if not Path(base).is_absolute() else Path(base).name
    adapter = models.is_adapter(model)
    entries = run_log.read(run)
    template = (files("trainer.training") / "model_card.md").read_text(encoding="utf-8")
    text = template.format(
        base_model=f"base_model: {name}\n" if name == base else "",
        library="peft" if adapter else "transformers",
        recipe=recipe.name,
        source=recipe.source,
        base=name,
        kind="LoRA adapter" if adapter else "whole model",
        steps=entries[-1]["step"] if entries else 0,
        prompts=inputs["prompts"],
        data="\n".join(f"- {_data_name(source)}" for source in inputs["data"]),
        rewards=_rewards(entries),
        versions=", ".join(f"{package} {number}" for package, number in inputs["versions"].items()),
        yaml=(run / "recipe.yaml").read_text(encoding="utf-8").strip(),
    )
    write_text(model / "README.md", text)


def _rewards(entries: Sequence[dict[str, Any]]) -> str:
    """A table: what each task and mode earned in the first and the last tenth of the steps."""
    names = dict.fromkeys(name for entry in entries for name in entry if name.endswith("/reward"))
    lines = ["| task and mode | first tenth | last tenth |", "| --- | ---: | ---: |"]
    for name in names:
        values = [entry[name] for entry in entries if entry.get(name) is not None]
        tenth = max(1, round(len(values) * _TENTH))
        first, last = (sum(part) / tenth for part in (values[:tenth], values[-tenth:]))
        lines.append(f"| {name.removesuffix('/reward').replace('eval_', 'held out: ')} | {first:.3f} | {last:.3f} |")
    return "\n".join(lines)


def _data_name(source: str) -> str:
    """What a ``--data`` names, without this machine's directories."""
    return ":".join(Path(part).name if "/" in part else part for part in source.split(":"))
