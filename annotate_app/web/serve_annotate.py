"""Running the page for drawing boxes: find the photos, open the log, listen until told to stop."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from pathlib import Path

from annotate_app.annotate.job import Job
from annotate_app.annotate.pictures import find_pictures
from annotate_app.annotate.proposals import proposals_of
from annotate_app.annotate.service import Annotation
from annotate_app.web.annotate import create_app
from annotate_app.web.logins import read_auth
from annotate_app.web.serve import check_open, listen, run
from perception20k.core.reporting import Reporter


def serve_annotate(
    job: Job,
    *,
    proposals: Path | None = None,
    auth_file: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 7861,
    ready: Callable[[str], object] = print,
) -> None:
    """Serve the drawing of boxes on the photos of ``job`` until interrupted. ``ready`` is called with the address.

    Raises:
        UserError: no photos, files that cannot be read, an open address without a login, a port in use, or another
            process at work on the same log.
    """
    users = read_auth(auth_file)
    check_open(host, users)
    with closing(listen(host, port)) as listener, job.alone():
        reporter = Reporter(ready)
        pictures, failed = find_pictures(job.sources, job.frames, reporter)
        propose = proposals_of(job, proposals, pictures, reporter)
        with closing(Annotation(job.log, pictures, job.limits, job.max_side, propose)) as annotation:
            app = create_app(annotation, users)
            overview = annotation.overview()
            for name, why in failed:
                ready(f"{name}: {why}")
            ready(
                f"{len(pictures)} photos to draw on: {overview['done']} done, {overview['skipped']} skipped so far. "
                f"The log is {job.log}.\n"
                f"Open http://{host}:{port}/ in a browser. Ctrl-C stops the server; every box is kept."
            )
            run(app, listener)
