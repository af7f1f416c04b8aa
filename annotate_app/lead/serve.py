"""Running the gallery: on this computer alone, until told to stop."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing

from annotate_app.lead.gallery import Gallery
from annotate_app.web.serve import listen, run

HOST = "127.0.0.1"


def serve(gallery: Gallery, port: int, *, ready: Callable[[str], None] = print) -> None:
    """Serve the gallery until interrupted. ``ready`` is called with the address.

    Raises:
        UserError: the port is in use.
    """
    with closing(listen(HOST, port)) as listener:
        from annotate_app.lead.page import create_app  # loads Gradio, which takes seconds

        count = len(gallery.dataset.samples)
        ready(f"{count} samples.\nOpen http://{HOST}:{port}/ in a browser. Ctrl-C stops the server.")
        run(create_app(gallery), listener)
