"""Drawing boxes in a real browser: photos a minute, and how long a key or a mouse takes to be on the screen.

    python -m benchmarks.annotate [--photos 200] [--pace 0.25]

A script draws two boxes on each photo by mouse, names them, nudges the second one by arrows and goes on, through
`perception20k annotate` as a user runs it. With ``--pace`` it waits that many seconds before each of its dozen
movements a photo, as a practised person would; without, it says what the page itself costs. The lag is from the
event's own time stamp to the end of the frame in which the change is painted (`requestAnimationFrame`, then a task).
Beside it stands the same measure on an empty page in the same browser, the least any page could have, and the load of
the machine, because waiting for others' processes is in every figure. The browser's processor time does not wait; it is
told for both pages too, and holds all that the browser did meanwhile, the drags and the new photos among it.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

import numpy as np
import psutil
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from annotate_app.annotate.job import LOG_NAME
from annotate_app.annotate.log import read_drawings
from tests.annotate_app.browser import Process, launch

PROBE = """
window.lags = [];
for (const kind of ['keydown', 'pointerdown', 'pointerup']) {
  addEventListener(kind, (event) => requestAnimationFrame(() => {
    const { port1, port2 } = new MessageChannel();
    port1.onmessage = () => window.lags.push([kind, event.key ?? '', performance.now() - event.timeStamp]);
    port2.postMessage(null);
  }), true);
}
"""
"""Every key and every press and release of the mouse, with the milliseconds until it was painted."""

NAMES = ("cup", "dog", "lamp", "chair", "tree", "bird")


def write_photos(folder: Path, count: int, side: int) -> None:
    """Photos of ``side`` x 3/4 ``side`` px: smooth colours, so that they are as large as real ones once decoded."""
    for number in range(count):
        seeds = np.random.default_rng(number).integers(0, 255, (9, 12, 3), np.uint8)
        Image.fromarray(seeds).resize((side, side * 3 // 4), Image.Resampling.BICUBIC).save(
            folder / f"{number:04}.jpg", quality=90
        )


def drag(page: Page, area: dict[str, float], start: tuple[float, float], end: tuple[float, float]) -> None:
    """Drag over the photo between two places given as shares of it."""
    page.mouse.move(area["x"] + start[0] * area["width"], area["y"] + start[1] * area["height"])
    page.mouse.down()
    page.mouse.move(area["x"] + end[0] * area["width"], area["y"] + end[1] * area["height"], steps=5)
    page.mouse.up()


def draw(page: Page, photos: int, pace: float) -> float:
    """Draw on every photo; seconds it took."""
    began = time.perf_counter()
    for number in range(photos):
        page.wait_for_function(f"() => document.getElementById('photo').textContent === '{number:04}.jpg'")
        area = page.locator("#stage img").bounding_box()
        assert area is not None
        for place, (start, end) in enumerate((((0.08, 0.1), (0.42, 0.6)), ((0.55, 0.3), (0.9, 0.85)))):
            time.sleep(2 * pace)
            drag(page, dict(area), start, end)
            page.wait_for_selector("#objects .name input:focus")
            time.sleep(pace)
            page.keyboard.type(NAMES[(number + place) % len(NAMES)], delay=1000 * pace / 4)
            page.keyboard.press("Enter")
            page.wait_for_selector("#stage:focus")
        for key in ("ArrowLeft", "ArrowUp", "Shift+ArrowRight"):
            time.sleep(pace)
            page.keyboard.press(key)
        time.sleep(pace)
        page.keyboard.press("Enter")
    page.wait_for_selector("#annotate[data-screen=end]")
    return time.perf_counter() - began


def report(name: str, lags: list[float]) -> None:
    """Print one line."""
    p50, p95 = np.percentile(lags, [50, 95])
    over = sum(lag > 50 for lag in lags)
    print(f"{name:<28} p50 {p50:5.1f} ms   p95 {p95:5.1f}   max {max(lags):6.1f}   {over} of {len(lags)} over 50 ms")


def browser_seconds() -> float:
    """Processor seconds that the browser's processes have used so far."""
    children = psutil.Process().children(recursive=True)
    times = [process.cpu_times() for process in children if "chrom" in process.name()]
    return sum(each.user + each.system for each in times)


def empty_page(browser: Browser) -> tuple[list[float], float]:
    """The lag of keys on a page that shows each and does nothing else, and the processor seconds for one."""
    page = browser.new_page()
    page.set_content("<p id=key></p>")
    page.evaluate(PROBE)
    page.evaluate("addEventListener('keydown', (event) => { document.getElementById('key').textContent = event.key; })")
    used = browser_seconds()
    for number in range(200):
        page.keyboard.press("abcdef"[number % 6])
        time.sleep(0.05)
    used = browser_seconds() - used
    lags: list[tuple[str, str, float]] = page.evaluate("window.lags")
    page.close()
    return [lag for _, _, lag in lags], used / len(lags)


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--photos", type=int, default=200)
    parser.add_argument("--side", type=int, default=1600, help="pixels of a photo's longer side")
    parser.add_argument("--pace", type=float, default=0.0, help="seconds before each movement")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place)
        write_photos(folder, options.photos, options.side)
        browser = launch(playwright)
        empty, least = empty_page(browser)
        report("an empty page, keys", empty)
        server = Process(folder, command="annotate")
        try:
            context = browser.new_context(viewport={"width": 1366, "height": 768})
            context.add_init_script(PROBE)
            page = context.new_page()
            page.goto(server.url)
            page.wait_for_selector("#start-facts:not(:empty)")
            page.fill("#reviewer", "script")
            page.keyboard.press("Enter")
            used = browser_seconds()
            seconds = draw(page, options.photos, options.pace)
            used = browser_seconds() - used
            page.wait_for_function("() => document.getElementById('sending').textContent === 'all saved'")
            lags = page.evaluate("window.lags")
        finally:
            server.kill()
            browser.close()
        report("keys", [lag for kind, _, lag in lags if kind == "keydown"])
        report("  of these arrows", [lag for kind, key, lag in lags if kind == "keydown" and key.startswith("Arrow")])
        report("  of these Enter", [lag for kind, key, lag in lags if kind == "keydown" and key == "Enter"])
        report("mouse, down and up", [lag for kind, _, lag in lags if kind != "keydown"])
        done = [drawing for drawing in read_drawings(folder / LOG_NAME) if drawing.status == "done"]
        load = psutil.getloadavg()[0]
        each = 1000 * used / len(lags)
        print(
            f"the browser used {each:.1f} ms of processor time a key or press, on the empty page {1000 * least:.1f}; "
            f"the machine's load was {load:.0f}"
        )
        print(f"{len(done)} of {options.photos} photos done, {60 * options.photos / seconds:.1f} photos a minute")


if __name__ == "__main__":
    main()
