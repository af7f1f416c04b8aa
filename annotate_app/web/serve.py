"""Running the review app: open the dataset, guard it, listen until told to stop."""

from __future__ import annotations

import signal
import socket
from collections.abc import Callable
from contextlib import closing, suppress
from pathlib import Path

import uvicorn
from starlette.types import ASGIApp

from annotate_app.review.dataset import Dataset
from annotate_app.review.protocol import Settings
from annotate_app.review.service import Review
from annotate_app.web.guard import AUTH_VARIABLE, is_loopback, read_auth
from annotate_app.web.server import create_app
from perception20k.core.errors import UserError
from perception20k.dataset.layout import Layout


def serve(
    root: Path,
    settings: Settings,
    *,
    auth_file: Path | None = None,
    host: str = "127.0.0.1",
    port: int = 7860,
    ready: Callable[[str], None] = print,
) -> None:
    """Serve the review of the dataset at ``root`` until interrupted. ``ready`` is called with the address.

    Raises:
        UserError: no dataset there, a login file that cannot be read, an open address without a login, or a
            port in use.
    """
    users = users_for(auth_file, host)
    with closing(listen(host, port)) as listener:
        dataset = Dataset(Layout(root))
        with closing(Review(dataset, settings)) as review:
            app = create_app(review, users)
            who = f"{len(users)} reviewers may log in" if users else "no login"
            ready(
                f"{len(dataset.samples)} samples to review, {len(dataset.removed)} removed beforehand; {who}.\n"
                f"Open http://{host}:{port}/ in a browser. Ctrl-C stops the server; every decision is kept."
            )
            run(app, listener)


def users_for(auth_file: Path | None, host: str) -> dict[str, str]:
    """Who may log in; nobody has to on this computer itself.

    Raises:
        UserError: a login file that cannot be read, or an open address without a login.
    """
    users = read_auth(auth_file)
    if not users and not is_loopback(host):
        raise UserError(
            f"--host {host}: others on the network could work under any name",
            f"Give --auth FILE or set ${AUTH_VARIABLE}",
        )
    return users


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
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # With the protocol named, asyncio sets TCP_NODELAY on its connections; without it answers wait 40 ms.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except OSError as error:
        listener.close()
        raise UserError(f"--port {port}: {error.strerror} on {host}", "Choose another with --port") from None
    return listener
