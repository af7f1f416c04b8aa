"""The lead's pages beside the judging page, in one application."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from fastapi import FastAPI

from annotate_app.lead.gallery import Gallery
from annotate_app.lead.study import Study
from annotate_app.review.service import Review
from annotate_app.web.application import LeadPages
from annotate_app.web.guard import LEAD
from annotate_app.web.site import Site
from perception20k.core.errors import UserError


def pages_for(name: str, users: Mapping[str, str]) -> Callable[[Review, Site | None], LeadPages]:
    """What makes the pages for ``name`` once the review is open.

    Raises:
        UserError: there are logins, and none is that of ``name``.
    """
    if users and name not in users:
        raise UserError(f"--lead {name}: nobody may log in under that name", "Add a line to the file of --auth")

    def make(review: Review, site: Site | None) -> LeadPages:
        def mount(app: FastAPI) -> None:
            from annotate_app.lead.page import add_pages  # loads Gradio, which takes seconds

            address = f"{site.url if site else ''}{LEAD.removeprefix('/')}" if site else None
            add_pages(app, Gallery(review.dataset.layout), LEAD, Study(review, name), root_path=address)

        return LeadPages(name, mount)

    return make
