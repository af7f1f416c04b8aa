"""The routes for drawing boxes: sessions, pictures by identifier, events; and the page that uses them.

The page sends and receives identifiers, never paths. What it may do is decided in
:mod:`annotate_app.annotate.service`; here requests are read.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from fastapi import APIRouter, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import JSONResponse
from starlette.types import ASGIApp

from annotate_app.annotate.schemas import Events, Opening, PictureId
from annotate_app.annotate.service import Annotation
from annotate_app.people.fields import Tab, Uuid
from annotate_app.web.application import guarded, name_of, page_routes

SessionId = Annotated[Uuid, PathParameter()]
Shown = Annotated[PictureId, PathParameter()]


def create_app(annotation: Annotation, users: Mapping[str, str] | None = None) -> ASGIApp:
    """The whole application over ``annotation``; ``users`` maps names to passwords, none for no login."""
    return guarded(_routes(annotation), users)


def _routes(annotation: Annotation) -> APIRouter:
    html = Path(__file__).with_suffix(".html").read_text(encoding="utf-8")
    api = page_routes("annotate", html, annotation.overview)

    @api.post("/api/sessions")
    def open_session(request: Request, body: Opening) -> dict[str, Any]:
        return annotation.open(name_of(request, body.reviewer), body.tab)

    @api.post("/api/sessions/{session}/take")
    def take(request: Request, session: SessionId, body: Tab) -> dict[str, Any]:
        return annotation.take(session, body.tab, request.state.user)

    @api.post("/api/sessions/{session}/events")
    def append(request: Request, session: SessionId, body: Events) -> JSONResponse:
        answer = annotation.append(session, body, request.state.user)
        return JSONResponse(answer, 409 if "refused" in answer else 200)

    @api.post("/api/sessions/{session}/lease")
    def keep_lease(request: Request, session: SessionId, body: Tab) -> dict[str, bool]:
        annotation.keep_lease(session, body.tab, body.release, request.state.user)
        return {"held": not body.release}

    @api.get("/api/pictures/{picture}")
    def image(picture: Shown) -> Response:
        opened = annotation.image(picture)
        return Response(opened.data, media_type=opened.media_type, headers={"Cache-Control": "private, max-age=3600"})

    return api
