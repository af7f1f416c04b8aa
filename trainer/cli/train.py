"""``perception20k train``: reinforcement fine-tuning by a recipe."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("recipe")
@click.option("--data", "sources", multiple=True, required=True, help="DATASET, NAME:DIR or FILE.csv:LOW-HIGH.")
@click.option("--model", required=True, help="Directory or hub name of the model to start from.")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Directory of the run.")
@click.option("--set", "changes", multiple=True, metavar="KEY=VALUE", help="Change a key of the recipe.")
@click.option("--resume", is_flag=True, hidden=True, expose_value=False)  # what a second call does anyway
def command(recipe: str, sources: tuple[str, ...], model: str, out: Path, changes: tuple[str, ...]) -> None:
    """Train a vision-language model by RECIPE, the name of a paper's recipe or a YAML file of your own.

    The papers' recipes: refine-iqa-stage1, refine-iqa-stage2, q-insight, visualquality-r1. --data may be given
    several times: a dataset of ours, a published MOS dataset (koniq-10k:DIR, spaq:DIR, live-c:DIR,
    agiqa-3k:DIR, kadid-10k:DIR, csiq:DIR), or a CSV with the columns image and mos and its scale
    (ratings.csv:0-100). A run that was stopped goes on when the same command is run again. On several GPUs
    run it through accelerate launch; docs/training.md tells how.

    \b
    Examples:
        perception20k train refine-iqa-stage1 --data dataset --model Qwen/Qwen2.5-VL-7B-Instruct --out runs/s1
        perception20k train refine-iqa-stage2 --data koniq-10k:KONIQ --model runs/s1/model --out runs/s2
    """
    from perception20k.core.reporting import Reporter
    from trainer.models import require_train_extra

    require_train_extra()
    from trainer.data.datasets import read_datasets
    from trainer.training.recipe import load

    loaded, found = load(recipe, changes), read_datasets(sources)
    from trainer.training.train import train  # heavy: only when the rest is in order

    train(loaded, found, model, out, report=Reporter())
    click.echo(f"The trained model is in {out / 'model'}, sample pages are in {out / 'samples'}.")
    click.echo(f"Draw the curves: perception20k curves {out}")
