"""``perception20k verify``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from perception20k.cli.options import workers_option
from perception20k.core.errors import UserError
from perception20k.execution.local import LocalExecutor
from perception20k.pipeline.verify import verify


@click.command
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--remake", is_flag=True, help="Also regenerate every sample and compare the pixels.")
@click.option("--json", "as_json", is_flag=True, help="Print the mismatches as JSON.")
@workers_option
def command(dataset: Path, remake: bool, as_json: bool, workers: int) -> None:
    """Recompute every digest of DATASET: files, source pixels, samples' pixels.

    Prints one line per mismatch, and exits with 1 if there is any.

    \b
    Example:
        perception20k verify dataset
    """
    with LocalExecutor(workers) as executor:
        problems = verify(dataset, executor, remade=remake)
    if as_json:
        click.echo(json.dumps({"dataset": str(dataset), "mismatches": problems}, indent=2))
    for problem in () if as_json else problems:
        click.echo(problem)
    if problems:
        raise UserError(
            f"{dataset}: {len(problems)} mismatches",
            "Delete the files named above and run the same build again",
        )
    if not as_json:
        click.echo(f"{dataset}: all digests match.")
