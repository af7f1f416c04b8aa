"""The door: login, host, body size, foreign origins and headers, for every route.

Plain ASGI around the whole application, so that nothing can be mounted past it.
"""

from __future__ import annotations

import hmac
import ipaddress
import math
from collections.abc import Mapping
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from annotate_app.web.logins import Guesses, credentials
from annotate_app.web.site import Site

MAX_BODY = 256 * 1024
"""Bytes of a request; a full outbox of 100 events takes about 50 000."""

POLICY = (
    "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""No request leaves for another host, and no script runs but the files under static/."""

GRADIO_POLICY = (
    "default-src 'self'; script-src 'self' 'unsafe-inline' 'unsafe-eval'; style-src 'self' 'unsafe-inline'; "
    "img-src 'self' data: blob:; font-src 'self' data:; object-src 'none'; base-uri 'self'; form-action 'self'; "
    "frame-ancestors 'none'"
)
"""The same for a page of Gradio's, which needs inline scripts and styles."""

LEAD = "/lead"
"""Below it are the pages for whoever leads the review."""

_HEADERS = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
}


def is_loopback(host: str) -> bool:
    """Whether a name or address means this computer."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _names_loopback(netloc: str) -> bool:
    try:
        return is_loopback(urlsplit(f"//{netloc}").hostname or "")
    except ValueError:  # no address has such brackets
        return False


def _netloc(origin: str) -> str | None:
    try:
        return urlsplit(origin).netloc
    except ValueError:
        return None


def _is_leads(path: str) -> bool:
    return path == LEAD or path.startswith(f"{LEAD}/")


class Guard:
    """Wraps an application; ``users`` maps names to passwords, empty for no login.

    Behind a login ``request.state.user`` is the name, otherwise None.
    """

    def __init__(
        self,
        app: ASGIApp,
        users: Mapping[str, str],
        policy: str = POLICY,
        site: Site | None = None,
        lead: str | None = None,
        max_body: int = MAX_BODY,
    ) -> None:
        """Guard ``app``; ``policy`` is the content security policy, ``site`` where a proxy serves it.

        ``lead`` is the one user whom the pages below :data:`LEAD` are for; ``max_body`` is the most bytes of a request.
        """
        self._app, self._users, self._site, self._lead = app, dict(users), site, lead
        self._guesses, self._max_body = Guesses(), max_body
        self._headers = {"content-security-policy": policy, **_HEADERS}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, or refuse it."""
        if scope["type"] == "lifespan":
            return await self._app(scope, receive, send)
        if scope["type"] != "http":  # no websocket is served
            return await send({"type": "websocket.close", "code": 1008})
        headers, path = Headers(scope=scope), scope["path"]
        if self._site is not None:
            path = self._site.inside(path)
            scope = {**scope, "path": path, "raw_path": path.encode()}

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                out = MutableHeaders(scope=message)
                out.update(self._headers)
                if _is_leads(path):
                    out["content-security-policy"] = GRADIO_POLICY
                if path.startswith("/static/"):
                    out["cache-control"] = "no-cache"
            await send(message)

        async def refuse(status: int, message: str, more: Mapping[str, str] | None = None) -> None:
            await JSONResponse({"refused": "request", "message": message}, status, more)(scope, receive, send_guarded)

        name, password = credentials(headers.get("authorization", ""))
        guesser = ((scope.get("client") or ("", 0))[0], name if name in self._users else "")
        wait = self._guesses.wait(guesser) if self._users and name else 0.0
        if wait > 0:
            retry = {"retry-after": str(math.ceil(wait))}
            return await refuse(429, f"too many wrong passwords; wait {math.ceil(wait)} s", retry)
        user = self._login(name, password)
        if self._users and name:
            self._guesses.note(guesser, right=user is not None)
        if self._users and user is None:
            challenge = {"www-authenticate": 'Basic realm="Perception20K review", charset="UTF-8"'}
            return await refuse(401, "log in", challenge)
        if not self._users and not _names_loopback(headers.get("host", "")):
            # A site whose name was made to point here would otherwise read and write as if it were this one.
            return await refuse(421, "without a login this is served as localhost alone")
        if self._users and _is_leads(path) and user != self._lead:
            return await refuse(403, "this page is for the lead")
        scope.setdefault("state", {})["user"] = user
        if scope["method"] not in ("GET", "HEAD"):
            origin = headers.get("origin")
            if origin is not None and not self._is_own(origin, headers.get("host")):
                return await refuse(403, "another site may not write here")
            body = await _read(receive, self._max_body)
            if body is None:
                return await refuse(413, f"more than {self._max_body} bytes")
            receive = _replay(body, receive)
        return await self._app(scope, receive, send_guarded)

    def _is_own(self, origin: str, host: str | None) -> bool:
        if self._site is not None and origin == self._site.origin:
            return True
        return _netloc(origin) == host

    def _login(self, name: str, password: str) -> str | None:
        expected = self._users.get(name)
        # Compare in constant time, and also for a name that does not exist.
        right = hmac.compare_digest(password.encode(), (expected or "").encode())
        return name if right and expected is not None else None


async def _read(receive: Receive, most: int) -> bytes | None:
    """The whole body, or None as soon as it is too large; a declared length is not trusted."""
    body = bytearray()
    while True:
        message = await receive()
        body += message.get("body", b"")
        if len(body) > most:
            return None
        if message["type"] == "http.disconnect" or not message.get("more_body", False):
            return bytes(body)


def _replay(body: bytes, receive: Receive) -> Receive:
    given = False

    async def replayed() -> Message:
        nonlocal given
        if given:
            return await receive()
        given = True
        return {"type": "http.request", "body": body, "more_body": False}

    return replayed
