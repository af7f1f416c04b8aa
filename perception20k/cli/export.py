"""``perception20k export``."""

from __future__ import annotations

from pathlib import Path

import click

from perception20k.cli.options import workers_option
from perception20k.core.errors import UserError
from perception20k.dataset.layout import Layout
from perception20k.execution.local import LocalExecutor
from perception20k.publish.card import review_sentence
from perception20k.publish.export import export_dataset
from perception20k.publish.other_forms import FORMS


@click.command
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--allow-unverified", is_flag=True, help="Export even if review deletions are not verified.")
@click.option("--reviewed-only", is_flag=True, help="Leave out the samples that nobody has reviewed.")
@click.option("--as", "form", type=click.Choice(tuple(FORMS)), help="Also write the samples in this format, to --out.")
@click.option("-o", "--out", type=click.Path(path_type=Path), help="A new folder for --as.")
@workers_option
def command(
    dataset: Path, allow_unverified: bool, reviewed_only: bool, form: str | None, out: Path | None, workers: int
) -> None:
    """Write the shards, card, statistics and figures of DATASET again, after a review.

    Only samples that survived the review are used, and the card says how many were reviewed. --as also writes them in
    another tool's format: COCO instances with the distortion among a box's attributes, or tar files for webdataset.

    \b
    Examples:
        perception20k export dataset
        perception20k export dataset --as webdataset --out tars
    """
    if (form is None) != (out is None):
        raise UserError("--as and --out belong together", "Give both, or neither", code=2)
    if out is not None and out.is_dir() and any(out.iterdir()):
        raise UserError(f"{out}: the folder is not empty", "Name a new one with --out")
    with LocalExecutor(workers) as executor:
        exported = export_dataset(dataset, executor, allow_unverified=allow_unverified, reviewed_only=reviewed_only)
    if form and out:
        for path in FORMS[form](Layout(dataset), out):
            click.echo(f"written: {path}")
    if not exported.changed:
        click.echo(f"Nothing to do: the export of {exported.samples} samples is up to date.")
        return
    rft = ", ".join(f"{count} {part}" for part, count in exported.rft.items())
    click.echo(f"{dataset}: {exported.samples} samples; RFT samples: {rft}.")
    click.echo(review_sentence(exported.review))
