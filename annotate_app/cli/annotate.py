"""``perception20k annotate``: objects and boxes by hand."""

from __future__ import annotations

from contextlib import closing
from pathlib import Path

import click


@click.command()
@click.argument("photos", nargs=-1, required=True)
@click.option(
    "--export",
    "export_to",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write what is finished as a COCO file, and serve nothing.",
)
@click.option(
    "--import",
    "import_from",
    type=click.Path(path_type=Path, exists=True),
    help="Take over an annotation file: what a build would keep is done, the rest is to be finished. Serve nothing.",
)
@click.option(
    "--proposals",
    type=click.Path(path_type=Path, exists=True),
    help="An annotation file, or a build's YAML whose model is asked; you accept, correct or drop the boxes.",
)
@click.option("--log", type=click.Path(path_type=Path, dir_okay=False), help="Where the boxes are kept.")
@click.option(
    "--auth",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File of people, one `user:password` a line. Without it, $PERCEPTION20K_REVIEW_AUTH is read.",
)
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on; others need --auth.")
@click.option("--port", default=7861, show_default=True, type=click.IntRange(1, 65535), help="Port to listen on.")
def command(
    photos: tuple[str, ...],
    export_to: Path | None,
    import_from: Path | None,
    proposals: Path | None,
    log: Path | None,
    auth: Path | None,
    host: str,
    port: int,
) -> None:
    """Draw boxes on PHOTOS by keyboard and mouse, in the browser, and name what is in them.

    PHOTOS are folders, files or globs of photos and videos; or a build's YAML, and then its sources, keyframes and
    filters are taken, and the boxes of its annotations or models are proposed. Prints an address to open. Each person
    gives a name and gets photos of their own: drag a box, type what it is, Enter; two or three boxes, Enter, next.
    Arrows move a box, Shift and arrows resize it, S says that nothing is here, Z undoes, ? shows all keys. The page
    tells at once what a build would refuse.

    Every step is kept in annotations.sqlite in the first folder as it is made; stop and start whenever you like.

    \b
    Examples:
        perception20k annotate photos/
        perception20k annotate photos/ --proposals boxes.json
        perception20k annotate photos/ --export boxes.json
    """
    from annotate_app.annotate.coco import export, import_boxes
    from annotate_app.annotate.job import job_of
    from annotate_app.annotate.log import read_drawings
    from annotate_app.annotate.pictures import find_pictures
    from annotate_app.annotate.proposals import from_file
    from annotate_app.annotate.service import Annotation
    from annotate_app.web.serve_annotate import serve_annotate
    from perception20k.core.reporting import Reporter

    job = job_of(photos, log)
    if export_to is not None:
        pictures, boxes = export(read_drawings(job.log), export_to)
        click.echo(f"{boxes} boxes on {pictures} photos in {export_to}")
    elif import_from is not None:
        with job.alone():
            reporter = Reporter()
            found, _ = find_pictures(job.sources, job.frames, reporter)
            with closing(Annotation(job.log, found, job.limits, job.max_side)) as annotation:
                counts = import_boxes(annotation, from_file(import_from, found), import_from.name, reporter)
        click.echo(f"{counts['done']} photos are done, {counts['skipped']} without objects, {counts['open']} to finish")
    else:
        serve_annotate(job, proposals=proposals, auth_file=auth, host=host, port=port, ready=click.echo)
