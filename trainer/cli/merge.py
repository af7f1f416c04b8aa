"""``perception20k merge``: a whole model from a trained adapter."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Directory of the whole model.")
def command(run: Path, out: Path) -> None:
    """Merge the LoRA adapter that RUN trained into its base model, for programs that load whole models only.

    RUN is a training run's directory, or that of one of its adapters. `train`, `evaluate` and `score` take adapters
    as they are.

    \b
    Example:
        perception20k merge runs/s2 -o models/s2
    """
    from trainer.training.merge import merge

    merge(run, out)
    click.echo(f"The whole model is in {out}")
