"""``perception20k export``."""

from __future__ import annotations

from pathlib import Path

import click

from perception20k.publish.card import review_sentence
from perception20k.publish.export import export_dataset


@click.command
@click.argument("dataset", type=click.Path(path_type=Path))
@click.option("--allow-unverified", is_flag=True, help="Export even if review deletions are not verified.")
def command(dataset: Path, allow_unverified: bool) -> None:
    """Write the shards, card, statistics and figures of DATASET again, after a review.

    Only samples that survived the review are used, and the card says how many were reviewed.

    \b
    Example:
        perception20k export dataset
    """
    exported = export_dataset(dataset, allow_unverified=allow_unverified)
    if not exported.changed:
        click.echo(f"Nothing to do: the export of {exported.samples} samples is up to date.")
        return
    rft = ", ".join(f"{count} {part}" for part, count in exported.rft.items())
    click.echo(f"{dataset}: {exported.samples} samples; RFT samples: {rft}.")
    click.echo(review_sentence(exported.review))
