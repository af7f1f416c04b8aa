"""``perception20k review``: the review app over a dataset."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path, file_okay=False))
@click.option("--batch", default=500, show_default=True, type=click.IntRange(1, 2000), help="Most images in a session.")
@click.option(
    "--team",
    type=click.IntRange(1, 1000),
    help="Number of reviewers; each gets at most their share of the samples. By default all who can log in, or 2.",
)
@click.option(
    "--overlap",
    default=0.0,
    show_default=True,
    type=click.FloatRange(0, 1),
    help="Share of a session that somebody else judges too, to measure agreement; 0.1 is usual, 1 gives whole batches.",
)
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
@click.option(
    "--sitting",
    default=6.0,
    show_default=True,
    type=click.FloatRange(min=0.1, max=24),
    help="Hours after which a session that is not finished does not count, pauses included.",
)
@click.option(
    "--red",
    multiple=True,
    metavar="SIGN=SHARE",
    help="Show a session in red to the lead above this share of a sign: fast, unseen, rhythm, catches, repeats.",
)
@click.option(
    "--set-aside",
    multiple=True,
    metavar="SIGN=SHARE",
    help="Set a finished session aside above this share, until the lead reinstates it. Its reviewer is told.",
)
@click.option("--verify-own", is_flag=True, help="Let reviewers verify their own deletions; by default others do.")
@click.option("--training/--no-training", default=True, show_default=True, help="A training round for new reviewers.")
@click.option(
    "--auth",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File of reviewers, one `user:password` per line. Without it, $PERCEPTION20K_REVIEW_AUTH is read.",
)
@click.option("--lead", metavar="NAME", help="Serve the lead's pages at /lead/; with a login, only to NAME.")
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others need --auth.")
@click.option(
    "--public-url",
    metavar="URL",
    help="Address at which a proxy serves the app, such as https://lab.example/review; needs --auth.",
)
@click.option("--port", default=7860, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
def command(
    dataset: Path,
    team: int | None,
    red: tuple[str, ...],
    set_aside: tuple[str, ...],
    auth: Path | None,
    lead: str | None,
    host: str,
    public_url: str | None,
    port: int,
    **protocol: Any,
) -> None:
    """Review the samples of DATASET by keyboard, in the browser.

    Prints an address to open. Each person opens it, gives a name and judges a batch in one sitting: is the
    named object the main one in the box, and is the named distortion perceptible? Arrow right accepts, X
    deletes, Z undoes, ? shows all keys. At most 20 % of a batch, and never more than 400, can be deleted;
    deletions are then shown to somebody else, to be confirmed or restored.

    Decisions are kept in DATASET/review/decisions.sqlite as they are made. Stop the server with Ctrl-C and
    start it again whenever you like; nothing is lost. Then `perception20k export DATASET` uses what survived.

    Several people can work at once, on different samples; with --overlap 0.1, two people judge a tenth of them.

    \b
    Examples:
        perception20k review dataset
        perception20k review dataset --auth reviewers --host 0.0.0.0 --overlap 0.1 --catches 0.02
    """
    from annotate_app.review.care import RED, limits_of
    from annotate_app.review.protocol import Settings
    from annotate_app.web.logins import read_auth
    from annotate_app.web.serve import serve

    users = read_auth(auth)
    settings = Settings(
        team=team or len(users) or 2,
        red={**RED, **limits_of("--red", red)},
        set_aside=limits_of("--set-aside", set_aside),
        **protocol,
    )
    pages = None
    if lead is not None:
        from annotate_app.lead.mount import pages_for

        pages = pages_for(lead, users)
    serve(dataset, settings, users=users, host=host, port=port, public_url=public_url, lead=pages, ready=click.echo)
