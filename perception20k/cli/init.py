"""``perception20k init``."""

from __future__ import annotations

from pathlib import Path
from shlex import quote

import click

from perception20k.pipeline.choose import WAYS, choose
from perception20k.pipeline.config_file import write_config
from perception20k.pipeline.surroundings import look_around


@click.command
@click.argument("photos", nargs=-1, required=True)
@click.option(
    "-o",
    "--out",
    default="my.yaml",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The file to write; an existing one is never overwritten.",
)
@click.option(
    "--objects",
    type=click.Choice(WAYS),
    help="Where objects come from, if not from annotations: a detector with its own classes; a vision-language model "
    "that names them, with Grounding DINO; or no objects, with whole photos distorted.",
)
def command(photos: tuple[str, ...], out: Path, objects: str | None) -> None:
    """Write the configuration that `build PHOTOS` would use, with comments, to be changed.

    PHOTOS are folders, photos, videos, globs, URLs, or one annotation file. What is chosen depends on the annotations
    in or beside them, the models and metrics on this machine, and its GPUs.

    \b
    Examples:
        perception20k init photos/
        perception20k init photos/ --objects detector -o detector.yaml
    """
    choice = choose(photos, look_around(), objects)
    write_config(choice, out)
    click.echo("\n".join([*choice.lines, f"Next:    perception20k build {quote(str(out))}"]))
