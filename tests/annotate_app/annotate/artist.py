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
        until(lambda: self._server.started or not self._thread.is_alive())
        assert self._server.started, "the server has not started; its port may be taken"

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

    def fetched(self, photos: int) -> None:
        """Wait until this many photos are with the browser."""
        self.page.wait_for_function(
            """count => performance.getEntriesByType('resource')
              .filter(({ name }) => name.includes('/pictures/')).length >= count""",
            arg=photos,
        )

    def press(self, *keys: str) -> None:
        for key in keys:
            self.page.keyboard.press(key)

    def nudge(self, *keys: str) -> None:
        """Press arrow keys, some with Shift, so soon after each other that they are one step."""
        self.page.evaluate(
            """keys => keys.forEach((key) => document.getElementById('stage').dispatchEvent(new KeyboardEvent(
              'keydown', { key: key.replace('Shift+', ''), shiftKey: key.startsWith('Shift+'), bubbles: true })))""",
            keys,
        )

    def move(self, x: float, y: float, steps: int = 1) -> None:
        """Move the mouse to a place on the photo, in its pixels."""
        area = self.page.locator("#stage img").bounding_box()
        width = self.page.evaluate("document.querySelector('#stage img').naturalWidth")
        assert area is not None
        scale = area["width"] / width
        self.page.mouse.move(area["x"] + x * scale, area["y"] + y * scale, steps=steps)

    def click(self, x: float, y: float) -> None:
        self.move(x, y)
        self.page.mouse.down()
        self.page.mouse.up()

    def drag(self, x1: float, y1: float, x2: float, y2: float, release: bool = True) -> None:
        """Drag over the photo, from one place to another in its pixels."""
        # What a change of size moves is moved with the next frame.
        self.page.evaluate("() => new Promise((go) => requestAnimationFrame(() => requestAnimationFrame(go)))")
        self.move(x1, y1)
        self.page.mouse.down()
        self.move(x2, y2, steps=4)
        if release:
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
