"""``perception20k publish``."""

from __future__ import annotations

from pathlib import Path

import click

from perception20k.publish.hub import Parcel, pack, send


@click.command
@click.argument("folder", metavar="DATASET", type=click.Path(path_type=Path, file_okay=False))
@click.argument("repo", metavar="NAME/REPO")
@click.option("--public", is_flag=True, help="Let everybody see a new repository; by default only you can.")
@click.option("--recipe-only", is_flag=True, help="Send the recipe without any photo.")
@click.option("--any-licence", is_flag=True, help="Send photos although no licence allows it: you have permission.")
@click.option("--dry-run", is_flag=True, help="Check everything and list what would be sent; send nothing.")
def command(folder: Path, repo: str, public: bool, recipe_only: bool, any_licence: bool, dry_run: bool) -> None:
    """Send DATASET, or the folder of a trained model, to NAME/REPO on the Hugging Face hub.

    Refused are deletions that nobody has verified, absolute paths and API keys in any file, and photos whose licence
    does not allow altered copies to be passed on. The record of the review stays here. An upload that was stopped goes
    on when the same command is given again. Log in with `hf auth login`, or set HF_TOKEN.

    \b
    Examples:
        perception20k publish dataset my-lab/local-distortions --dry-run
        perception20k publish dataset my-lab/local-distortions
        perception20k publish dataset my-lab/recipe --recipe-only --public
    """
    parcel = pack(folder, recipe_only=recipe_only, any_licence=any_licence)
    click.echo(_listed(parcel))
    if dry_run:
        click.echo(f"Nothing was sent. {repo} would be {'public' if public else 'private'} if it is new.")
        return
    address = send(parcel, repo, public=public)
    click.echo(f"Sent: {address}")
    if parcel.kind != "model":
        click.echo(f"Bring it back: perception20k fetch {repo} --out DIR")


def _listed(parcel: Parcel) -> str:
    sizes: dict[str, list[int]] = {parcel.kind: []}
    for name, size in parcel.sizes.items():
        sizes.setdefault(f"{name.rpartition('/')[0]}/" if "/" in name else name, []).append(size)
    sizes[parcel.kind] = list(parcel.sizes.values())
    return "\n".join(f"{place:<24}{len(each):>8} files{sum(each) / 1e6:>12.2f} MB" for place, each in sizes.items())
