"""``perception20k fetch``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

import click

from perception20k.core.errors import UserError
from perception20k.dataset.layout import Layout
from perception20k.pipeline.verify import verify
from perception20k.publish.hub import RECIPE_DIGESTS, bring, recipe_mismatches


@click.command
@click.argument("repo", metavar="NAME/REPO")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="A new folder; by default the part after the slash.")
def command(repo: str, out: Path | None) -> None:
    """Download a dataset or a recipe from NAME/REPO on the Hugging Face hub, and verify every digest.

    \b
    Example:
        perception20k fetch my-lab/local-distortions --out dataset
    """
    out = out or Path(repo.rpartition("/")[2])
    bring(repo, out)
    is_recipe = (out / RECIPE_DIGESTS).is_file() and not Layout(out).manifest.is_file()
    problems = recipe_mismatches(out) if is_recipe else verify(out)
    for problem in problems:
        click.echo(problem)
    if problems:
        raise UserError(f"{out}: {len(problems)} mismatches", "Delete the folder and fetch it again")
    click.echo(f"{out}: all digests match.")
    if is_recipe:
        recipe = quote(str(out / "recipe.parquet"))
        click.echo(f"Make the samples: perception20k rebuild {recipe} --sources PHOTOS --out DIR")
