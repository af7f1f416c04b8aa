"""The routes: sessions, events, images by identifier, training, summary; and the page that uses them.

The page sends and receives identifiers, never paths. What it may do is decided in :mod:`annotate_app.review.service`
and below; here requests are read. The page is served as it is, without Gradio: keys, preloading and the outbox are the
scripts' own (``static/``), and loading Gradio would take longer than everything else that a first page needs.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import JSONResponse
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from PIL import Image
from starlette.types import ASGIApp

from annotate_app.people.fields import Tab, Uuid
from annotate_app.reports.summary import figure_svg, summarise
from annotate_app.review import training_round as training
from annotate_app.review.protocol import Settings
from annotate_app.review.schemas import Events, Opening, Position, TrainingRound
from annotate_app.review.service import Review
from annotate_app.web.application import LeadPages, guarded, name_of, page_routes
from annotate_app.web.site import Site
from perception20k import __version__
from perception20k.imaging.images import Array, decode, encode

_FOREVER = {"Cache-Control": "private, max-age=31536000, immutable"}
"""What an identifier shows never changes."""

SessionId = Annotated[Uuid, PathParameter()]
Place = Annotated[Position, PathParameter()]


def create_app(
    review: Review,
    users: Mapping[str, str] | None = None,
    site: Site | None = None,
    lead: LeadPages | None = None,
) -> ASGIApp:
    """The whole application over ``review``; for the rest see :func:`guarded`."""
    return guarded(_routes(review, site), users, site, lead)


def _routes(review: Review, site: Site | None) -> APIRouter:
    api = page_routes("review", _page(review.settings), review.overview, site.url if site else "")

    @api.get("/api/training")
    def lessons() -> list[dict[str, Any]]:
        return training.as_json()

    @api.get("/api/training/{number}/{which}")
    def lesson_image(number: Place, which: str) -> Response:
        return Response(training.image(number, which), media_type="image/webp", headers=_FOREVER)

    @api.post("/api/training")
    def train(request: Request, body: TrainingRound) -> dict[str, bool]:
        training.check(body.answers)
        review.train(name_of(request, body.reviewer), body.as_rows())
        return {"trained": True}

    @api.post("/api/sessions")
    def open_session(request: Request, body: Opening) -> dict[str, Any]:
        reviewer = name_of(request, body.reviewer)
        return review.open(reviewer, body.tab, body.conditions.model_dump(), body.verifies)

    @api.post("/api/sessions/{session}/events")
    def append(request: Request, session: SessionId, body: Events) -> JSONResponse:
        answer = review.append(session, body, request.state.user)
        return JSONResponse(answer, 409 if "refused" in answer else 200)

    @api.post("/api/sessions/{session}/lease")
    def keep_lease(request: Request, session: SessionId, body: Tab) -> dict[str, bool]:
        review.keep_lease(session, body.tab, body.release, request.state.user)
        return {"held": not body.release}

    @api.get("/api/sessions/{session}/images/{position}")
    def image(request: Request, session: SessionId, position: Place) -> Response:
        # Read at once: sent in pieces, each by way of a thread, a file takes ten times as long.
        data = review.image(session, position, request.state.user)
        item = review.item(session, position, request.state.user)
        if item.role == "undistorted":
            data, suffix = encode(decode(data))  # in the samples' own format
        else:
            suffix = review.dataset.image(item.sample_id).suffix
        return Response(data, media_type=f"image/{suffix.removeprefix('.')}", headers=_FOREVER)

    @api.get("/api/sessions/{session}/references/{position}")
    def reference(request: Request, session: SessionId, position: Place) -> Response:
        return _plain(review.dataset.reference(review.item(session, position, request.state.user).sample_id))

    @api.get("/api/sessions/{session}/summary")
    def summary(session: SessionId) -> dict[str, Any]:
        return summarise(review, session)

    @api.get("/api/sessions/{session}/figures/{name}.svg")
    def figure(session: SessionId, name: str) -> Response:
        return Response(figure_svg(review, session, name), media_type="image/svg+xml")

    return api


def _page(settings: Settings) -> str:
    """The page as HTML, every screen of it. All its addresses are relative, so that it also works below a prefix."""
    templates = Environment(loader=FileSystemLoader(Path(__file__).parent), autoescape=True, undefined=StrictUndefined)
    config = {"version": __version__, "offer_pause": settings.offer_pause, "verify_own": settings.verify_own}
    return templates.get_template("page.html").render(config=json.dumps(config))


def _plain(pixels: Array) -> Response:
    """Uncompressed: made in 2 ms where the fastest lossless format takes 50, while somebody is judging."""
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "BMP")
    return Response(buffer.getvalue(), media_type="image/bmp", headers=_FOREVER)
