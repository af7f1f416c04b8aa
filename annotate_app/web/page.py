"""The judging page: one HTML document that holds every screen; the scripts under ``static/`` do the rest.

It is served as it is, without Gradio: keys, preloading and the outbox are the scripts' own, and loading Gradio
would take longer than everything else that a first page needs.
"""

from __future__ import annotations

import json
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from annotate_app.review.protocol import Settings
from perception20k import __version__


def render_page(settings: Settings) -> str:
    """The page as HTML. All its addresses are relative, so that it also works below a prefix."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined
    )
    config = {"version": __version__, "offer_pause": settings.offer_pause, "verify_own": settings.verify_own}
    return environment.get_template("page.html").render(config=json.dumps(config))
