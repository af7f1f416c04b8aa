"""``perception20k publish``."""

from __future__ import annotations

from pathlib import Path

import click

from perception20k.publish.hub import Parcel, pack, send


@click.command
@click.argument("folder", metavar="DATASET", type=click.Path(path_type=Path, file_okay=False))
@click.argument("repo", metavar="NAME/REPO")
@click.option("--public", is_flag=True, help="Make a new repository public; by default it is private.")
@click.option("--recipe-only", is_flag=True, help="Send the recipe without any photo.")
@click.option("--any-licence", is_flag=True, help="Send photos whatever their licence: you have permission.")
@click.option("--dry-run", is_flag=True, help="Check everything and list what would be sent; send nothing.")
def command(folder: Path, repo: str, public: bool, recipe_only: bool, any_licence: bool, dry_run: bool) -> None:
    """Upload DATASET, or the folder of a trained model, to NAME/REPO on the Hugging Face hub.

    Unverified deletions are refused, and so are absolute paths and API keys in any file, and photos whose licence does
    not allow you to share altered copies. The review log is not sent. To resume an upload that was stopped, run the
    same command again. Log in with `hf auth login`, or set HF_TOKEN.

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
        click.echo(f"Download it: perception20k fetch {repo} --out DIR")


def _listed(parcel: Parcel) -> str:
    sizes: dict[str, list[int]] = {parcel.kind: []}
    for name, size in parcel.sizes.items():
        sizes.setdefault(f"{name.rpartition('/')[0]}/" if "/" in name else name, []).append(size)
    sizes[parcel.kind] = list(parcel.sizes.values())
    return "\n".join(f"{place:<24}{len(each):>8} files{sum(each) / 1e6:>12.2f} MB" for place, each in sizes.items())
