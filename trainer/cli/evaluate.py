"""``perception20k evaluate``: the papers' tables for a model."""

from __future__ import annotations

import json
from pathlib import Path
from shlex import quote
from typing import Any

import click

from perception20k.core.reporting import Reporter
from trainer.cli.options import asking_options
from trainer.evaluation.readout import WAYS  # light: --help needs no torch

_KINDS = ("perception", "scoring", "degradation", "interpreting", "comparison")


@click.command()
@click.argument("model")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Directory of the run.")
@click.option("--data", multiple=True, help="DATASET, NAME:DIR or FILE.csv:LOW-HIGH; may be given several times.")
@click.option("--questions", multiple=True, type=click.Path(path_type=Path), help="Questions in Q-Bench's JSON format.")
@click.option(
    "--pairs", multiple=True, type=click.Path(path_type=Path), help="CSV: image_a, image_b, better, reference."
)
@click.option(
    "--only", "kinds", multiple=True, type=click.Choice(_KINDS), default=_KINDS, help="Leave out all other tables."
)
@click.option(
    "--peer", "peers", multiple=True, metavar="METRIC", help="A quality metric to compare with: brisque, musiq ..."
)
@click.option(
    "--ask",
    multiple=True,
    type=click.Choice(list(WAYS)),
    default=("think", "no-think"),
    show_default=True,
    help="The prompts for scores.",
)
@click.option(
    "--part",
    type=click.Choice(("paper", "test", "all")),
    default="paper",
    show_default=True,
    help="Which rated images are scored: the paper's choice, what training holds out, or all.",
)
@click.option(
    "--samples", default=0, show_default=True, type=click.IntRange(0), help="Sampled answers to each question."
)
@click.option("--json", "as_json", is_flag=True, help="Print the overview as JSON, and nothing else.")
@asking_options
def command(model: str, out: Path, server: str | None, as_json: bool, **asked: Any) -> None:
    """Evaluate MODEL in the papers' terms: tables, confusion matrices and a page in OUT.

    MODEL is the directory or hub name of a vision-language model, the directory of a LoRA adapter, a model's name at
    --server, or scripted:oracle or scripted:constant, which check a set-up. A dataset of this project gives the
    perception and degradation tables, a MOS table the scoring tables. To continue a run that was stopped, run the
    same command again.

    \b
    Examples:
        perception20k evaluate runs/stage1/model --data my-dataset --out evaluations/stage1
        perception20k evaluate MODEL --data koniq-10k:koniq --data ratings.csv:0-100 --peer brisque --out eval
        perception20k evaluate gpt-4o --server https://api.openai.com/v1 --questions llvisionqa_dev.json --out eval
        accelerate launch --num_processes 8 -m perception20k evaluate MODEL --data my-dataset --out eval
    """
    from trainer.evaluation.run import EvaluationConfig, evaluate
    from trainer.evaluation.tables import markdown
    from trainer.evaluation.vllm_server import server_for

    plan = EvaluationConfig(model=model, server=server_for(model, server), **asked)
    overview = evaluate(plan, out, Reporter(lambda text: click.echo(text, err=as_json)))
    if overview and as_json:
        click.echo(json.dumps({"run": str(out), "columns": overview.columns, "rows": overview.rows}, indent=2))
    elif overview:
        click.echo(markdown([overview]))
        click.echo(f"  Look     {out / 'index.html'}   every table, confusion pictures, the worst cases")
        click.echo(f"  Tables   {out / 'tables.md'}, .csv and .json; answers verbatim in predictions.parquet")
        click.echo(f"  Compare  perception20k compare {quote(str(out))} OTHER")
