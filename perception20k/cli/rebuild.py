"""``perception20k rebuild``."""

from __future__ import annotations

from pathlib import Path

import click

from perception20k.core.errors import UserError
from perception20k.pipeline.rebuild import rebuild


@click.command
@click.argument("recipe", type=click.Path(path_type=Path))
@click.option(
    "--sources",
    multiple=True,
    required=True,
    help="A folder, file or glob with the source photos and videos; may be given several times.",
)
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="A new folder for the images.")
def command(recipe: Path, sources: tuple[str, ...], out: Path) -> None:
    """Regenerate a dataset's distorted images from its RECIPE and the source files, and check every digest.

    A recipe can be shared where the photos cannot. Source files may have been renamed: they are found by their
    pixels.

    \b
    Example:
        perception20k rebuild dataset/recipe.parquet --sources photos/ --out again
    """
    result = rebuild(recipe, sources, out)
    for problem in result.problems:
        click.echo(problem)
    if result.problems:
        raise UserError(f"{out}: {len(result.problems)} samples could not be made, {result.made} were")
    click.echo(f"{out}: {result.made} samples regenerated, all digests match.")
