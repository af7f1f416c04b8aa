"""``perception20k curves``: a training run's curves as pictures."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("run", type=click.Path(path_type=Path))
def command(run: Path) -> None:
    """Draw the curves of RUN, a training run's directory, from its own log into RUN/curves.

    \b
    Example:
        perception20k curves runs/s1
    """
    from trainer.training.curves import draw

    for path in draw(run):
        click.echo(path)
