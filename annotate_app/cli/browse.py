"""``perception20k browse``: a dataset as a gallery in the browser."""

from __future__ import annotations

from pathlib import Path

import click


@click.command()
@click.argument("dataset", type=click.Path(path_type=Path, file_okay=False))
@click.option("--port", default=7861, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
def command(dataset: Path, port: int) -> None:
    """Look at the samples of DATASET in the browser, whether or not anybody has reviewed them.

    Prints an address to open, on this computer alone. Filter by group, type, severity, part and decision; click a
    sample to see it beside its source, with all that was recorded and every decision. The tab Progress
    follows a review that is under way. In the tab Playground you try any distortion on a photo of your own and copy the
    line of Python. Nothing is written.

    \b
    Example:
        perception20k browse dataset
    """
    from annotate_app.lead.gallery import Gallery
    from annotate_app.lead.serve import serve
    from perception20k.dataset.layout import Layout

    serve(Gallery(Layout(dataset)), port, ready=click.echo)
