"""What every page's application is made of: its static files, refusals as answers, the guard around it.

Routes read requests and call a service; what the service refuses becomes a 4xx answer here.
"""

from __future__ import annotations

import logging
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from fastapi import APIRouter, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import HTMLResponse, JSONResponse, RedirectResponse
from fastapi.staticfiles import StaticFiles
from pydantic import TypeAdapter, ValidationError
from starlette.types import ASGIApp

from annotate_app.people.fields import NAME_RULE, Name
from annotate_app.people.refusal import Malformed, ProtocolRefusal, Unknown, Unshowable
from annotate_app.web.guard import Guard
from annotate_app.web.site import Site
from perception20k.imaging.images import ImageError


@dataclass(frozen=True)
class LeadPages:
    """Pages for whoever leads, below :data:`annotate_app.web.guard.LEAD`."""

    name: str
    """Who leads; behind a login the one user who may open them."""
    mount: Callable[[FastAPI], object]
    """Adds the pages to the application."""


def page_routes(address: str, html: str, overview: Callable[[], dict[str, Any]], home: str = "") -> APIRouter:
    """The routes that every page has: the page itself, who is logged in, and what there is to do.

    Args:
        address: of the page, without slashes.
        html: the page.
        overview: what its first screen shows.
        home: where ``address`` is, if a proxy serves it: a URL that ends in a slash.
    """
    api = APIRouter()

    @api.get("/")
    def root() -> RedirectResponse:
        return RedirectResponse(f"{home}{address}/")

    @api.get(f"/{address}/")
    def page() -> HTMLResponse:
        return HTMLResponse(html, headers={"Cache-Control": "no-cache"})

    @api.get("/api/who")
    def who(request: Request) -> dict[str, str | None]:
        """The name of whoever is logged in; null where people give their own."""
        return {"reviewer": request.state.user}

    api.get("/api/overview")(overview)
    return api


def guarded(
    routes: APIRouter,
    users: Mapping[str, str] | None = None,
    site: Site | None = None,
    lead: LeadPages | None = None,
) -> ASGIApp:
    """The whole application of a page with these routes.

    Args:
        users: names and passwords; none for no login.
        site: where a proxy serves it.
        lead: pages for the lead.
    """
    app = FastAPI(openapi_url=None)
    app.include_router(routes)
    app.mount("/static", StaticFiles(directory=Path(__file__).parent / "static"))
    app.add_exception_handler(ProtocolRefusal, _refused)
    app.add_exception_handler(sqlite3.OperationalError, _cannot_store)
    for kind in (Unknown, Malformed, RequestValidationError):
        app.add_exception_handler(kind, _wrong)
    for lost in (Unshowable, ImageError, FileNotFoundError):
        app.add_exception_handler(lost, _gone)
    if lead is not None:
        lead.mount(app)
    return Guard(app, users or {}, site=site, lead=None if lead is None else lead.name)


def name_of(request: Request, given: str) -> str:
    """Who this is: behind a login the user, whatever name the page gives."""
    if request.state.user is not None:
        return str(request.state.user)
    try:
        return TypeAdapter(Name).validate_python(given)
    except ValidationError as error:
        raise Malformed(error.errors()[0]["msg"]) from None


def _refused(_: Request, error: Exception) -> JSONResponse:
    assert isinstance(error, ProtocolRefusal)
    return JSONResponse(error.as_json(), 409)


def _cannot_store(_: Request, error: Exception) -> JSONResponse:
    """The log cannot be written: one line for whoever runs the server, and the reason for the page."""
    logging.getLogger("uvicorn.error").error("The decision log cannot be written: %s", error)
    full = getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL
    message = "The server's disk is full" if full else "The server cannot write its decision log"
    return JSONResponse({"refused": "storage", "message": message}, 507)


def _gone(_: Request, error: Exception) -> JSONResponse:
    logging.getLogger("uvicorn.error").error("An image cannot be shown: %s", error)
    return JSONResponse({"refused": "image", "message": "the image is missing or damaged"}, 410)


def _wrong(_: Request, error: Exception) -> JSONResponse:
    """What is malformed, unknown or gone; the answer repeats nothing of the request."""
    if isinstance(error, Malformed | RequestValidationError):
        wrong = error.errors() if isinstance(error, RequestValidationError) else []
        names = any("reviewer" in entry["loc"] for entry in wrong)
        message = NAME_RULE if names else "the request makes no sense here"
        return JSONResponse({"refused": "malformed", "message": message}, 400)
    return JSONResponse({"refused": "unknown", "message": "there is no such thing"}, 404)
