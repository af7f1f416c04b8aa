"""The gallery as a person meets it: ``perception20k browse`` in a real browser."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.annotate_app.browser import free_port
from tests.annotate_app.datasets import write_dataset
from tests.waiting import DEADLINE

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def gallery(tmp_path_factory: pytest.TempPathFactory, chromium: Browser) -> Iterator[Page]:
    """The page of a dataset of 60 samples that nobody has reviewed."""
    layout = write_dataset(tmp_path_factory.mktemp("browse") / "dataset")
    port = free_port()
    command = [sys.executable, "-m", "perception20k", "browse", str(layout.root), "--port", str(port)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdout.readline() == "60 samples.\n"
        assert f"Open http://127.0.0.1:{port}/" in server.stdout.readline()
        try:
            page = chromium.new_page(viewport={"width": 1366, "height": 900})
            page.set_default_timeout(DEADLINE * 1000)
            expect.set_options(timeout=DEADLINE * 1000)
            page.goto(f"http://127.0.0.1:{port}/")
            yield page
            page.close()
        finally:
            server.terminate()
    assert not layout.review.exists(), "looking writes nothing"


@pytest.mark.slow
def test_samples_are_shown_filtered_and_opened_beside_their_source(gallery: Page) -> None:
    expect(gallery.get_by_text("60 samples, page 1 of 2; the least visible first")).to_be_visible()
    thumbnails = gallery.locator(".grid-container button.thumbnail-item")
    expect(thumbnails).to_have_count(48)
    gallery.get_by_label("severity").click()
    gallery.get_by_role("option", name="5", exact=True).click()
    expect(gallery.get_by_text("12 samples, page 1 of 1; the least visible first")).to_be_visible()
    expect(thumbnails).to_have_count(12)
    thumbnails.first.click()
    expect(gallery.get_by_text("PSNR, SSIM, colour difference").last).to_be_visible()
    expect(gallery.locator("[data-testid='image'] img, .image-frame img")).to_have_count(2)


@pytest.mark.slow
def test_the_progress_tab_lists_sessions(gallery: Page) -> None:
    gallery.get_by_role("tab", name="Progress").click()
    expect(gallery.get_by_text("given up").or_(gallery.get_by_text("deleted")).first).to_be_visible()
