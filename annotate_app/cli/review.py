"""``perception20k review``: the review app over a dataset."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path, file_okay=False))
@click.option("--batch", default=2000, show_default=True, type=click.IntRange(1, 2000), help="Samples in a session.")
@click.option("--overlap", is_flag=True, help="Give a reviewer the batch of another one, to measure agreement.")
@click.option(
    "--catches",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 0.5),
    help="Share of trials with a known answer (undistorted, or a wrong label) to hide in a session; 0.02 is usual.",
)
@click.option(
    "--repeats",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 0.5),
    help="Share of samples to show a second time, unannounced; 0.05 is usual.",
)
@click.option(
    "--lapse",
    default=30.0,
    show_default=True,
    type=click.FloatRange(min=1),
    help="Minutes without a key, outside a pause, after which a session does not count.",
)
@click.option("--training/--no-training", default=True, show_default=True, help="A training round for newcomers.")
@click.option(
    "--auth",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File of reviewers, one `user:password` a line. Without it, $PERCEPTION20K_REVIEW_AUTH is read.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others need --auth.")
@click.option("--port", default=7860, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
def command(
    dataset: Path,
    batch: int,
    overlap: bool,
    catches: float,
    repeats: float,
    lapse: float,
    training: bool,
    auth: Path | None,
    host: str,
    port: int,
) -> None:
    """Review the samples of DATASET by keyboard, in the browser.

    Prints an address to open. Each person opens it, gives a name and judges a batch in one sitting: is the
    named object the main one in the box, and is the named distortion perceptible? Arrow right accepts, X
    deletes, Z undoes, ? shows all keys. At most 20 % of a batch, and never more than 400, can be deleted;
    deletions are shown again at the end, to be confirmed or restored.

    Decisions are kept in DATASET/review/decisions.sqlite as they are made. Stop the server with Ctrl-C and
    start it again whenever you like; nothing is lost. Then `perception20k export DATASET` uses what survived.

    Several people can work at once; each gets samples of their own, or with --overlap the same ones.

    \b
    Example:
        perception20k review dataset --batch 500
    """
    from annotate_app.review.protocol import Settings
    from annotate_app.web.serve import serve

    settings = Settings(batch=batch, overlap=overlap, lapse=lapse, catches=catches, repeats=repeats, training=training)
    serve(dataset, settings, auth_file=auth, host=host, port=port, ready=click.echo)
