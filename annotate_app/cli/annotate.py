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
    help="Write the finished photos' boxes to a COCO file, without starting the server.",
)
@click.option(
    "--import",
    "import_from",
    type=click.Path(path_type=Path, exists=True),
    help="Import an annotation file, without starting the server; photos that a build would keep count as finished.",
)
@click.option(
    "--proposals",
    type=click.Path(path_type=Path, exists=True),
    help="Propose the boxes of an annotation file, or those that the models of a build's YAML find.",
)
@click.option(
    "--log",
    type=click.Path(path_type=Path, dir_okay=False),
    help="File that keeps the boxes; annotations.sqlite in the first folder by default.",
)
@click.option(
    "--auth",
    type=click.Path(path_type=Path, exists=True, dir_okay=False),
    help="File of people, one `user:password` per line. Without it, $PERCEPTION20K_REVIEW_AUTH is read.",
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

    PHOTOS are folders, files or globs of photos and videos, or a build's YAML; then its sources, keyframes and filters
    are used, and the boxes of its annotations or models are proposed. Prints an address to open. Each person gives a
    name and gets different photos: drag a box, type its name, press Enter; after two or three boxes, Enter again for
    the next photo. Arrows move a box, Shift and arrows resize it, S skips the photo, Z undoes, ? shows all keys. The
    page shows immediately which boxes a build would drop.

    Every step is saved immediately in annotations.sqlite in the first folder; stop and start whenever you like.

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
