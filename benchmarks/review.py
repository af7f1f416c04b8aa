"""How fast and how safe a key press in the review app is, and what the server costs at 200 and at 20,000 samples.

In a real Chromium, on 1280x853 images, over 300 keys each: milliseconds from the key to the next image painted
(p50, p95) and presses lost, also at 10 presses a second, beside a page that does nothing but swap images. Both pages
show the same files, four images preloaded ahead. Then, for each size, a server whose log has a decision on
nearly every sample: start-up, deletions, start page, images while others open the start page, and memory.

    python benchmarks/review.py [--keys 300] [--sizes 200 20000]
"""

from __future__ import annotations

import argparse
import http.server
import random
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

sys.path.insert(0, str(Path(__file__).parents[1]))

from benchmarks.review_server import measure_size
from distortions import distort_region
from perception20k.core.files import sha256, write_bytes
from perception20k.dataset.decisions import connect_to_read
from perception20k.dataset.layout import Layout
from perception20k.dataset.records import Sample, read_samples, read_sources
from perception20k.imaging import images
from tests.annotate_app.browser import Process, launch
from tests.annotate_app.datasets import write_dataset, write_tables

SIZE = (1280, 853)
SAMPLES = Path(__file__).parents[1] / "perception20k" / "sample"

PROBE = """(() => {
  window.latencies = []; window.presses = 0;
  const visible = (image) => image.naturalWidth > 1000 && getComputedStyle(image).visibility === 'visible';
  const shown = () => [...document.images].find(visible);
  let pressed = null, before = null;
  addEventListener('keydown', (event) => {
    window.presses += 1; pressed = event.timeStamp; before = shown()?.src;
  }, { capture: true });
  const channel = new MessageChannel();
  channel.port1.onmessage = (event) => window.latencies.push(performance.now() - event.data);
  const look = () => {
    if (pressed !== null && shown() && shown().src !== before && shown().complete) {
      channel.port2.postMessage(pressed);  // answered once this frame is done
      pressed = null;
    }
    requestAnimationFrame(look);
  };
  requestAnimationFrame(look);
})()"""
"""Runs before any script of the page, so that it sees a key first."""

STATIC = """<!doctype html>
<style>body { margin: 0; background: #707070 } img { position: absolute; visibility: hidden }</style><script>
const images = [], load = (k) => {
  if (k >= NUMBER) return;
  const image = images[k] = new Image(); image.decoding = 'sync'; image.src = 'SOURCE'.replace('%', k);
  image.decode(); document.body.append(image);
};
addEventListener('DOMContentLoaded', () => {
  let now = 0; for (let k = 0; k < 5; k += 1) load(k);
  images[0].style.visibility = 'visible';
  addEventListener('keydown', () => {
    images[now].style.visibility = 'hidden'; images[now - 2]?.remove(); now += 1;
    images[now].style.visibility = 'visible'; load(now + 4);
  });
});
</script><body></body>"""


def write_large(root: Path, rows: int) -> Layout:
    """A dataset of ``rows`` samples of 1280x853 px over thirty distinct images."""
    photos = sorted(p for p in SAMPLES.iterdir() if p.suffix in (".jpg", ".png"))
    layout = write_dataset(root, 30, rows_each=-(-rows // 30))
    samples, sources = read_samples(layout.recipe), read_sources(layout.sources)
    made: dict[str, Sample] = {}
    source = sources[0]
    for number, file in enumerate(sorted({sample.file for sample in samples})):
        pixels = images.decode(photos[number % len(photos)].read_bytes())
        pixels = np.asarray(Image.fromarray(pixels).resize(SIZE, Image.Resampling.LANCZOS))
        data, suffix = images.encode(pixels)
        source = replace(sources[0], image_id=f"{number:016x}", file=f"images/source/{number}{suffix}")
        source = replace(source, width=SIZE[0], height=SIZE[1], file_sha256=sha256(data))
        write_bytes(root / source.file, data)
        box = (300, 200, 800, 600)
        data, _ = images.encode(distort_region(pixels, box, "blur_gaussian", 1 + number % 5, seed=number))
        write_bytes(root / file, data)
        template = next(sample for sample in samples if sample.file == file)
        made[file] = replace(template, image_id=source.image_id, box=box, width=SIZE[0], height=SIZE[1])
        made[file] = replace(made[file], file_sha256=sha256(data))
        sources.append(source)
    rows_made = [replace(made[s.file], sample_id=s.sample_id) for s in samples]
    write_tables(layout, rows_made, sources)
    return layout


def press(page: Page, keys: int, gap: float, *, wait: bool) -> list[float]:
    """Press a key so many times and return the latencies in ms. With ``wait`` the last one is waited for first."""
    page.evaluate("() => { window.latencies = []; window.presses = 0 }")
    due = time.perf_counter()
    draw = random.Random(0)
    for number in range(keys):
        page.keyboard.press("x" if number % 9 == 4 else "ArrowRight")
        if wait:
            page.wait_for_function("n => window.latencies.length > n", arg=number, polling=10)
            time.sleep(gap * draw.uniform(0.5, 1.5))
        else:
            due += gap
            time.sleep(max(0.0, due - time.perf_counter()))
    page.wait_for_timeout(500)
    return list(page.evaluate("window.latencies"))


def report(name: str, latencies: list[float], keys: int, baseline: list[float] | None = None) -> None:
    """Print one line."""
    p50, p95 = np.percentile(latencies, [50, 95])
    times = ""
    if baseline:
        base50, base95 = np.percentile(baseline, [50, 95])
        times = f"   {p50 / base50:.2f}x and {p95 / base95:.2f}x the static page"
    print(f"{name:<34} p50 {p50:6.1f} ms   p95 {p95:6.1f} ms   lost {keys - len(latencies)}{times}", flush=True)


@contextmanager
def static_page(layout: Layout, keys: int) -> Iterator[str]:
    """The address of a page over the same files that only swaps preloaded images."""
    files = [sample.file for sample in read_samples(layout.recipe)][: keys + 1]
    for number, file in enumerate(files):
        (layout.root / f"{number}.webp").symlink_to(layout.root / file)
    page = STATIC.replace("NUMBER", str(len(files))).replace("SOURCE", "%.webp")
    (layout.root / "static.html").write_text(page)

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_: object) -> None:
            pass

    handler = partial(Quiet, directory=str(layout.root))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}/static.html"
        server.shutdown()


def new_context(browser: Browser) -> BrowserContext:
    """A browser window with the probe in every page."""
    context = browser.new_context(viewport={"width": 1400, "height": 1000})
    context.add_init_script(PROBE)
    return context


def open_session(context: BrowserContext, url: str, name: str) -> Page:
    """A page of the app with its first image on the stage."""
    page = context.new_page()
    page.goto(url)
    page.wait_for_selector("#start-facts:not(:empty)")
    page.fill("#reviewer", name)
    page.keyboard.press("Enter")
    page.wait_for_selector("#review[data-screen=judge] #stage[data-ready=true]")
    page.wait_for_timeout(2000)
    return page


def measure_keys(layout: Layout, keys: int) -> None:
    """Latency of the app and of the static page, and presses lost at 10 a second."""
    with sync_playwright() as playwright:
        browser = launch(playwright)
        server = Process(layout.root, "--no-training", "--team", "1", "--batch", str(keys + 10))
        try:
            with static_page(layout, keys) as url:
                page = new_context(browser).new_page()
                page.goto(url)
                page.wait_for_timeout(2000)
                base = press(page, keys, 0.25, wait=True)
                report("static page", base, keys)
                page.reload()
                page.wait_for_timeout(2000)
                hasty_base = press(page, keys, 0.1, wait=False)
                report("static page, 10 presses a second", hasty_base, keys)
                page.close()
            context = new_context(browser)
            page = open_session(context, server.url, "calm")
            report("review app", press(page, keys, 0.25, wait=True), keys, base)
            page.close()
            page = open_session(context, server.url, "hasty")
            hasty = press(page, keys, 0.1, wait=False)
            page.wait_for_function("() => document.getElementById('sending').textContent === 'all sent'")
            ignored = page.evaluate("window.presses")
            report("review app, 10 presses a second", hasty, keys, hasty_base)
        finally:
            server.kill()
            browser.close()
    log = connect_to_read(layout.decisions)
    stored = dict(
        log.execute(
            "SELECT reviewer, count(DISTINCT event_id) FROM events JOIN sessions USING (session_id) "
            "WHERE action IN ('accept', 'delete') GROUP BY reviewer"
        ).fetchall()
    )
    log.close()
    print(f"decisions stored of {keys} presses:       calm {stored['calm']}, hasty {stored['hasty']} (seen {ignored})")


def main() -> None:
    """Run both measurements."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--keys", type=int, default=300, help="0 leaves the browser out")
    parser.add_argument("--sizes", type=int, nargs="*", default=[200, 20_000])
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        if options.keys:
            layout = write_large(Path(folder) / "keys", 3 * options.keys)
            measure_keys(layout, options.keys)
        for samples in options.sizes:
            measure_size(write_large(Path(folder) / str(samples), samples), samples)


if __name__ == "__main__":
    main()
