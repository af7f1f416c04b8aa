"""``perception20k score``: a model's answers about one's own photos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from perception20k.core.reporting import Reporter
from trainer.cli.options import asking_options
from trainer.evaluation.readout import WAYS  # light: --help needs no torch

_TASKS = ("quality", "description", "boxes")


@click.command()
@click.argument("model")
@click.argument("photos", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", default="scores.csv", show_default=True, type=click.Path(path_type=Path), help="The table to write."
)
@click.option("--task", type=click.Choice(_TASKS), default=_TASKS[0], show_default=True, help="What is asked.")
@click.option(
    "--ask", "way", type=click.Choice(list(WAYS)), default="think", show_default=True, help="The prompt for quality."
)
@click.option(
    "--object",
    "objects",
    multiple=True,
    help="An object a description may choose; may be given several times. Without: the whole photo.",
)
@asking_options
def command(model: str, photos: Path, out: Path, server: str | None, **asked: Any) -> None:
    """Score the photos in PHOTOS with MODEL, or let it describe or locate what is distorted in them.

    MODEL is the directory or hub name of a vision-language model, the directory of a LoRA adapter, or a model's name at
    --server. PHOTOS is a folder, with the folders below it, or one photo. The table has the score as a number and, for
    think and no-think, as the expectation over its first digit (Refine-IQA, Eq. 8); a description's object,
    distortion and severity; or a box in pixels of the photo. A page with pictures is written next to it. To continue a
    run that was stopped, run the same command again.

    \b
    Examples:
        perception20k score runs/s2/model photos/
        perception20k score runs/s1/model photos/ --task boxes -o boxes.csv
        perception20k score Qwen/Qwen2.5-VL-7B-Instruct photos/ --server http://localhost:8000/v1
    """
    from trainer.evaluation.score import ScoreConfig, score
    from trainer.evaluation.vllm_server import server_for

    config = ScoreConfig(model=model, server=server_for(model, server), **asked)
    score(config, photos, out, Reporter())
    click.echo(f"The table is {out}, the page {out.with_suffix('.html')}.")
