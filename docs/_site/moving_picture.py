"""Make docs/demo.webp, the moving picture of README: build, review, learning curves.

    python docs/_site/moving_picture.py [--work out/moving-picture]

Nothing in it is drawn by hand, but it is faster than life: a dataset is built in a terminal and judged by keys in a
browser; the curves are docs/learning.png. What was built stays in the folder ``--work``, so that a second picture takes
seconds.
"""

from __future__ import annotations

import argparse
import html
import io
import json
import subprocess
import sys
import time
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from shutil import copytree
from tempfile import TemporaryDirectory

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

from tests.annotate_app.browser import Process, Reader, launch  # noqa: E402

SIZE = {"width": 960, "height": 600}
BUILD = "perception20k build --out dataset"
LEARN = "python -m examples.learn_to_see --photos photos --out out; open out/report/learning.png"

TERMINAL = """<!doctype html><style>
body { margin: 0; padding: 24px 28px; background: #14171c; color: #d8dee9 }
body { font: 16px/1.5 'DejaVu Sans Mono', monospace }
pre { margin: 0; font: inherit; white-space: pre-wrap } b { color: #8fd18b; font-weight: normal }
img { display: block; margin: 16px auto 0; max-width: 100%; max-height: 490px; border-radius: 6px }
</style><pre><b>$</b> TEXT</pre>"""

Frame = tuple[Image.Image, float]
"""A picture, and for how many seconds it stands."""


def main() -> None:
    """Build a dataset, and show it, a review of it, and what a model learned from such data."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=ROOT / "out" / "moving-picture", help="where everything is kept")
    work = parser.parse_args().work.absolute()
    dataset = work / "dataset"
    work.mkdir(parents=True, exist_ok=True)
    if not (dataset / "manifest.json").is_file():
        (work / "build.json").write_text(json.dumps(timed(BUILD.split()[1:], work)))
    with sync_playwright() as playwright:
        browser = launch(playwright)
        try:
            frames = [*build(browser, work), *review(browser, dataset), *learn(browser)]
        finally:
            browser.close()
    pictures, seconds = zip(*frames, strict=True)
    milliseconds = [round(1000 * shown) for shown in seconds]
    target = ROOT / "docs" / "demo.webp"
    pictures[0].save(
        target, save_all=True, append_images=pictures[1:], duration=milliseconds, loop=0, quality=70, method=4
    )
    print(f"{target}: {len(frames)} pictures, {sum(seconds):.1f} s, {target.stat().st_size / 1e6:.2f} MB")


def timed(arguments: list[str], folder: Path) -> list[tuple[float, str]]:
    """Run a command; what it printed, each line with the second in which it came."""
    command = [sys.executable, "-m", "perception20k", *arguments]
    began = time.monotonic()
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        lines = [(time.monotonic() - began, line.rstrip()) for line in process.stdout]
    if process.returncode:
        sys.exit(process.returncode)
    return lines


def build(browser: Browser, work: Path) -> Iterator[Frame]:
    """The build in a terminal, line by line as it came, and the samples."""
    page = browser.new_page(viewport=SIZE)
    for typed in range(3, len(BUILD), 6):
        yield terminal(page, BUILD[:typed]), 0.07
    lines = json.loads((work / "build.json").read_text())
    ends = [at for at, _ in lines[1:]] + [lines[-1][0]]
    for number, ((at, _), end) in enumerate(zip(lines, ends, strict=True), 1):
        if end - at > 0.1:  # the next lines came with this one
            said = "\n".join(line for _, line in lines[:number])
            yield terminal(page, f"{BUILD}\n{said}"), 0.1 + 1.6 * (end - at) / lines[-1][0]
    said = "\n".join(line for _, line in lines)
    yield terminal(page, f"{BUILD}\n{said}"), 0.9
    yield terminal(page, "open dataset/figures/samples-01.png", work / "dataset/figures/samples-01.png"), 1.0
    page.close()


def review(browser: Browser, dataset: Path) -> Iterator[Frame]:
    """Samples judged by keys, in a copy of the dataset."""
    with TemporaryDirectory() as folder:
        served = Process(copytree(dataset, Path(folder) / "dataset"), "--no-training")
        try:
            reader = Reader(browser.new_context(viewport=SIZE), served.url)
            yield shot(reader.page), 0.3
            reader.begin("ann")
            for key in ("ArrowRight", "ArrowRight", "x", "ArrowRight", "ArrowRight", "ArrowRight"):
                yield shot(reader.page), 0.45
                reader.press(key)
            yield shot(reader.page), 0.45
        finally:
            served.kill()


def learn(browser: Browser) -> Iterator[Frame]:
    """What reinforcement taught a small model, beside what it would earn blind."""
    page = browser.new_page(viewport=SIZE)
    yield terminal(page, LEARN, ROOT / "docs" / "learning.png"), 3.0


def terminal(page: Page, text: str, picture: Path | None = None) -> Image.Image:
    """A terminal with a text in it, and a picture below."""
    below = f"<img src='data:image/png;base64,{b64encode(picture.read_bytes()).decode()}'>" if picture else ""
    page.set_content(TERMINAL.replace("TEXT", html.escape(text)) + below)
    return shot(page)


def shot(page: Page) -> Image.Image:
    """What the page shows."""
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


if __name__ == "__main__":
    main()
