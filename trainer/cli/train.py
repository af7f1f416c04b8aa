"""``perception20k train``: fine-tuning by a recipe."""

from __future__ import annotations

import warnings
from pathlib import Path
from shlex import quote

import click

from perception20k.core.reporting import Reporter


@click.command()
@click.argument("recipe")
@click.option("--data", "sources", multiple=True, required=True, help="DATASET, NAME:DIR or FILE.csv:LOW-HIGH.")
@click.option("--model", required=True, help="Directory or hub name of the model to start from.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Directory of the run.")
@click.option(
    "--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a key of the recipe, or trl.KEY of TRL."
)
def command(recipe: str, sources: tuple[str, ...], model: str, out: Path, changes: tuple[str, ...]) -> None:
    """Train a vision-language model with RECIPE, the name of a paper's recipe or your own YAML file.

    The papers' recipes: refine-iqa-stage1, refine-iqa-stage2, q-insight, visualquality-r1. The recipe sft is a
    supervised warm start before them. --data may be given several times: a dataset of this project, a published MOS
    dataset (koniq-10k:DIR, spaq, live-c, agiqa-3k, kadid-10k, csiq, bid, cid2013, pipal, tid2013), or a CSV with the
    columns image and mos and its scale (ratings.csv:0-100). To continue a run that was stopped, run the same command
    again. On several GPUs, run it through accelerate launch; see docs/training.md.

    \b
    Examples:
        perception20k train refine-iqa-stage1 --data dataset --model Qwen/Qwen2.5-VL-7B-Instruct --out runs/s1
        perception20k train refine-iqa-stage2 --data koniq-10k:KONIQ --model runs/s1/model --out runs/s2
    """
    from trainer.data.datasets import read_datasets
    from trainer.training.recipe import load

    loaded, found = load(recipe, changes), read_datasets(sources)
    from trainer.training.train import train  # heavy: only when the rest is in order

    # TRL 1.16 and PEFT 0.19 still call transformers 5.23 by the names it is about to drop
    warnings.filterwarnings("ignore", ".*gradient_checkpointing.* is deprecated", FutureWarning)
    train(loaded, found, model, out, report=Reporter())
    click.echo(f"The trained model is in {out / 'model'}, its card in {out / 'model' / 'README.md'}.")
    click.echo(f"Draw the curves: perception20k curves {quote(str(out))}")
