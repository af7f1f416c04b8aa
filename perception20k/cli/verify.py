"""``perception20k verify``."""

from __future__ import annotations

from pathlib import Path

import click

from perception20k.core.errors import UserError
from perception20k.pipeline.verify import verify


@click.command
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--remake", is_flag=True, help="Also regenerate every sample and compare the pixels.")
def command(dataset: Path, remake: bool) -> None:
    """Recompute every digest of DATASET: files, source pixels, samples' pixels.

    Prints each mismatch on a line and exits with 1 if there is one.

    \b
    Example:
        perception20k verify dataset
    """
    problems = verify(dataset, remade=remake)
    for problem in problems:
        click.echo(problem)
    if problems:
        raise UserError(
            f"{dataset}: {len(problems)} mismatches",
            "Delete the files named above and run the same build again",
        )
    click.echo(f"{dataset}: all digests match.")
