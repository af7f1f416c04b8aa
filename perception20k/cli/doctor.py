"""``perception20k doctor``."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from perception20k.pipeline.doctor import Health, Installation, examine, installation


@click.command
@click.argument("dataset", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the same as JSON.")
def command(dataset: Path | None, as_json: bool) -> None:
    """Show what is installed here, or the state of DATASET and the command to run next.

    Without DATASET: versions, extras, GPUs, which API keys are set (never their values), caches and free disk. With
    it: what is built and reviewed, what is stale or missing. Nothing is written and no image is read;
    `perception20k verify` recomputes every digest.

    \b
    Examples:
        perception20k doctor
        perception20k doctor dataset --json
    """
    found = examine(dataset) if dataset else installation(Path.cwd())
    if as_json:
        click.echo(json.dumps(asdict(found), indent=2))
    else:
        click.echo(_health(found) if isinstance(found, Health) else _installation(found))


def _installation(found: Installation) -> str:
    lines = [f"{name:<30}{version}" for name, version in found.versions.items()]
    lines += ["", "extras"]
    for extra, lacking in found.extras.items():
        install = f"pip install 'perception20k[{extra}]'   (lacks {', '.join(lacking)})" if lacking else "installed"
        lines.append(f"  {extra:<28}{install}")
    lines += ["", f"{'GPUs':<30}{found.gpus}", f"{'free disk':<30}{found.free_gb:.0f} GB"]
    lines += [f"{name:<30}{'set' if is_set else 'not set'}" for name, is_set in found.keys.items()]
    lines += [f"{path:<28}  {size:.1f} GB" for path, size in found.caches_gb.items()]
    return "\n".join(lines)


def _health(found: Health) -> str:
    counts = [f"  {found.samples} samples, {found.reviewed} reviewed, {found.deleted} deleted"] if found.samples else []
    problems = [f"  {problem}" for problem in found.problems] or ["  no problems found"]
    return "\n".join([f"{found.dataset}: {found.state}", *counts, *problems, "", f"Next  {found.next}"])
