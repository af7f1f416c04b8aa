"""A real Chromium at the review page: a server to look at, and a reader who presses keys."""

from __future__ import annotations

import itertools
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, Playwright

from annotate_app.lead.mount import pages_for
from annotate_app.review.service import Review
from annotate_app.web.server import create_app
from annotate_app.web.site import Site
from tests.waiting import DEADLINE, until

FLAGS = [
    *("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync"),
    *("--disable-background-networking", "--disable-component-update", "--force-color-profile=srgb"),
]


def launch(playwright: Playwright) -> Browser:
    """Start the system's Chromium, headless."""
    path = os.environ.get("CHROMIUM") or shutil.which("chromium") or shutil.which("chromium-browser")
    if path is None:
        raise RuntimeError("the browser tests need Chromium: apt-get install chromium, or set $CHROMIUM to its path")
    return playwright.chromium.launch(executable_path=path, args=FLAGS)


_ports = itertools.count(11_000 + os.getpid() * 61 % 20_000)


def free_port() -> int:
    """A port for a server that is started later, or stopped and started again.

    The system gives none of these to anybody who asks for any port, so that nobody takes it meanwhile. Each process of
    tests counts from a place of its own.
    """
    for port in _ports:
        with socket.socket() as probe, suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise AssertionError


class Served:
    """A review served by a thread of this process, so that its clock and log are at hand."""

    def __init__(
        self,
        review: Review,
        users: dict[str, str] | None = None,
        port: int | None = None,
        public_url: str | None = None,
        lead: str | None = None,
    ) -> None:
        self.review, self.port = review, port or free_port()
        site = None if public_url is None else Site.of(public_url)
        app = create_app(review, users, site, None if lead is None else pages_for(lead, users or {})(review, site))
        config = uvicorn.Config(app, port=self.port, log_level="error", ws="none")
        config.timeout_graceful_shutdown = 1
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        until(lambda: self._server.started or not self._thread.is_alive())
        assert self._server.started, "the server has not started; its port may be taken"

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def rows(self, query: str, *arguments: Any) -> list[Any]:
        with self.review.reading() as log:
            return [tuple(row) for row in log.connection.execute(query, arguments)]

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()


class Process:
    """``perception20k review`` or another command as a user runs it; it can be killed and started again on its port."""

    def __init__(self, dataset: Path, *options: str, command: str = "review") -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        self._command = [sys.executable, "-m", "perception20k", command, str(dataset)]
        self._command += ["--port", str(self.port), *options]
        self.start()

    def start(self) -> None:
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
        before = {name: signal.signal(name, signal.SIG_DFL) for name in (signal.SIGINT, signal.SIGHUP)}
        self._process = subprocess.Popen(self._command, env=environment, stdout=subprocess.DEVNULL)
        for name, handler in before.items():  # it inherits what is ignored: by nohup, or by a shell in the background
            signal.signal(name, handler)
        until(lambda: self._answers() or self._process.poll() is not None)
        assert self._process.poll() is None, "the server has not started"

    @property
    def pid(self) -> int:
        return self._process.pid

    def kill(self) -> None:
        """SIGKILL: no chance to tidy up."""
        self._process.kill()
        self._process.wait()

    def stop(self, number: int) -> int:
        """Send a signal and wait for the end; the exit status."""
        self._process.send_signal(number)
        return self._process.wait(DEADLINE)

    def _answers(self) -> bool:
        try:
            urllib.request.urlopen(self.url + "api/who", timeout=DEADLINE).close()
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            return False
        return True


class Reader:
    """A person at the page."""

    def __init__(self, context: BrowserContext, url: str) -> None:
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        self.page.goto(url)
        self.page.wait_for_selector("#start-facts:not(:empty)")

    def reload(self) -> None:
        """Reload the page and wait for it to be up."""
        self.page.reload()
        self.page.wait_for_selector("#review")

    def close(self) -> None:
        """Close the tab as a person would, so that it can say it is leaving."""
        with self.page.expect_event("close"):
            self.page.close(run_before_unload=True)

    def until(self, true: Callable[[], bool]) -> None:
        """Wait for something to become true while the browser goes on."""
        until(true, lambda: self.page.wait_for_timeout(20))

    def begin(self, name: str) -> None:
        """Give a name and wait for the first image."""
        self.page.fill("#reviewer", name)
        self.page.keyboard.press("Enter")
        self.on_stage()

    def on_stage(self) -> None:
        """Wait until an image can be judged."""
        self.page.wait_for_selector("#review[data-screen=judge] #stage[data-ready=true]")

    def images_near(self) -> None:
        """Wait until the image on the stage and those around it are there, so that an outage stops nobody at once."""
        self.page.wait_for_function(
            "() => [...document.querySelectorAll('#stage img')].every((image) => image.complete && image.naturalWidth)"
        )

    def images_ahead(self) -> None:
        """Wait until 25 images ahead are with the browser, so that an outage stops nobody for as long."""
        self.images_near()
        self.page.wait_for_function(
            "wanted => Number(document.getElementById('stage').dataset.fetched) >= wanted", arg=self.place() + 25
        )

    def lose_events(self) -> None:
        """From now on no event of this tab reaches the server, until it is closed or reloaded. All else goes on."""
        self.page.evaluate(
            """() => {
              const ask = fetch;
              window.fetch = (url, ...more) => (
                String(url).endsWith('/events') ? Promise.reject(new TypeError('lost')) : ask(url, ...more));
            }"""
        )

    def settled(self) -> None:
        """Wait until everything has its place: what a change of size moves is moved with the next frame."""
        self.page.evaluate("() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")

    def press(self, *keys: str) -> None:
        """Press keys as fast as images come, each on an image that is there."""
        for key in keys:
            self.page.keyboard.press(key)
            self.page.wait_for_selector("#stage[data-ready=true], #end.open", state="attached")

    def text(self, element: str) -> str:
        return self.page.inner_text(f"#{element}")

    def place(self) -> int:
        """The number of the image on the stage, from 0."""
        source = self.page.get_attribute("#stage img.shown", "src") or ""
        return int(source.rsplit("/", 1)[1])

    def sent(self) -> None:
        """Wait until the server has everything."""
        self.page.wait_for_function("() => document.getElementById('sending').textContent === 'all sent'")

    def wait(self, element: str, words: str) -> None:
        """Wait until an element holds some words."""
        self.page.wait_for_function(
            "([id, words]) => document.getElementById(id).innerText.includes(words)", arg=[element, words]
        )
