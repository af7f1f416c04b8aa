"""``perception20k stats``."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from distortions import DEFAULT_PRESET, groups
from perception20k.core.errors import UserError
from perception20k.dataset.layout import Layout


@click.command
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print stats.json as it is.")
def command(dataset: Path, as_json: bool) -> None:
    """Print the distributions of DATASET: groups, severities, box areas, visibility.

    \b
    Example:
        perception20k stats dataset
    """
    layout = Layout(dataset).require()
    if not layout.stats.is_file():
        raise UserError(f"{dataset}: no stats.json", "Write it: perception20k export")
    text = layout.stats.read_text(encoding="utf-8")
    click.echo(text if as_json else _table(json.loads(text)))


def _table(stats: dict[str, Any]) -> str:
    parts = stats["parts"]
    heads = ["all", "train", "test"]
    wide = 24
    lines: list[str] = [
        f"{stats['samples']} samples, {stats['objects']} objects, {stats['source_images']} source images, "
        + ", ".join(f"{stats['rft_samples'][part]} RFT samples in {part}" for part in ("train", "test")),
        "",
        f"{'group':<{wide}}" + "".join(f"{head:>8}" for head in heads),
    ]
    most = max(parts["all"]["groups"].values()) or 1
    for group, label in groups(stats.get("preset", DEFAULT_PRESET)).items():  # those of 0.1 say no preset
        counts = [parts[head]["groups"][group] for head in heads]
        bar = "█" * int(24 * counts[0] / most)
        lines.append(f"{label:<{wide}}" + "".join(f"{count:>8}" for count in counts) + f"  {bar}")
    lines += ["", f"{'severity':<16}" + "".join(f"{head:>8}" for head in heads)]
    lines += [
        f"{level:<16}" + "".join(f"{parts[h]['severities'][level]:>8}" for h in heads)
        for level in parts["all"]["severities"]
    ]
    quantiles = ["min", "p05", "median", "p95", "max"]
    lines += ["", f"{'in the box':<16}" + "".join(f"{name:>8}" for name in quantiles)]
    lines += [
        f"{name:<16}" + "".join(f"{marks[q]:>8.2f}" for q in quantiles if marks)
        for name, marks in stats["visibility"].items()
    ]
    return "\n".join(lines)
