"""``perception20k evaluate``: the papers' tables for a model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

_KINDS = ("perception", "scoring", "degradation", "interpreting", "comparison")
_WAYS = ("think", "no-think", "q-insight", "visualquality-r1")


@click.command()
@click.argument("model")
@click.option("-o", "--out", required=True, type=click.Path(path_type=Path), help="Directory of the run.")
@click.option("--data", multiple=True, help="DATASET, NAME:DIR or FILE.csv:LOW-HIGH; may be given several times.")
@click.option("--questions", multiple=True, type=click.Path(path_type=Path), help="Questions in Q-Bench's JSON format.")
@click.option(
    "--pairs", multiple=True, type=click.Path(path_type=Path), help="CSV: image_a, image_b, better, reference."
)
@click.option("--only", "kinds", multiple=True, type=click.Choice(_KINDS), help="Leave out all other tables.")
@click.option(
    "--peer",
    "peers",
    multiple=True,
    metavar="METRIC",
    help="A quality metric to compare with: brisque, musiq ...",
)
@click.option(
    "--ask",
    multiple=True,
    type=click.Choice(_WAYS),
    default=_WAYS[:2],
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
@click.option("--batch", default=8, show_default=True, type=click.IntRange(1), help="Questions asked at once.")
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
@click.option("--json", "as_json", is_flag=True, help="Print the overview as JSON, and nothing else.")
@click.option("--timeout", default=120.0, show_default=True, help="Seconds a server's reply may take.")
def command(model: str, out: Path, kinds: tuple[str, ...], server: str | None, as_json: bool, **asked: Any) -> None:
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
    from perception20k.core.reporting import Reporter
    from trainer.models import require_train_extra

    require_train_extra("evaluation")
    from trainer.evaluation.run import EvaluationConfig, evaluate
    from trainer.evaluation.tables import markdown
    from trainer.evaluation.vllm_server import server_for

    plan = EvaluationConfig(model=model, server=server_for(model, server), kinds=kinds or _KINDS, **asked)
    overview = evaluate(plan, out, Reporter(lambda text: click.echo(text, err=as_json)))
    if overview and as_json:
        click.echo(json.dumps({"run": str(out), "columns": overview.columns, "rows": overview.rows}, indent=2))
    elif overview:
        click.echo(markdown([overview]))
        click.echo(f"  Look     {out / 'index.html'}   every table, confusion pictures, the worst cases")
        click.echo(f"  Tables   {out / 'tables.md'}, .csv and .json; answers verbatim in predictions.parquet")
        click.echo(f"  Compare  perception20k compare {out} OTHER")
