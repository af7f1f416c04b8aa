"""Running the review app: open the dataset, guard it, listen until told to stop."""

from __future__ import annotations

import errno
import signal
import socket
from collections.abc import Callable, Mapping
from contextlib import closing, suppress
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from annotate_app.review.dataset import Dataset
from annotate_app.review.protocol import Settings
from annotate_app.review.service import Review
from annotate_app.web.application import LeadPages
from annotate_app.web.guard import LEAD, is_loopback
from annotate_app.web.logins import AUTH_VARIABLE
from annotate_app.web.server import create_app
from annotate_app.web.site import Site
from perception20k.core.errors import UserError
from perception20k.dataset.layout import Layout


def serve(
    root: Path,
    settings: Settings,
    *,
    users: Mapping[str, str] | None = None,
    host: str = "127.0.0.1",
    port: int = 7860,
    public_url: str | None = None,
    lead: Callable[[Review, Site | None], LeadPages] | None = None,
    ready: Callable[[str], None] = print,
) -> None:
    """Serve the review of the dataset at ``root`` until interrupted. ``ready`` is called with the address.

    Args:
        users: names and passwords; without any, only this computer is served.
        public_url: where a proxy serves the app to others.
        lead: makes the pages for the lead.

    Raises:
        UserError: no dataset there, an open address without a login, a public address that is none, or a host or
            port that cannot be listened on.
    """
    users = users or {}
    check_open(host, users, public_url)
    site = None if public_url is None else Site.of(public_url)
    with closing(listen(host, port)) as listener:
        dataset = Dataset(Layout(root))
        with closing(Review(dataset, settings)) as review:
            pages = None if lead is None else lead(review, site)
            app = create_app(review, users, site, pages)
            address = site.url if site else f"http://{host}:{port}/"
            if pages is not None:
                ready(f"The pages for {pages.name}, who leads, are at {address}{LEAD.removeprefix('/')}/")
            who = f"{len(users)} reviewers may log in" if users else "no login"
            ready(
                f"{len(dataset.samples)} samples to review, {len(dataset.removed)} removed beforehand; {who}.\n"
                f"Open {address} in a browser. Ctrl-C stops the server; every decision is kept."
            )
            run(app, listener)


def check_open(host: str, users: Mapping[str, str], public_url: str | None = None) -> None:
    """Refuse to serve others than this computer itself without a login.

    Raises:
        UserError: there is no login, and others could reach the server.
    """
    opened = None if is_loopback(host) else f"--host {host}"
    opened = opened if public_url is None else f"--public-url {public_url}"
    if opened and not users:
        raise UserError(
            f"{opened}: others on the network could work under any name", f"Give --auth FILE or set ${AUTH_VARIABLE}"
        )


def run(app: ASGIApp, listener: socket.socket) -> None:
    """Serve until Ctrl-C, SIGTERM or SIGHUP, then return, so that the log is closed whichever it was."""
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning", ws="none", timeout_graceful_shutdown=2))

    def stop(*_: object) -> None:
        server.should_exit = True

    # uvicorn catches SIGINT and SIGTERM itself while it runs, and raises them again when it is done.
    signals = [signal.SIGTERM, signal.SIGHUP]
    before = {name: signal.getsignal(name) for name in signals}
    for name in signals:
        if before[name] is not signal.SIG_IGN:  # as under nohup
            signal.signal(name, stop)
    try:
        with suppress(KeyboardInterrupt):
            server.run(sockets=[listener])
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, opened before the dataset is read, so that a port in use is reported at once."""
    if not host.strip("."):
        raise UserError(f"--host {host!r}: not an address", "Give 127.0.0.1, or 0.0.0.0 for all addresses")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY on its connections; without it answers wait 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        if isinstance(error, socket.gaierror) or error.errno == errno.EADDRNOTAVAIL:
            advice = "Give 127.0.0.1, the address of one of its networks, or 0.0.0.0 for all"
            raise UserError(f"--host {host}: is not an address of this computer", advice) from None
        raise UserError(f"--port {port}: {error.strerror} on {host}", "Choose another with --port") from None
    return listener
