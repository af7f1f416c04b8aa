"""``perception20k review-log``: the log of a review as a table."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from perception20k.dataset.decisions import connect_to_read
from perception20k.dataset.layout import Layout


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "-o", "--out", required=True, type=click.Path(path_type=Path, dir_okay=False), help="A .csv or .parquet file."
)
@click.option("--sessions", is_flag=True, help="One row per session instead of one per event.")
def command(dataset: Path, out: Path, sessions: bool) -> None:
    """Write everything that was done in the review of DATASET as a table.

    One row per event: who did what to which sample and when, how long the image had been on the screen, how the
    reference and the box were used. With --sessions, one row per session: the seed of its order, displays,
    viewing conditions, pauses, time without focus. Nothing is changed; the server may be running.

    \b
    Example:
        perception20k review-log dataset -o events.parquet
    """
    from annotate_app.reports.table import events_table, sessions_table, write_table

    layout = Layout(dataset).require()
    with closing(connect_to_read(layout.decisions)) as log:
        table = sessions_table(log) if sessions else events_table(log, layout)
    write_table(table, out)
    click.echo(f"{table.num_rows} {'sessions' if sessions else 'events'} in {out}")
