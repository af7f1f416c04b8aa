"""``perception20k review-report``: a page with plots about a review."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click

from perception20k.core.files import write_text
from perception20k.dataset.decisions import connect_to_read
from perception20k.dataset.layout import Layout


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path, file_okay=False))
@click.option(
    "-o",
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    help="The page to write; review/report.html in the dataset if not given.",
)
def command(dataset: Path, out: Path | None) -> None:
    """Write a page about the review of DATASET: outcome, plots, reviewers and their agreement.

    Deletions by group and severity, time on task, the accuracy on catch trials and the consistency on hidden
    repeats of each reviewer, Cohen's kappa of reviewers who judged the same samples, all sessions with their
    viewing conditions, and the samples flagged for discussion. One file that needs no network.

    \b
    Example:
        perception20k review-report dataset
    """
    from annotate_app.reports.report import render_report
    from annotate_app.review.dataset import Dataset
    from annotate_app.review.log import ReviewLog

    layout = Layout(dataset).require()
    with closing(connect_to_read(layout.decisions)) as log:
        reviewed = Dataset(layout)
        page = render_report(ReviewLog(log, reviewed.samples), reviewed)
    path = out or layout.review / "report.html"
    write_text(path, page)
    click.echo(f"Open {path} in a browser.")
