"""Make docs/demo.webp, the moving picture of README: build, review, curves.

    python docs/_site/moving_picture.py [--work out/moving-picture]

Nothing in it is drawn by hand, but it is faster than life: a dataset is built in a terminal and judged by keys in a
browser, and a model of 3.3 million random weights is trained on crops of the same photos (some minutes of a core).
What was built and trained stays in the folder ``--work``, so that a second picture takes seconds.
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

from examples.learn_to_see import data, model, world  # noqa: E402
from tests.annotate_app.browser import Process, Reader, launch  # noqa: E402
from trainer.training import curves, run_log  # noqa: E402

SIZE = {"width": 960, "height": 600}
TRAINING = {
    **{"max_steps": 90, "epochs": 20, "prompts_per_step": 16, "per_device": 16, "learning_rate": 2e-3},
    **{"save_every": 15, "evaluate_every": 15, "evaluate_on": 48, "gradient_checkpointing": "false"},
}
BUILD = "perception20k build --out dataset"
CURVES = "perception20k curves run"

TERMINAL = """<!doctype html><style>
body { margin: 0; padding: 24px 28px; background: #14171c; color: #d8dee9 }
body { font: 16px/1.5 'DejaVu Sans Mono', monospace }
pre { margin: 0; font: inherit; white-space: pre-wrap } b { color: #8fd18b; font-weight: normal }
img { display: block; margin: 16px auto 0; max-width: 100%; max-height: 490px; border-radius: 6px }
</style><pre><b>$</b> TEXT</pre>"""

Frame = tuple[Image.Image, float]
"""A picture, and for how many seconds it stands."""


def main() -> None:
    """Build, train, and show both with a review between them."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--work", type=Path, default=ROOT / "out" / "moving-picture", help="where everything is kept")
    work = parser.parse_args().work.absolute()
    dataset, run = work / "dataset", work / "run"
    work.mkdir(parents=True, exist_ok=True)
    if not (dataset / "manifest.json").is_file():
        (work / "build.json").write_text(json.dumps(timed(BUILD.split()[1:], work)))
    if not (run / "model").is_dir():
        train(work, run)
    with sync_playwright() as playwright:
        browser = launch(playwright)
        try:
            frames = [*build(browser, work), *review(browser, dataset), *grow(browser, run)]
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


def train(work: Path, run: Path) -> None:
    """A supervised run on crops of the sample photos."""
    sample, start = ROOT / "perception20k" / "sample", work / "random-weights"
    photos = world.load(sorted(path for path in sample.iterdir() if path.suffix in {".jpg", ".png"}))
    shards = data.shards(photos, work / "crops", 120)
    model.build(start)
    changes = [word for key, value in TRAINING.items() for word in ("--set", f"{key}={value}")]
    timed(["train", "sft", "--data", str(shards), "--model", str(start), "-o", str(run), *changes], work)


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


def grow(browser: Browser, run: Path) -> Iterator[Frame]:
    """A curve of the run's own log, as it grew."""
    page, lines = browser.new_page(viewport=SIZE), run_log.path_in(run).read_text().splitlines(keepends=True)
    for part in range(1, 11):
        with TemporaryDirectory() as folder:
            run_log.path_in(Path(folder)).write_text("".join(lines[: len(lines) * part // 10]))
            curves.draw(Path(folder))
            yield terminal(page, CURVES, Path(folder) / "curves" / "tokens.png"), 0.15 if part < 10 else 1.2


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
