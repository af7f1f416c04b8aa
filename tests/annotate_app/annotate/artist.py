"""A real Chromium at the drawing page: a server to look at, and a person who draws."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import uvicorn
from playwright.sync_api import BrowserContext, Page

from annotate_app.annotate.service import Annotation
from annotate_app.web.annotate import create_app
from tests.annotate_app.browser import free_port
from tests.waiting import until

AXE = Path(__file__).parents[2] / "data" / "axe" / "axe.min.js"


class ServedAnnotation:
    """The drawing page served by a thread of this process, so that its log is at hand."""

    def __init__(self, annotation: Annotation, port: int | None = None) -> None:
        self.annotation, self.port = annotation, port or free_port()
        self.url = f"http://127.0.0.1:{self.port}/"
        config = uvicorn.Config(create_app(annotation), port=self.port, log_level="error", ws="none")
        config.timeout_graceful_shutdown = 1
        self._server = uvicorn.Server(config)
        self._thread = threading.Thread(target=self._server.run)
        self._thread.start()
        until(lambda: self._server.started)

    def stop(self) -> None:
        self._server.should_exit = True
        self._thread.join()

    def actions(self) -> list[str]:
        """Every action in the log, in order."""
        rows = self.annotation.log.connection.execute("SELECT action FROM events ORDER BY seq").fetchall()
        return [row["action"] for row in rows]

    def standing(self) -> dict[str, tuple[str, list[tuple[str, tuple[int, ...]]]]]:
        """By photo: its status, and its objects' names and boxes."""
        drawings = self.annotation.log.drawings.values()
        return {d.origin: (d.status, [(o.name, tuple(o.box)) for o in d.objects]) for d in drawings}


class Artist:
    """A person at the page."""

    def __init__(self, context: BrowserContext, url: str, name: str = "ann") -> None:
        self.page: Page = context.new_page()
        self.errors: list[str] = []
        self.hosts: set[str] = set()
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("console", lambda said: self.errors.append(said.text) if "Content Security" in said.text else None)
        self.page.on("request", lambda request: self.hosts.add(request.url.split("/")[2]))
        self.page.goto(url)
        self.page.wait_for_selector("#start-facts:not(:empty)")
        self.page.fill("#reviewer", name)

    def begin(self, photo: str = "") -> None:
        """Go from the start page to the first photo."""
        self.press("Enter")
        self.on(photo)

    def on(self, photo: str) -> None:
        """Wait until a photo is in front: this one, or any."""
        self.page.wait_for_selector("#annotate[data-screen=draw] #stage img")
        self.page.wait_for_function(f"() => document.getElementById('photo').textContent.includes({photo!r})")

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def drag(self, x1: float, y1: float, x2: float, y2: float) -> None:
        """Drag over the photo, from one place to another in its pixels."""
        area = self.page.locator("#stage img").bounding_box()
        width = self.page.evaluate("document.querySelector('#stage img').naturalWidth")
        assert area is not None
        scale = area["width"] / width
        self.page.mouse.move(area["x"] + x1 * scale, area["y"] + y1 * scale)
        self.page.mouse.down()
        self.page.mouse.move(area["x"] + x2 * scale, area["y"] + y2 * scale, steps=4)
        self.page.mouse.up()

    def name(self, name: str) -> None:
        """Type the name of the box just drawn."""
        self.page.wait_for_selector("#objects .name input:focus")
        self.page.keyboard.type(name)
        self.press("Enter")
        self.page.wait_for_selector("#stage:focus")

    def draw(self, name: str, box: tuple[float, float, float, float]) -> None:
        self.drag(*box)
        self.name(name)

    def saved(self) -> None:
        """Wait until the server has everything."""
        self.page.wait_for_function("() => document.getElementById('sending').textContent === 'all saved'")

    def text(self, element: str) -> str:
        return self.page.inner_text(f"#{element}")

    def wait(self, element: str, words: str) -> None:
        """Wait until an element holds some words."""
        self.page.wait_for_function(
            "([id, words]) => document.getElementById(id).innerText.includes(words)", arg=[element, words]
        )

    def barriers(self) -> list[Any]:
        """What axe-core has against the screen in front."""
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE.read_text(encoding="utf-8"))
        found: dict[str, Any] = self.page.evaluate("axe.run(document, { resultTypes: ['violations'] })")
        return [(v["id"], [node["html"][:120] for node in v["nodes"]]) for v in found["violations"]]
