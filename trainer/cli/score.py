"""``perception20k score``: a model's answers about one's own photos."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

_TASKS = ("quality", "description", "boxes")
_WAYS = ("think", "no-think", "q-insight", "visualquality-r1")


@click.command()
@click.argument("model")
@click.argument("photos", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", default="scores.csv", show_default=True, type=click.Path(path_type=Path), help="The table to write."
)
@click.option("--task", type=click.Choice(_TASKS), default=_TASKS[0], show_default=True, help="What is asked.")
@click.option(
    "--ask", "way", type=click.Choice(_WAYS), default=_WAYS[0], show_default=True, help="The prompt for quality."
)
@click.option(
    "--object",
    "objects",
    multiple=True,
    help="An object a description may choose; may be given several times. Without: the whole photo.",
)
@click.option("--batch", default=8, show_default=True, type=click.IntRange(1), help="Photos asked about at once.")
@click.option("--max-tokens", default=1024, show_default=True, type=click.IntRange(1), help="Longest answer.")
@click.option(
    "--max-pixels", default=1920 * 1080, show_default=True, type=click.IntRange(1), help="Largest image shown."
)
@click.option(
    "--server",
    metavar="URL|vllm|off",
    help="Ask MODEL at this OpenAI-compatible server (key in OPENAI_API_KEY), at a vLLM server started for the run, or"
    " in this process.  [default: vllm if it is installed and there is a CUDA GPU]",
)
@click.option("--timeout", default=120.0, show_default=True, help="Seconds a server's reply may take.")
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
    from perception20k.core.reporting import Reporter
    from trainer.models import require_train_extra

    require_train_extra("scoring")
    from trainer.evaluation.score import ScoreConfig, score
    from trainer.evaluation.vllm_server import server_for

    config = ScoreConfig(model=model, server=server_for(model, server), **asked)
    score(config, photos, out, Reporter())
    click.echo(f"The table is {out}, the page {out.with_suffix('.html')}.")
