"""``perception20k compare``: two evaluations side by side."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("a", type=click.Path(path_type=Path))
@click.argument("b", type=click.Path(path_type=Path))
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="Write the tables as Markdown, CSV and JSON there too."
)
def command(a: Path, b: Path, out: Path | None) -> None:
    """Compare the evaluations A and B, with bootstrap intervals and what the papers published for the same data.

    A and B are directories that `perception20k evaluate` wrote. Only questions that both were asked are compared.

    \b
    Example:
        perception20k compare evaluations/base evaluations/stage1
    """
    from trainer.evaluation.compare import compare
    from trainer.evaluation.tables import markdown, write_tables

    tables = compare(a, b)
    click.echo(f"A: {a}\nB: {b}\n\n{markdown(tables)}", nl=False)
    if out:
        write_tables(out, "comparison", f"{a} (A) and {b} (B)", tables)
        click.echo(f"\nThe tables are in {out}")
