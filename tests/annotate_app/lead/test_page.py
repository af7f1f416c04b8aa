"""The gallery as a person meets it: ``perception20k browse`` in a real browser."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
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


@pytest.mark.slow
def test_the_playground_distorts_the_box_that_is_dragged(gallery: Page) -> None:
    gallery.get_by_role("tab", name="Playground").click()
    line = gallery.locator(".cm-content")
    expect(line).to_contain_text('distort(image, "blur_motion", 3)')
    photo = gallery.locator("#playground-photo img")
    expect(photo).to_have_js_property("naturalWidth", 320)
    photo.hover()  # once it does not move any more
    place = photo.bounding_box()  # the photo in its middle, 320x240, as large as it is
    assert place is not None
    x, y = place["x"] + place["width"] / 2, place["y"] + place["height"] / 2
    gallery.mouse.move(x, y)
    gallery.mouse.down()
    gallery.mouse.move(x + 500, y + 60)
    gallery.mouse.up()
    expect(line).to_contain_text('distort_region(image, (160, 120, 320, 180), "blur_motion", 3)')
    gallery.get_by_label("family (preset)").click()
    gallery.get_by_role("option", name="kadid-10k").click()
    expect(line).to_contain_text('"gaussian_blur", 3, preset="kadid-10k")')
    expect(gallery.get_by_text("KADID-10k, type 1")).to_be_visible()


@pytest.mark.slow
def test_the_playground_takes_a_photo_of_megabytes(gallery: Page, tmp_path: Path) -> None:
    file = tmp_path / "large.png"  # other pages take 256 KiB
    Image.fromarray(np.random.default_rng(0).integers(0, 256, (400, 600, 3), np.uint8)).save(file)
    gallery.get_by_role("tab", name="Playground").click()
    gallery.get_by_label("Remove Image").click()
    gallery.locator("#playground-photo input[type=file]").set_input_files(file)
    expect(gallery.locator("#playground-photo img")).to_have_js_property("naturalWidth", 600)
    expect(gallery.locator(".cm-content")).to_contain_text("distort(image")
